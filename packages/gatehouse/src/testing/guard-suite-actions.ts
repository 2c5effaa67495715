import * as z from "zod";
import { defineAction, type ActionContext, type AnyAction, type LimitPolicy } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { SuiteActions } from "./guard-suite-entrance.ts";

/** Something no answer, event or log may repeat. */
export const SUITE_SECRET = "hunter2-correct-horse";
/** What an exception says: for the log of the operator, and for nobody else. */
export const SUITE_INSIDE = "the ledger at ledger.internal:5432 is gone";
/** Attempts in a minute at `suite.change` and, signed in, at `suite.look`. */
export const SUITE_LIMIT = 5;
/** Attempts in a minute of strangers at `suite.look`. */
export const SUITE_ANONYMOUS_LIMIT = 2;
/** Failures in a minute at `suite.guess`. */
export const SUITE_FAILURES = 3;
/** Seconds results of `suite.change` are kept. */
export const SUITE_TTL = 300;
/** Milliseconds in which the limits count. */
export const SUITE_WINDOW = 60_000;

/** The actions, and what the suite can see and change about them. */
export interface SuiteStage extends SuiteActions {
  /** Texts of the executions, in order. */
  readonly runs: readonly string[];
  /** Callers who have lost their permission. */
  readonly revoked: Set<string>;
  /** Whether `suite.guess` breaks, as code with a bug or without its other system does. */
  broken: boolean;
  /** Begins anew. */
  forget(): void;
}

type Context = ActionContext<{ readonly text: string }>;

/** The actions of the suite at an entrance. */
export function createSuiteActions(entrance: Entrance): SuiteStage {
  const runs: string[] = [];
  const revoked = new Set<string>();
  const input = z.object({ text: z.string().max(20) });
  const shared = {
    entrances: [entrance],
    input,
    effects: "store",
    authorise: ({ principal }) => principal.id !== "mallory" && !revoked.has(principal.id),
    audit: { target: ({ text }) => text },
  } satisfies Partial<Parameters<typeof defineAction<{ text: string }, unknown, "store">>[0]>;
  const execute = ({ input: { text } }: Pick<Context, "input">): Promise<unknown> => {
    runs.push(text);
    return Promise.resolve({ written: text, run: runs.length });
  };

  const change = defineAction({
    ...shared,
    name: "suite.change",
    limits: [limit("suite-change", SUITE_LIMIT)],
    idempotency: { ttl: SUITE_TTL },
    run: execute,
  });
  const look = defineAction({
    ...shared,
    name: "suite.look",
    authorise: "public",
    limits: [{ ...limit("suite-look", SUITE_LIMIT), anonymousLimit: SUITE_ANONYMOUS_LIMIT }],
    run: execute,
  });
  const guess = defineAction({
    ...shared,
    name: "suite.guess",
    limits: [{ ...limit("suite-guess", SUITE_FAILURES), refund: "success" }],
    run: (context): Promise<unknown> => {
      const answer = execute(context);
      if (stage.broken) throw new Error(SUITE_INSIDE);
      return context.input.text === "wrong" ? Promise.resolve(wrongGuess()) : answer;
    },
  });
  const once = defineAction({ ...shared, name: "suite.once", idempotency: { required: true }, run: execute });
  const away = entrance === "job" ? "live" : "job";
  const elsewhere: AnyAction = defineAction({ ...shared, name: "suite.elsewhere", entrances: [away], run: execute });
  const stage: SuiteStage = {
    here: [change, look, guess, once],
    elsewhere,
    runs,
    revoked,
    broken: false,
    forget() {
      runs.length = 0;
      revoked.clear();
      stage.broken = false;
    },
  };
  return stage;
}

function limit(name: string, count: number): LimitPolicy {
  return { name, by: ["principal"], rule: { kind: "window", limit: count, window: SUITE_WINDOW } };
}

function wrongGuess(): Denial {
  return deny(problems.NOT_FOUND, { detail: "Nothing has this code." });
}
