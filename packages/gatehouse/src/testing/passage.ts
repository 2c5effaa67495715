import { defineAction, type AnyAction } from "../kernel/action.ts";
import { anonymousPrincipal, type Attempt } from "../kernel/attempt.ts";
import type { Passage } from "../kernel/guard.ts";

/** What differs from the ordinary. */
export interface PassageDifferences {
  readonly action?: AnyAction;
  readonly attempt?: Partial<Attempt>;
  readonly passage?: Partial<Passage>;
}

/** An attempt at `thing.change`, a public action, over HTTP with a token: for tests of single guards. */
export function attemptOf(differences: Partial<Attempt> = {}): Attempt {
  return {
    id: "019b7600-0000-7000-8000-000000000001",
    entrance: "http",
    action: "thing.change",
    tenant: "acme",
    receivedAt: 1_767_225_600_000,
    peer: { ip: "192.0.2.1", tls: true },
    provenance: { kind: "token" },
    credentials: [],
    input: {},
    ...differences,
  };
}

/** A passage that has entered no guard yet. */
export function passageOf({ action = ANY_ACTION, attempt, passage }: PassageDifferences = {}): Passage {
  const made = attemptOf(attempt);
  return {
    attempt: made,
    action,
    principal: anonymousPrincipal(made.tenant),
    idempotencyKey: made.idempotencyKey,
    input: made.input,
    limits: [],
    idempotency: undefined,
    stepKey: (step) => `${made.id}-${step}`,
    events: [],
    ...passage,
  };
}

const ANY_ACTION: AnyAction = defineAction({
  name: "thing.change",
  entrances: ["http"],
  input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
  effects: "store",
  authorise: "public",
  run: () => Promise.resolve("done"),
});
