import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import * as z from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import type { SecurityEvent } from "../kernel/event.ts";

/** One attempt of the suite, in words that every entrance can put into its own. */
export interface SuiteRequest {
  /** `suite.change`, or a name that does not exist. */
  readonly action: string;
  readonly input: unknown;
  /** `ada` may, `mallory` may not; a stranger has shown no credential, or a session nobody signed in to. */
  readonly as: "ada" | "mallory" | "stranger";
  readonly key?: string;
  /** Client address as the entrance resolves it. Default: the same for all. */
  readonly ip?: string;
  /** What the browser says and carries. Default: the application's own page with a valid token. */
  readonly page?: "own" | "other site" | "other port" | "no token" | "wrong token" | "token of another session";
}

/** How an attempt ended. */
export interface SuiteAnswer {
  /** Code of the problem; `undefined` for a success. */
  readonly code: string | undefined;
  readonly value?: unknown;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
  /** Whether the answer says that the result is a stored one. */
  readonly cached?: boolean | undefined;
  /** Everything that was answered, as text, to look for what must not be in it. */
  readonly text: string;
}

/** An entrance with the suite's actions behind the standard guards. */
export interface EntranceHarness extends AsyncDisposable {
  /** Sends one attempt over the entrance as a client does. */
  send(request: SuiteRequest): Promise<SuiteAnswer>;
  /** What has been emitted, in order. The suite empties it. */
  readonly events: SecurityEvent[];
  /** Rows of the audit trail, newest first. */
  auditRows(): Promise<readonly SecurityEvent[]>;
  /** Bans an address for an hour. */
  ban(ip: string): Promise<void>;
  /** Forgets everything counted by limits. */
  resetLimits(): void | Promise<void>;
}

/** The entrance under test. */
export interface EntranceUnderTest {
  readonly entrance: Entrance;
  /** Whether browsers speak to it with cookies: then origin and CSRF checks apply. */
  readonly browser: boolean;
  /** Opens it with these actions. */
  readonly open: (actions: readonly AnyAction[]) => Promise<EntranceHarness>;
}

const LIMIT = 5;
const SECRET_VALUE = "hunter2-correct-horse";

interface Change {
  readonly action: AnyAction;
  readonly runs: string[];
}

function createChange(entrance: Entrance): Change {
  const runs: string[] = [];
  const action = defineAction({
    name: "suite.change",
    entrances: [entrance],
    input: z.object({ text: z.string().max(20), pause: z.number().default(0) }),
    effects: "store",
    authorise: ({ principal }) => principal.id !== "mallory",
    limits: [{ name: "suite", by: ["principal"], rule: { kind: "window", limit: LIMIT, window: 60_000 } }],
    audit: { target: ({ text }) => text },
    run: ({ input }) => {
      runs.push(input.text);
      return Promise.resolve({ written: input.text, run: runs.length });
    },
  });
  return { action, runs };
}

/**
 * The guards every entrance has to pass, as a `node:test` suite: origin, CSRF, limits, validation,
 * authorisation, idempotency, bans and the audit trail. An entrance that builds attempts of its own passes it
 * when nothing it adds or leaves out gets past a guard.
 */
export function describeGuardsOn(name: string, { entrance, browser, open }: EntranceUnderTest): void {
  describe(`guards at ${name}`, () => {
    const { action, runs } = createChange(entrance);
    let opened: EntranceHarness | undefined;
    const harness = (): EntranceHarness => opened ?? assert.fail("the entrance is not open");

    before(async () => {
      opened = await open([action]);
    });
    beforeEach(async () => {
      runs.length = 0;
      await harness().resetLimits();
      harness().events.length = 0;
    });
    after(async () => {
      await opened?.[Symbol.asyncDispose]();
    });

    const send = (more: Partial<SuiteRequest> = {}): Promise<SuiteAnswer> =>
      harness().send({ action: "suite.change", input: { text: "tea" }, as: "ada", ...more });
    const suite: Suite = { entrance, harness, send, runs };
    describeAdmission(suite);
    if (browser) describeProvenance(suite);
    describeChecks(suite);
    describeRepetition(suite);
    describeEvidence(suite);
  });
}

interface Suite {
  readonly entrance: Entrance;
  readonly harness: () => EntranceHarness;
  readonly send: (more?: Partial<SuiteRequest>) => Promise<SuiteAnswer>;
  readonly runs: readonly string[];
}

/** Asserts that an attempt was refused, ran nothing, and left exactly one event that says so. */
async function refused({ harness, runs }: Suite, code: string, answer: Promise<SuiteAnswer>): Promise<SuiteAnswer> {
  const ran = runs.length;
  const before = harness().events.length;
  const settled = await answer;
  assert.equal(settled.code, code, settled.text);
  assert.equal(runs.length, ran, "the action ran");
  const denials = harness()
    .events.slice(before)
    .filter(({ outcome }) => outcome !== "success");
  assert.deepEqual(
    denials.map(({ problem, outcome }) => ({ problem, outcome })),
    [{ problem: code, outcome: "denied" }],
  );
  return settled;
}

function describeAdmission(suite: Suite): void {
  const { harness, send } = suite;
  it("admits an attempt that every guard admits", async () => {
    const answer = await send();
    assert.equal(answer.code, undefined, answer.text);
    assert.deepEqual(answer.value, { written: "tea", run: 1 });
  });

  it("refuses a banned address, and no other", async () => {
    await harness().ban("198.51.100.66");
    await refused(suite, "SOURCE_BANNED", send({ ip: "198.51.100.66" }));
    assert.equal((await send({ ip: "198.51.100.67" })).code, undefined);
  });

  it("refuses actions that do not exist", async () => {
    await refused(suite, "ACTION_NOT_FOUND", send({ action: "suite.missing" }));
  });

  it("admits exactly as many attempts as the limit, then says when to come back", async () => {
    for (let count = 0; count < LIMIT; count += 1) assert.equal((await send()).code, undefined);
    const answer = await refused(suite, "RATE_LIMIT_EXCEEDED", send());
    assert.ok((answer.retryAfter ?? 0) >= 1);
  });

  it("admits no more when attempts come all at once", async () => {
    const answers = await Promise.all(Array.from({ length: LIMIT * 3 }, () => send()));
    assert.equal(answers.filter(({ code }) => code === undefined).length, LIMIT);
    assert.equal(suite.runs.length, LIMIT);
  });
}

function describeProvenance(suite: Suite): void {
  const { send } = suite;
  for (const page of ["no token", "wrong token", "token of another session"] as const) {
    it(`refuses a browser with ${page}`, async () => {
      await refused(suite, "CSRF_TOKEN_INVALID", send({ page }));
    });
  }
  for (const page of ["other site", "other port"] as const) {
    it(`refuses what a page of an${page} makes a browser send, though the token is right`, async () => {
      await refused(suite, "ORIGIN_REFUSED", send({ page }));
    });
  }
}

function describeChecks(suite: Suite): void {
  const { send } = suite;
  it("refuses input that does not fit, and repeats none of it", async () => {
    const input = { text: SECRET_VALUE };
    const answer = await refused(suite, "VALIDATION_ERROR", send({ input }));
    assert.ok(!answer.text.includes(SECRET_VALUE), answer.text);
    assert.ok(!JSON.stringify(suite.harness().events).includes(SECRET_VALUE));
  });

  it("refuses keys that pollute prototypes", async () => {
    const input: unknown = JSON.parse('{"text":"tea","__proto__":{"admin":true}}');
    await refused(suite, "VALIDATION_ERROR", send({ input }));
  });

  it("asks strangers to sign in", async () => {
    await refused(suite, "AUTHENTICATION_REQUIRED", send({ as: "stranger" }));
  });

  it("refuses whom the action's rule refuses", async () => {
    await refused(suite, "PERMISSION_DENIED", send({ as: "mallory" }));
  });
}

function describeRepetition(suite: Suite): void {
  const { send, runs } = suite;
  it("answers a repeated key with the stored result", async () => {
    const first = await send({ key: "suite-repeat" });
    const second = await send({ key: "suite-repeat" });
    assert.deepEqual([first.cached, second.cached], [false, true], second.text);
    assert.deepEqual(second.value, first.value);
    assert.equal(runs.length, 1);
  });

  it("refuses a key that comes with another input", async () => {
    await send({ key: "suite-other", input: { text: "tea" } });
    await refused(suite, "IDEMPOTENCY_KEY_REUSED", send({ key: "suite-other", input: { text: "coffee" } }));
  });

  it("refuses a malformed key", async () => {
    await refused(suite, "IDEMPOTENCY_KEY_INVALID", send({ key: "x".repeat(256) }));
  });

  it("executes duplicates sent at once a single time", async () => {
    const answers = await Promise.all(Array.from({ length: LIMIT }, () => send({ key: "suite-at-once" })));
    assert.equal(runs.length, 1);
    assert.equal(answers.filter(({ cached }) => cached === false).length, 1);
    assert.deepEqual(new Set(answers.map(({ value }) => JSON.stringify(value))).size, 1);
  });
}

function describeEvidence({ entrance, harness, send }: Suite): void {
  it("writes one audit row a change: who, what, whence, which request", async () => {
    const before = (await harness().auditRows()).length;
    await send({ input: { text: "evidence" } });
    const rows = await harness().auditRows();
    assert.equal(rows.length, before + 1);
    const [row] = rows;
    assert.equal(row?.action, "suite.change");
    assert.equal(row?.target, "evidence");
    assert.equal(row?.actor.id, "ada");
    assert.equal(row?.outcome, "success");
    assert.equal(row?.source.entrance, entrance);
    assert.notEqual(row?.source.ip ?? "", "");
    assert.notEqual(row?.requestId ?? "", "");
    assert.equal(harness().events.find(({ id }) => id === row?.id)?.name, row?.name);
  });

  it("writes none for an attempt that was refused", async () => {
    const before = (await harness().auditRows()).length;
    await send({ as: "mallory" });
    assert.equal((await harness().auditRows()).filter(({ outcome }) => outcome === "success").length, before);
  });
}
