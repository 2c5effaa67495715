import { createAddressRanges, type AddressRanges } from "../../guards/address.ts";
import { tightRule } from "../../guards/limit-policies.ts";
import { limitDenial } from "../../guards/limit.ts";
import type { Attempt } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { Counters, Decision, LimitState, WindowRule } from "../../kernel/ports/counters.ts";
import type { EmergencyMode } from "../../kernel/ports/emergency.ts";
import type { Proven } from "../engine/unit-of-work.ts";
import { oauthProblems } from "../problems.ts";

/** A limit by who a call has turned out to come from, whatever its address. */
export interface ProvenLimit {
  readonly name: string;
  readonly by: keyof Proven;
  readonly rule: WindowRule;
}

/** What is counted with. */
export interface ProvenLimitsParts {
  readonly counters: Counters;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** Ranges whose callers are not limited. */
  readonly trustedCidrs?: readonly string[];
  readonly emergency?: EmergencyMode;
}

/**
 * Counts calls by who has proven to make them. Before that a caller is counted by its address and whom it claims to be
 * there, so that nobody can use up the limit of a client from elsewhere. Whoever goes over this one is refused and not
 * punished: at its address there may be the back end of many people.
 */
export class ProvenLimits {
  readonly #parts: ProvenLimitsParts;
  readonly #trusted: AddressRanges;
  /** An attempt that is prepared a second time is still one attempt. */
  readonly #counted = new WeakMap<Attempt, Decision>();

  constructor(parts: ProvenLimitsParts) {
    this.#parts = parts;
    this.#trusted = createAddressRanges(parts.trustedCidrs ?? []);
  }

  /** The denial, or where the limit stands now. */
  async take(attempt: Attempt, proven: Proven, limit: ProvenLimit): Promise<Denial | readonly LimitState[]> {
    const who = proven[limit.by];
    if (who === undefined || this.#trusted.has(attempt.peer.ip)) return [];
    const decision = this.#counted.get(attempt) ?? (await this.#count(attempt.tenant, who, limit));
    this.#counted.set(attempt, decision);
    if (decision.admitted) return decision.states;
    const denial = limitDenial(decision.states, () => false, this.#parts.clock.now());
    const context = { ...denial.context, [limit.by]: who };
    return { ...denial, problem: oauthProblems.OAUTH_LIMIT_EXCEEDED, context };
  }

  #count(tenant: string, who: string, { name, by, rule }: ProvenLimit): Decision | Promise<Decision> {
    const { counters, keyRing, emergency } = this.#parts;
    const tight = emergency?.isOn("tight-limits") === true;
    const key = keyRing.fingerprint("limit", name, by, tenant, who, tight ? "tight" : "");
    return counters.take([{ policy: name, key, rule: tight ? tightRule(rule) : rule, cost: 1 }]);
  }
}
