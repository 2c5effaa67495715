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
export type Phase = (typeof PHASES)[number];

/** Whether a guard denies, only reports that it would, or is switched off. */
export type GuardMode = "enforce" | "shadow" | "off";

/** An attempt on its way through the pipeline. Guards fill it in phase by phase. */
export interface Passage {
  readonly attempt: Attempt;
  readonly action: AnyAction;
  /** Set by the authenticate phase; anonymous until then. */
  principal: Principal;
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

type Now<Value> = Value | Promise<Value>;

/** One guard compiled for one action and entrance. Every hook is optional; hooks run in phase order. */
export interface GuardStep {
  readonly guard: string;
  readonly phase: Phase;
  /** What it enforces here, for the inventory. */
  readonly summary: string;
  /** Admits (`undefined`) or denies, before anything has been changed. */
  readonly enter?: (passage: Passage) => Now<Denial | undefined>;
  /** In the transaction, before the action runs: may deny or answer with a stored result instead. */
  readonly begin?: (passage: Passage, transaction: WriteTransaction) => Promise<Denial | Replay | undefined>;
  /** In the transaction, after the action has succeeded. A throw rolls the action back. */
  readonly complete?: (passage: Passage, transaction: WriteTransaction, value: unknown) => Promise<void>;
  /** After an `external` action threw: what `begin` committed must be put right. */
  readonly fail?: (passage: Passage, transaction: WriteTransaction, outcome: "denied" | "unknown") => Promise<void>;
  /** Once the outcome is final, whatever it is; only for steps whose `enter` was reached. */
  readonly leave?: (passage: Passage, outcome: Outcome) => Now<void>;
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
