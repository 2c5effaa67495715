import type { AnyAction, IdempotencyPolicy } from "../kernel/action.ts";
import { describe } from "../kernel/attempt-event.ts";
import { Attachment } from "../kernel/attachment.ts";
import type { Clock } from "../kernel/clock.ts";
import { utf8 } from "../kernel/codec.ts";
import { events } from "../kernel/events.ts";
import type { Guard, GuardStep, Passage, Replay, Wait } from "../kernel/guard.ts";
import type { Ids } from "../kernel/ids.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import { deny, type Denial, type IdempotencyInfo } from "../kernel/outcome.ts";
import type { IdempotencyClaim, IdempotencyRecords, IdempotencyResult } from "../kernel/ports/idempotency.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { Random } from "../kernel/random.ts";
import { SealError, type SealBinding, type Sealer } from "../kernel/seal.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";
import { claimFor, stepKeysOf } from "./idempotency-claim.ts";
import { createExecutions, Patience, type Executions } from "./idempotency-execution.ts";
import { parseIdempotencyKey } from "./idempotency-key.ts";

/** What the idempotency guard is built from. */
export interface IdempotencyOptions {
  readonly records: IdempotencyRecords;
  /** For renewing the leases of external executions. */
  readonly store: Pick<Store, "write">;
  readonly keyRing: KeyRing;
  readonly sealer: Pick<Sealer, "seal" | "open">;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly timers?: Timers;
  /** Milliseconds an external execution may go without renewing its claim. Default 30 000. */
  readonly lease?: number;
  /** Milliseconds a duplicate waits for the execution in flight. Default 10 000. */
  readonly wait?: number;
  /** Largest result kept, in bytes of JSON. Default 262 144. */
  readonly maxBytes?: number;
}

const DEFAULT_TTL = 3600;
const LONGEST_TTL = 30 * 24 * 3600;
const LONGEST_RETRY_AFTER = 30;

/** What an attempt with a key holds while it passes. */
interface Claimed {
  readonly key: string;
  readonly claim: IdempotencyClaim;
  patience: Patience | undefined;
  execution: Disposable | undefined;
}

/** What is sealed into a record: the result, or how large it was. */
type StoredBody = { readonly value?: unknown } | { readonly bytes: number };

/**
 * Executes an intent once. The first attempt under a key claims it in the transaction of its effect; its
 * sealed result is stored there, too, and repeated attempts are answered with it. Keys belong to tenant,
 * principal and action. Denials and errors are never stored.
 *
 * Denies with `IDEMPOTENCY_KEY_REQUIRED` (428), `IDEMPOTENCY_KEY_INVALID` (400), `IDEMPOTENCY_KEY_REUSED` (422)
 * for another input under the same key, `IDEMPOTENCY_IN_PROGRESS` (409) when the execution in flight takes
 * longer than duplicates wait, `IDEMPOTENCY_RESULT_TOO_LARGE` (409) for results that were not kept.
 *
 * External effects run between two transactions under a lease that is renewed while they run. When one
 * ends without a known outcome, the next attempt under the key runs it again with the same step keys, by
 * which the other system recognises what it has done already.
 */
export function idempotencyGuard(options: IdempotencyOptions): Guard {
  const keeper = new ResultKeeper(options);
  return {
    name: "idempotency",
    phase: "idempotency",
    modes: ["enforce"],
    check: (action) => checkPolicy(action),
    compile: (action) => (action.idempotency === false ? undefined : keeper.step(action.idempotency)),
  };
}

function checkPolicy({ name, idempotency }: AnyAction): string[] {
  if (idempotency === false) return [];
  const { ttl = DEFAULT_TTL } = idempotency;
  if (Number.isInteger(ttl) && ttl >= 1 && ttl <= LONGEST_TTL) return [];
  return [`The action ${name} keeps results for ${ttl} seconds; choose a whole number from 1 to ${LONGEST_TTL}.`];
}

class ResultKeeper {
  readonly #options: IdempotencyOptions & Required<Pick<IdempotencyOptions, "lease" | "wait" | "maxBytes" | "timers">>;
  readonly #executions: Executions;
  readonly #claimed = new Attachment<Passage, Claimed>();

  constructor(options: IdempotencyOptions) {
    this.#options = { lease: 30_000, wait: 10_000, maxBytes: 262_144, timers: systemTimers, ...options };
    this.#executions = createExecutions(this.#options);
  }

  step(policy: IdempotencyPolicy): GuardStep {
    const { ttl = DEFAULT_TTL, required = false } = policy;
    return {
      guard: "idempotency",
      phase: "idempotency",
      summary: `${required ? "required" : "accepted"}, ${ttl} s`,
      enter: (passage) => this.#enter(passage, { ttl, required }),
      begin: (passage, transaction) => this.#begin(passage, transaction),
      complete: (passage, transaction, value) => this.#complete(passage, transaction, value),
      fail: (passage, transaction, outcome) => this.#fail(passage, transaction, outcome),
      leave: (passage) => this.#claimed.get(passage)?.execution?.[Symbol.dispose](),
    };
  }

  #enter(passage: Passage, policy: Required<IdempotencyPolicy>): Denial | undefined {
    const sent = passage.idempotencyKey;
    if (sent === undefined) return policy.required ? deny(problems.IDEMPOTENCY_KEY_REQUIRED) : undefined;
    const key = parseIdempotencyKey(sent);
    if (key === undefined) return deny(problems.IDEMPOTENCY_KEY_INVALID, { event: events.request_malformed });
    const { keyRing, random, lease } = this.#options;
    const claim = claimFor(passage, key, { keyRing, random, lease, ttl: policy.ttl });
    passage.stepKey = stepKeysOf(claim, keyRing);
    this.#claimed.set(passage, { key, claim, patience: undefined, execution: undefined });
    return undefined;
  }

  async #begin(passage: Passage, transaction: WriteTransaction): Promise<Denial | Replay | Wait | undefined> {
    const claimed = this.#claimed.get(passage);
    if (claimed === undefined) return undefined;
    const answer = await this.#options.records.claim(transaction, claimed.claim);
    switch (answer.kind) {
      case "claimed":
        if (passage.action.effects === "external") claimed.execution ??= this.#executions.start(claimed.claim);
        passage.idempotency = await infoOf(claimed, transaction, { ...answer, cached: false });
        return undefined;
      case "done":
        return this.#replay(passage, transaction, { claimed, result: answer.result });
      case "running":
        return this.#wait(passage, claimed, answer.retryAfter);
      case "mismatch":
        return deny(problems.IDEMPOTENCY_KEY_REUSED, {
          event: events.idempotency_conflict,
          extensions: { fingerprints: { first: short(answer.fingerprint), sent: short(claimed.claim.fingerprint) } },
        });
    }
  }

  #wait({ attempt }: Passage, claimed: Claimed, retryAfter: number): Wait {
    claimed.patience ??= new Patience({ ...this.#options, executions: this.#executions }, attempt);
    const { patience } = claimed;
    return {
      wait: () => patience.wait(claimed.claim.id, retryAfter),
      denial: deny(problems.IDEMPOTENCY_IN_PROGRESS, {
        retryAfter: Math.min(Math.max(Math.ceil(retryAfter / 1000), 1), LONGEST_RETRY_AFTER),
      }),
    };
  }

  async #replay(
    passage: Passage,
    transaction: WriteTransaction,
    { claimed, result }: { readonly claimed: Claimed; readonly result: IdempotencyResult },
  ): Promise<Denial | Replay> {
    const body = this.#open(claimed, result);
    if (body === undefined) return deny(problems.INTERNAL_ERROR, { event: events.crypt_decrypt_fail });
    const info = await infoOf(claimed, transaction, { ...result, cached: true });
    if ("bytes" in body) {
      return deny(problems.IDEMPOTENCY_RESULT_TOO_LARGE, {
        event: events.idempotency_replayed,
        context: { bytes: body.bytes },
        extensions: { idempotency: wireInfo(info) },
      });
    }
    passage.idempotency = info;
    passage.events.push(this.#replayed(passage));
    return { replay: true, value: body.value };
  }

  #open({ claim }: Claimed, { body }: IdempotencyResult): StoredBody | undefined {
    try {
      // Only `#complete` seals under this binding, and it seals a stored body.
      return JSON.parse(this.#options.sealer.open(body, bindingOf(claim))) as StoredBody;
    } catch (error) {
      if (error instanceof SealError) return undefined;
      throw error;
    }
  }

  #replayed({ attempt, principal, action }: Passage): ReturnType<typeof describe> {
    const details = { definition: events.idempotency_replayed, outcome: "success", context: {} } as const;
    return describe(this.#options, attempt, { ...details, principal, action: action.name });
  }

  async #complete(passage: Passage, transaction: WriteTransaction, value: unknown): Promise<Denial | undefined> {
    const claimed = this.#claimed.get(passage);
    if (claimed === undefined) return undefined;
    const { records, sealer, maxBytes } = this.#options;
    const { claim } = claimed;
    let text = JSON.stringify({ value } satisfies StoredBody);
    // A character is at most three bytes: most results need no count.
    if (text.length * 3 > maxBytes) {
      const bytes = utf8(text).length;
      if (bytes > maxBytes) text = JSON.stringify({ bytes } satisfies StoredBody);
    }
    if (await records.complete(transaction, claim, sealer.seal(text, bindingOf(claim)))) return undefined;
    return deny(problems.IDEMPOTENCY_IN_PROGRESS, { retryAfter: 1, event: events.idempotency_claim_lost });
  }

  async #fail(passage: Passage, transaction: WriteTransaction, outcome: "denied" | "unknown"): Promise<void> {
    const claimed = this.#claimed.get(passage);
    if (claimed === undefined) return;
    const { records } = this.#options;
    await (outcome === "denied"
      ? records.forget(transaction, claimed.claim)
      : records.abandon(transaction, claimed.claim));
  }
}

/** Bodies open only in their own record: none can be moved to another key, or to another input. */
function bindingOf(claim: IdempotencyClaim): SealBinding {
  return { purpose: "idempotency-result", context: [claim.id, claim.fingerprint] };
}

async function infoOf(
  { key, claim }: Claimed,
  transaction: WriteTransaction,
  times: { readonly createdAt: number; readonly expiresAt: number; readonly cached: boolean },
): Promise<IdempotencyInfo> {
  const left = times.cached ? times.expiresAt - (await transaction.now()) : claim.ttl;
  const createdAt = new Date(times.createdAt).toISOString();
  return { key, cached: times.cached, ttl: Math.max(Math.ceil(left / 1000), 0), createdAt };
}

/** Enough of a keyed fingerprint to tell which request was the first, and nothing of what was in it. */
function short(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}

function wireInfo({ key, cached, ttl, createdAt }: IdempotencyInfo): Readonly<Record<string, unknown>> {
  return { key, cached, ttl, created_at: createdAt };
}
