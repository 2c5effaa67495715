import { LIMIT_SUBJECTS, type AnyAction, type LimitPolicy, type LimitSubject } from "../kernel/action.ts";
import { invitationOf, type Attempt, type Entrance, type Principal } from "../kernel/attempt.ts";
import { checkRule } from "../kernel/limit/rule.ts";
import { LIMIT_KINDS, type LimitCheck, type LimitRule } from "../kernel/ports/counters.ts";
import { addressKey } from "./address.ts";

/** A limit of so many attempts per window. */
export interface WindowSetting {
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
}

/** A policy ready to be checked. */
export interface CompiledPolicy {
  readonly name: string;
  /** The name under which it is counted. */
  readonly keyed: string;
  readonly by: readonly LimitSubject[];
  readonly rule: LimitRule;
  /** For callers who are not signed in. */
  readonly anonymousRule: LimitRule;
  /** Units an attempt takes. */
  readonly cost: number;
  /** Whether the unit is given back when the attempt succeeds. */
  readonly refunded: boolean;
  /** Whether it counts attempts with an invitation, those without, or all. */
  readonly counts: LimitPolicy["counts"];
}

/** Compiles policies once, so that nothing about them is worked out during an attempt. */
export function compilePolicies(policies: readonly LimitPolicy[]): readonly CompiledPolicy[] {
  return Object.freeze(
    policies.map((policy) =>
      Object.freeze({
        name: policy.name,
        keyed: policy.name,
        by: Object.freeze([...policy.by]),
        rule: Object.freeze({ ...policy.rule }),
        anonymousRule: Object.freeze(anonymousRule(policy)),
        cost: policy.cost ?? 1,
        refunded: policy.refund === "success",
        counts: policy.counts,
      }),
    ),
  );
}

/** The share of its limits that an emergency leaves. */
const TIGHT = 4;

/** The same policies with a quarter of their limits, counted apart: what was used before is not held against anybody. */
export function tightPolicies(policies: readonly CompiledPolicy[]): readonly CompiledPolicy[] {
  return policies.map((policy) => ({
    ...policy,
    keyed: `${policy.name} tight`,
    rule: tightRule(policy.rule),
    anonymousRule: tightRule(policy.anonymousRule),
  }));
}

/** A rule with a quarter of its limit, and at least one where it admits any. */
export function tightRule<Rule extends LimitRule>(rule: Rule): Rule {
  const limit = Math.ceil(rule.limit / TIGHT);
  return rule.kind === "bucket"
    ? { ...rule, limit, burst: Math.max(1, Math.floor(rule.burst / TIGHT)) }
    : { ...rule, limit };
}

function anonymousRule({ rule, anonymousLimit }: LimitPolicy): LimitRule {
  if (anonymousLimit === undefined) return { ...rule };
  if (rule.kind !== "bucket") return { ...rule, limit: anonymousLimit };
  return { ...rule, limit: anonymousLimit, burst: Math.max(1, Math.min(rule.burst, anonymousLimit)) };
}

/** What a policy is checked for. */
export interface PolicySubject {
  readonly attempt: Attempt;
  readonly principal: Principal;
  readonly action: AnyAction;
}

/** The check of a policy for one attempt. Who is counted leaves this process as a fingerprint only. */
export function policyCheck(
  policy: CompiledPolicy,
  subject: PolicySubject,
  fingerprint: (...parts: readonly string[]) => string,
): LimitCheck {
  const parts = [policy.keyed];
  for (const by of policy.by) parts.push(...subjectParts(by, subject));
  return {
    policy: policy.name,
    key: fingerprint(...parts),
    rule: subject.principal.type === "anonymous" ? policy.anonymousRule : policy.rule,
    cost: policy.cost,
  };
}

/**
 * Who a subject is. Whatever a caller could make up at will - a session without a sign-in, a client that has not
 * proved itself - is replaced by the address: otherwise each new one would come with a fresh limit.
 */
function subjectParts(by: LimitSubject, { attempt, principal, action }: PolicySubject): string[] {
  const address = ["ip", addressKey(attempt.peer.ip)];
  const { type, id, tenant, session, onBehalfOf } = principal;
  const signedIn = type !== "anonymous";
  switch (by) {
    case "principal":
      return signedIn ? ["principal", tenant, type, id] : address;
    case "user":
      return signedIn ? ["user", tenant, ...(onBehalfOf === undefined ? [type, id] : ["user", onBehalfOf])] : address;
    case "session":
    case "token":
      return signedIn && session !== undefined ? ["session", session] : address;
    case "client":
      return type === "client" ? ["client", tenant, id] : address;
    case "claimed-client":
      return ["claimed-client", attempt.tenant, attempt.claimedClient ?? "-"];
    case "ip":
      return address;
    case "tenant":
      return ["tenant", attempt.tenant];
    case "connection":
      return attempt.peer.connection === undefined ? address : ["connection", attempt.peer.connection];
    case "invitation": {
      const invitation = invitationOf(attempt, principal);
      return invitation === undefined ? address : ["invitation", attempt.tenant, invitation];
    }
    case "action":
      return ["action", action.name];
  }
}

/** Whether a policy counts an attempt. */
export function countsAttempt({ counts }: CompiledPolicy, { known }: Attempt): boolean {
  return counts === undefined || (counts === "invited") === (known?.by === "invitation");
}

/** The policies of an action: its own, or the default. Jobs are the system's own work and have none by default. */
export function policiesOf(action: AnyAction, entrance: Entrance, defaults: WindowSetting): readonly LimitPolicy[] {
  if (action.limits !== undefined) return action.limits;
  if (entrance === "job") return [];
  return [{ name: DEFAULT_POLICY, by: ["principal", "action"], rule: { kind: "window", ...defaults } }];
}

/** The policy of actions that declare none. */
const DEFAULT_POLICY = "default";
/** The policy that counts failed attempts. */
export const FAILURES_POLICY = "failures";

const NAME = /^[\x20-\x7e]{1,64}$/;

/** Reasons not to start with the limits of an action. */
export function policyFaults(action: AnyAction): string[] {
  const where = `The action ${action.name}`;
  const limits = action.limits ?? [];
  if (action.limits?.length === 0 && action.effects !== "none") {
    return [`${where} changes something and has an empty list of limits; leave \`limits\` out for the default.`];
  }
  const faults: string[] = [];
  const names = new Set<string>([DEFAULT_POLICY, FAILURES_POLICY]);
  for (const { name, by, rule, anonymousLimit, refund, counts, cost } of limits) {
    const which = `${where}, limit "${name}":`;
    if (!NAME.test(name)) faults.push(`${which} the name must be 1 to 64 printable ASCII characters.`);
    if (names.has(name)) faults.push(`${which} another limit has this name; rename one of them.`);
    names.add(name);
    faults.push(...[...subjectFaults(by), ...ruleFaults(rule)].map((fault) => `${which} ${fault}.`));
    if (refund !== undefined && refund !== "success") {
      faults.push(`${which} unknown refund "${String(refund)}"; choose "success" or leave it out.`);
    }
    if (counts !== undefined && counts !== "invited" && counts !== "uninvited") {
      faults.push(`${which} unknown counts "${String(counts)}"; choose "invited", "uninvited" or leave it out.`);
    }
    if (cost !== undefined && !(Number.isSafeInteger(cost) && cost >= 1 && cost <= mostUnits(rule))) {
      faults.push(`${which} cost must be a whole number from 1 to what the limit admits at once.`);
    }
    if (anonymousLimit !== undefined && !(Number.isSafeInteger(anonymousLimit) && anonymousLimit >= 0)) {
      faults.push(`${which} anonymousLimit must be a whole number, 0 or more.`);
    }
  }
  return faults;
}

/** Units that a limit admits at once; faults of the rule itself are told elsewhere. */
function mostUnits(rule: LimitRule | undefined): number {
  return (rule?.kind === "bucket" ? rule.burst : rule?.limit) ?? Number.MAX_SAFE_INTEGER;
}

function subjectFaults(by: readonly LimitSubject[]): string[] {
  // Without a compiler in between, anything may stand here.
  const given: unknown = by;
  if (!Array.isArray(given)) return [`\`by\` must be a list of ${LIMIT_SUBJECTS.join(", ")}`];
  if (by.length === 0) return ['`by` names nobody; say who is counted, such as ["principal"]'];
  if (by.includes("claimed-client") && !by.includes("ip")) {
    return ['`by` counts a claimed client without its address; add "ip", or anybody can use up its limit'];
  }
  return by
    .filter((subject) => !LIMIT_SUBJECTS.includes(subject))
    .map((subject) => `\`by\` names an unknown subject "${String(subject)}"; choose of ${LIMIT_SUBJECTS.join(", ")}`);
}

function ruleFaults(rule: LimitRule | undefined): readonly string[] {
  if (rule === undefined || !LIMIT_KINDS.includes(rule.kind)) {
    return [`unknown rule.kind "${String(rule?.kind)}"; choose one of ${LIMIT_KINDS.join(", ")}`];
  }
  // Counters can close a limit with 0; an action nobody may attempt is a mistake.
  const never = rule.limit === 0 ? ["limit must be 1 or more, or nobody could ever attempt the action"] : [];
  return [...checkRule(rule), ...never];
}

/**
 * Reasons not to start because of names used for different limits. Actions may share a limit, and then count together;
 * it has to be the same one. `declared` collects what earlier actions have declared.
 */
export function ambiguousPolicies(action: AnyAction, declared: Map<string, string>): string[] {
  const faults: string[] = [];
  for (const policy of action.limits ?? []) {
    const { name, by, rule, anonymousLimit, refund, counts } = policy;
    const definition = JSON.stringify([by, rule, anonymousLimit, refund, counts]);
    const earlier = declared.get(name);
    declared.set(name, earlier ?? definition);
    if (earlier === undefined || earlier === definition) continue;
    faults.push(`The action ${action.name}, limit "${name}": another action has a different limit of this name.`);
  }
  return faults;
}
