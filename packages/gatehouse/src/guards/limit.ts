import type { AnyAction, LimitPolicy } from "../kernel/action.ts";
import type { Clock } from "../kernel/clock.ts";
import { events } from "../kernel/events.ts";
import type { Guard, GuardStep, Passage } from "../kernel/guard.ts";
import { rememberedFingerprint, type KeyRing } from "../kernel/key-ring.ts";
import { deny, type Denial, type Outcome } from "../kernel/outcome.ts";
import type { Counters, Decision, LimitState, Reservation } from "../kernel/ports/counters.ts";
import type { EmergencyMode } from "../kernel/ports/emergency.ts";
import { problems } from "../kernel/problems.ts";
import { createAddressRanges, type AddressRanges } from "./address.ts";
import { retryAfterSeconds } from "./limit-headers.ts";
import { RefusalMemo } from "./limit-memo.ts";
import {
  ambiguousPolicies,
  compilePolicies,
  countsAttempt,
  tightPolicies,
  FAILURES_POLICY,
  policiesOf,
  policyCheck,
  policyFaults,
  type CompiledPolicy,
  type WindowSetting,
} from "./limit-policies.ts";

/** What rate limiting is built from. */
export interface LimitOptions {
  readonly counters: Counters;
  /** Makes the keys: fingerprints that tell nobody who was counted. */
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** The limit per principal and action where an action declares none. Default 60 in 60,000 ms. */
  readonly defaults?: WindowSetting;
  /** Ranges whose callers are not limited. */
  readonly trustedCidrs?: readonly string[];
  /** While the measure `tight-limits` is in force, limits admit a quarter. */
  readonly emergency?: EmergencyMode;
  /**
   * A further limit on failed attempts per principal, over all actions. A unit is taken before the attempt and given
   * back when it succeeds, so that attempts made at once cannot outrun it. Default: none.
   */
  readonly failures?: WindowSetting;
}

const DEFAULTS: WindowSetting = { limit: 60, window: 60_000 };
/** What callers are told when too much runs at once: nobody knows when a slot comes free. */
const SLOT_RETRY = 1000;
/** Subjects whose key is kept at hand. */
const REMEMBERED = 8192;

/**
 * Limits attempts: all policies of an action are checked together, and consumed together or not at all. Denies with
 * `RATE_LIMIT_EXCEEDED` or, when only slots are missing, `TOO_MANY_CONCURRENT` (both 429). Slots are given back when
 * the attempt ends; units of policies with `refund: "success"` when it succeeds, or fails through no fault of the
 * caller (5xx).
 */
export function limitGuard(options: LimitOptions): Guard {
  const trusted = createAddressRanges(options.trustedCidrs ?? []);
  const defaults = options.defaults ?? DEFAULTS;
  const declared = new Map<string, string>();
  const fingerprint = rememberedFingerprint(options.keyRing, "limit", REMEMBERED);
  return {
    name: "limit",
    phase: "limit",
    modes: ["enforce", "shadow", "off"],
    check: (action) => [...policyFaults(action), ...ambiguousPolicies(action, declared)],
    compile(action, entrance) {
      const policies = [...policiesOf(action, entrance, defaults), ...failurePolicy(options.failures)];
      if (policies.length === 0) return undefined;
      return new LimitStep({ ...options, trusted, action, fingerprint }, compilePolicies(policies));
    },
  };
}

function failurePolicy(setting: WindowSetting | undefined): LimitPolicy[] {
  if (setting === undefined) return [];
  return [{ name: FAILURES_POLICY, by: ["principal"], rule: { kind: "window", ...setting }, refund: "success" }];
}

interface LimitParts extends LimitOptions {
  readonly trusted: AddressRanges;
  readonly action: AnyAction;
  readonly fingerprint: (...parts: readonly string[]) => string;
}

/** The guard for one action at one entrance. */
class LimitStep implements GuardStep {
  readonly guard = "limit";
  readonly phase = "limit";
  readonly summary: string;
  readonly #parts: LimitParts;
  readonly #policies: readonly CompiledPolicy[];
  readonly #tightPolicies: readonly CompiledPolicy[];
  readonly #returning: ReadonlySet<string>;
  readonly #memo: RefusalMemo;
  /** What attempts under way have to give back. */
  readonly #held = new WeakMap<Passage, Reservation>();

  constructor(parts: LimitParts, policies: readonly CompiledPolicy[]) {
    this.#parts = parts;
    this.#policies = policies;
    this.#tightPolicies = tightPolicies(policies);
    this.#returning = new Set(policies.filter(isReturning).map(({ name }) => name));
    this.#memo = new RefusalMemo(parts.clock);
    this.summary = policies.map(summaryOf).join(", ");
  }

  enter = (passage: Passage): Denial | undefined | Promise<Denial | undefined> => {
    const { attempt, principal } = passage;
    const { fingerprint, counters, trusted, action, emergency } = this.#parts;
    if (attempt.provenance.kind === "internal" || trusted.has(attempt.peer.ip)) return undefined;
    const subject = { attempt, principal, action };
    const policies = emergency?.isOn("tight-limits") === true ? this.#tightPolicies : this.#policies;
    const checks = policies
      .filter((policy) => countsAttempt(policy, attempt))
      .map((policy) => policyCheck(policy, subject, fingerprint));
    if (checks.length === 0) return undefined;
    const remembered = this.#memo.find(checks);
    if (remembered !== undefined) return this.#settle(passage, { admitted: false, states: [remembered] });
    const decision = counters.take(checks);
    if (!(decision instanceof Promise)) return this.#settle(passage, decision);
    return decision.then((settled) => {
      if (!settled.admitted) this.#memo.note(checks, settled.states, this.#returning);
      return this.#settle(passage, settled);
    });
  };

  leave = (passage: Passage, outcome: Outcome): void | Promise<void> => {
    const reservation = this.#held.get(passage);
    if (reservation === undefined) return undefined;
    this.#held.delete(passage);
    const refunded = outcome.ok || outcome.problem.status >= 500;
    const checks = reservation.checks.filter(
      ({ rule, policy }) => rule.kind === "concurrency" || (refunded && this.#returning.has(policy)),
    );
    return checks.length === 0 ? undefined : this.#parts.counters.release({ ...reservation, checks });
  };

  #settle(passage: Passage, { admitted, states, reservation }: Decision): Denial | undefined {
    if (!admitted) {
      const denial = limitDenial(states, (policy) => this.#isConcurrency(policy), this.#parts.clock.now());
      const { claimedClient: client } = passage.attempt;
      return client === undefined ? denial : { ...denial, context: { ...denial.context, client } };
    }
    // Slots are no quota that refills with time, so responses do not tell of them.
    passage.limits.push(...states.filter(({ policy }) => !this.#isConcurrency(policy)));
    if (reservation !== undefined && this.#returning.size > 0) this.#held.set(passage, reservation);
    return undefined;
  }

  #isConcurrency(name: string): boolean {
    return this.#policies.some((policy) => policy.name === name && policy.rule.kind === "concurrency");
  }
}

function isReturning({ refunded, rule }: CompiledPolicy): boolean {
  return refunded || rule.kind === "concurrency";
}

function summaryOf({ name, by, rule, anonymousRule, refunded, counts }: CompiledPolicy): string {
  const span = rule.kind === "concurrency" ? "at once" : `in ${rule.window / 1000} s`;
  const anonymous = anonymousRule.limit === rule.limit ? "" : `, anonymous ${anonymousRule.limit}`;
  const which = `${counts === undefined ? "" : `, ${counts} only`}${refunded ? ", failures only" : ""}`;
  return `${name}: ${rule.limit} ${span} by ${by.join("+")}${anonymous}${which}`;
}

/** The denial for limits of which at least one refuses. `isConcurrency` tells which policies count slots. */
export function limitDenial(
  states: readonly LimitState[],
  isConcurrency: (policy: string) => boolean,
  now: number,
): Denial {
  const refusing = states.filter(({ retryAfter }) => retryAfter > 0);
  const quotas = refusing.filter(({ policy }) => !isConcurrency(policy));
  const slotsOnly = quotas.length === 0;
  const worst = longest(slotsOnly ? refusing : quotas);
  const limits = slotsOnly
    ? refusing.map((state) => ({ ...state, retryAfter: SLOT_RETRY, resetAt: now + SLOT_RETRY }))
    : states.filter(({ policy }) => !isConcurrency(policy));
  const retryAfter = slotsOnly ? 1 : retryAfterSeconds(worst?.retryAfter ?? 0);
  return deny(slotsOnly ? problems.TOO_MANY_CONCURRENT : problems.RATE_LIMIT_EXCEEDED, {
    retryAfter,
    limits,
    event: slotsOnly ? events.excess_concurrency : events.excess_rate_limit_exceeded,
    context: {
      policy: worst?.policy,
      limit: worst?.limit,
      window: worst === undefined ? undefined : Math.ceil(worst.window / 1000),
      retry_after: retryAfter,
    },
  });
}

function longest(states: readonly LimitState[]): LimitState | undefined {
  return states.toSorted((left, right) => right.retryAfter - left.retryAfter)[0];
}
