import type { AnyAction } from "./action.ts";
import type { Attempt, Entrance, Principal } from "./attempt.ts";
import type { SecurityEvent } from "./event.ts";
import type { Denial, IdempotencyInfo, Outcome } from "./outcome.ts";
import type { LimitState } from "./ports/counters.ts";
import type { WriteTransaction } from "./ports/store.ts";

/** The order of the pipeline. Guards belong to one phase each and cannot be moved to another. */
export const PHASES = [
  "admit",
  "provenance",
  "authenticate",
  "limit",
  "validate",
  "authorise",
  "idempotency",
  "execute",
  "seal",
  "settle",
] as const;
/** One stage of the pipeline. */
export type Phase = (typeof PHASES)[number];

/** Whether a guard denies, only reports that it would, or is switched off. */
export type GuardMode = "enforce" | "shadow" | "off";

/** An attempt on its way through the pipeline. Guards fill it in phase by phase. */
export interface Passage {
  /**
   * In the phase `admit` it may be known by the head of its request alone: no input, CSRF token, idempotency
   * key or signed bytes yet, of the credentials only a session, and where the body names the action, no action either.
   */
  readonly attempt: Attempt;
  readonly action: AnyAction;
  /** Set by the authenticate phase, or before it by a signature that names its sender; anonymous until then. */
  principal: Principal;
  /** The attempt's own, or what a signature vouches for: a signed message has no other. */
  idempotencyKey: string | undefined;
  /** Raw until the validate phase has run, the schema's output after it. */
  input: unknown;
  /** Limits consulted so far. */
  limits: LimitState[];
  idempotency: IdempotencyInfo | undefined;
  /** See `ActionContext.stepKey`. */
  stepKey: (step: string) => string;
  /** Events to emit when the attempt settles, after commit where there is one. */
  readonly events: SecurityEvent[];
}

/** An answer that was stored earlier. */
export interface Replay {
  readonly replay: true;
  readonly value: unknown;
}

/**
 * The attempt cannot begin yet, because another one is executing what it asks for. The transaction is
 * rolled back, the pipeline waits outside it, and begins again or denies.
 */
export interface Wait {
  /** Resolves to `true` when beginning again makes sense, to `false` when waiting has come to nothing. */
  readonly wait: () => Promise<boolean>;
  /** The answer when waiting has come to nothing. */
  readonly denial: Denial;
}

type Now<Value> = Value | Promise<Value>;

/** One guard compiled for one action and entrance. Every hook is optional; hooks run in phase order. */
export interface GuardStep {
  readonly guard: string;
  readonly phase: Phase;
  /** What it enforces here, for the inventory. */
  readonly summary: string;
  /** Admits (`undefined`) or denies, before anything has been changed. */
  readonly enter?: (passage: Passage) => Now<Denial | undefined>;
  /**
   * In the transaction, before the action runs: may deny, wait, or answer with a stored result instead.
   * Runs again when the store repeats the transaction or a wait is over.
   */
  readonly begin?: (passage: Passage, transaction: WriteTransaction) => Promise<Denial | Replay | Wait | undefined>;
  /** In the transaction, after the action has succeeded. A throw or a denial rolls the transaction back. */
  readonly complete?: (passage: Passage, transaction: WriteTransaction, value: unknown) => Promise<Denial | void>;
  /**
   * After an `external` action was denied by its own code, or ended without a known outcome: what `begin`
   * committed must be put right.
   */
  readonly fail?: (passage: Passage, transaction: WriteTransaction, outcome: "denied" | "unknown") => Promise<void>;
  /** Once the outcome is final, whatever it is; only for steps whose `enter` was reached. */
  readonly leave?: (passage: Passage, outcome: Outcome) => Now<void>;
}

/** A step with the mode an operator chose for its guard. */
export interface CompiledStep extends GuardStep {
  readonly mode: GuardMode;
}

/** A step that admits or denies attempts. */
export interface Guard {
  readonly name: string;
  readonly phase: Phase;
  /** Modes an operator may choose. Guards that later phases depend on offer `enforce` alone. */
  readonly modes: readonly GuardMode[];
  /** The step for an action at an entrance, or `undefined` where the guard does not apply. */
  readonly compile: (action: AnyAction, entrance: Entrance) => GuardStep | undefined;
  /** Reasons not to start: what is wrong and how to mend it. */
  readonly check?: (action: AnyAction) => readonly string[];
}

/** An operator's choice for one guard. Switching off needs a reason, which lands in the audit trail. */
export type GuardSetting = { readonly mode: "enforce" | "shadow" } | { readonly mode: "off"; readonly reason: string };
