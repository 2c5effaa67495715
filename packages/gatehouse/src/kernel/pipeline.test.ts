import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeterministicRandom } from "../testing/deterministic-random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createRecordingStore, type RecordingStore } from "../testing/recording-store.ts";
import { defineAction, StalePreparationError, Unchanged, type AnyAction } from "./action.ts";
import type { Attempt } from "./attempt.ts";
import { createEventStream } from "./event-stream.ts";
import type { SecurityEvent } from "./event.ts";
import { BootRefusedError, createGate, type Gate } from "./gate.ts";
import { PHASES, type Guard, type GuardSetting, type GuardStep, type Phase } from "./guard.ts";
import { createIds } from "./ids.ts";
import { deny } from "./outcome.ts";
import { StoreUnavailableError } from "./ports/store.ts";
import { problems } from "./problems.ts";

interface Fixture {
  readonly gate: Gate;
  readonly store: RecordingStore;
  readonly events: SecurityEvent[];
  readonly reported: unknown[];
}

function createFixture(
  actions: readonly AnyAction[],
  guards: readonly Guard[],
  settings: Readonly<Record<string, GuardSetting>> = {},
): Fixture {
  const clock = createFakeClock();
  const store = createRecordingStore();
  const events: SecurityEvent[] = [];
  const reported: unknown[] = [];
  const stream = createEventStream((error) => reported.push(error));
  stream.subscribe((event) => events.push(event));
  const ids = createIds(clock, createDeterministicRandom());
  const report = (error: unknown): void => void reported.push(error);
  const gate = createGate({ actions, guards, store, events: stream, clock, ids, settings, report });
  return { gate, store, events, reported };
}

const anything = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;

function anAction(effects: AnyAction["effects"], run: AnyAction["run"] = async () => "done"): AnyAction {
  return defineAction({
    name: "thing.change",
    entrances: ["http"],
    input: anything,
    effects,
    authorise: "public",
    run,
  });
}

function attempt(action = "thing.change", more: Partial<Attempt> = {}): Attempt {
  return {
    id: "request-1",
    entrance: "http",
    action,
    tenant: "acme",
    receivedAt: 0,
    peer: { ip: "192.0.2.1", tls: true },
    provenance: { kind: "token" },
    credentials: [],
    input: {},
    ...more,
  };
}

function guard(name: string, phase: Phase, hooks: Partial<GuardStep>): Guard {
  const step = { guard: name, phase, summary: "test", ...hooks };
  return { name, phase, modes: ["enforce", "shadow", "off"], compile: () => step };
}

const refusal = deny(problems.PERMISSION_DENIED);

describe("createGate, the way of an attempt", () => {
  it("enters guards by phase, whatever the order they were given in", async () => {
    const order: string[] = [];
    const guards = PHASES.map((phase) => guard(phase, phase, { enter: () => void order.push(phase) }));
    const { gate } = createFixture([anAction("none")], guards.toReversed());
    await gate.attempt(attempt());
    assert.deepEqual(order, [...PHASES]);
  });

  it("runs begin, the action and complete in one transaction for store effects, then leaves in reverse", async () => {
    const order: string[] = [];
    const hooks = (name: string): Partial<GuardStep> => ({
      enter: () => void order.push(`enter ${name}`),
      begin: async () => void order.push(`begin ${name}`),
      complete: async () => void order.push(`complete ${name}`),
      leave: () => void order.push(`leave ${name}`),
    });
    const action = anAction("store", async () => order.push("run"));
    const { gate, store } = createFixture([action], [guard("a", "admit", hooks("a")), guard("b", "limit", hooks("b"))]);
    await gate.attempt(attempt());
    assert.deepEqual(order, [
      "enter a",
      "enter b",
      "begin a",
      "begin b",
      "run",
      "complete a",
      "complete b",
      "leave b",
      "leave a",
    ]);
    assert.deepEqual(store.notes, ["begin", "commit"]);
  });

  it("stops at the first denial, and leaves only what was entered", async () => {
    const order: string[] = [];
    const first = guard("first", "admit", { leave: () => void order.push("leave first") });
    const second = guard("second", "limit", { enter: () => refusal, leave: () => void order.push("leave second") });
    const third = guard("third", "validate", { enter: () => assert.fail(), leave: () => assert.fail() });
    const { gate, store } = createFixture([anAction("store", () => assert.fail())], [first, second, third]);
    const outcome = await gate.attempt(attempt());
    assert.equal(outcome.ok, false);
    assert.deepEqual(order, ["leave second", "leave first"]);
    assert.deepEqual(store.notes, []);
  });

  it("leaves all steps when one of them fails to", async () => {
    const left: string[] = [];
    const guards = [
      guard("first", "admit", { leave: () => void left.push("first") }),
      guard("second", "limit", { leave: () => Promise.reject(new Error("leaving")) }),
      guard("third", "validate", { leave: async () => void left.push("third") }),
    ];
    const { gate, reported } = createFixture([anAction("none")], guards);
    assert.equal((await gate.attempt(attempt())).ok, true);
    assert.deepEqual(left, ["third", "first"]);
    assert.equal(reported.length, 1);
  });

  it("tells steps that leave the final outcome, the failed commit included", async () => {
    const outcomes: boolean[] = [];
    const watcher = guard("watcher", "limit", { leave: (_passage, { ok }) => void outcomes.push(ok) });
    const { gate, store } = createFixture([anAction("store")], [watcher]);
    store.commitFailures.push(new StoreUnavailableError("main", "no disk"));
    const outcome = await gate.attempt(attempt());
    assert.equal(!outcome.ok && outcome.problem.code, "STORE_UNAVAILABLE");
    assert.equal(!outcome.ok && outcome.retryAfter, 1);
    assert.deepEqual(outcomes, [false]);
  });

  it("does not claim that nothing happened when the answer to a commit was lost", async () => {
    const { gate, store, events } = createFixture([anAction("store")], []);
    const lost = new StoreUnavailableError("main", "connection lost", { outcome: "unknown" });
    store.commitFailures.push(lost, lost);
    const outcome = await gate.attempt(attempt());
    assert.equal(!outcome.ok && outcome.problem.code, "OUTCOME_UNKNOWN");
    assert.equal(events.at(-1)?.name, "idempotency_unknown_outcome");
    const keyed = await gate.attempt(attempt("thing.change", { idempotencyKey: "k" }));
    assert.equal(!keyed.ok && keyed.retryAfter, 1);
    assert.match((!keyed.ok && keyed.problem.message) || "", /same idempotency key/);
  });

  it("answers for actions nobody declared, through bans and limits but nothing further", async () => {
    const order: string[] = [];
    const guards = PHASES.map((phase) => guard(phase, phase, { enter: () => void order.push(phase) }));
    const { gate, events } = createFixture([], guards);
    const outcome = await gate.attempt(attempt("no.such\n\u001b[31mthing"));
    assert.equal(!outcome.ok && outcome.problem.code, "ACTION_NOT_FOUND");
    assert.deepEqual(order, ["admit", "provenance", "authenticate", "limit"]);
    assert.equal(events[0]?.action, "gate.unknown");
    assert.deepEqual(events[0]?.context, { attempted: "no.such??[31mthing" });
  });

  it("refuses an action over an entrance it does not name", async () => {
    const { gate } = createFixture([anAction("none")], []);
    const outcome = await gate.attempt({ ...attempt(), entrance: "mcp" });
    assert.equal(!outcome.ok && outcome.problem.code, "ACTION_NOT_FOUND");
  });

  it("hands limits on with denials that carry none", async () => {
    const state = { policy: "p", limit: 1, window: 1000, remaining: 0, resetAt: 0, retryAfter: 0 };
    const counting = guard("limit", "limit", { enter: (passage) => void passage.limits.push(state) });
    const refusing = guard("validate", "validate", { enter: () => refusal });
    const { gate } = createFixture([anAction("none")], [counting, refusing]);
    const outcome = await gate.attempt(attempt());
    assert.deepEqual(outcome.limits, [state]);
  });
});

describe("createGate, denials and exceptions", () => {
  it("rolls everything back when the action itself denies", async () => {
    const { gate, store, events } = createFixture([anAction("store", async () => refusal)], []);
    assert.equal(await gate.attempt(attempt()), refusal);
    assert.deepEqual(store.notes, ["begin", "rollback"]);
    assert.deepEqual(
      events.map(({ name, outcome, problem }) => ({ name, outcome, problem })),
      [{ name: "request_refused", outcome: "denied", problem: "PERMISSION_DENIED" }],
    );
  });

  it("turns an exception into INTERNAL_ERROR, reports it once, and says nothing of it", async () => {
    const bug = new Error("the secret of the database");
    const { gate, store, reported, events } = createFixture([anAction("store", () => Promise.reject(bug))], []);
    const outcome = await gate.attempt(attempt());
    assert.equal(!outcome.ok && outcome.problem.code, "INTERNAL_ERROR");
    assert.deepEqual(reported, [bug]);
    assert.deepEqual(store.notes, ["begin", "rollback"]);
    assert.equal(events.length, 1);
    assert.equal(events[0]?.name, "action_failed");
    assert.ok(!JSON.stringify([outcome, events]).includes("secret"));
  });

  for (const [how, enter] of [
    ["throws", () => assert.fail("broken guard")],
    ["rejects", () => Promise.reject(new Error("broken guard"))],
  ] as const) {
    it(`never lets an attempt through a guard that ${how}`, async () => {
      const broken = guard("broken", "authorise", { enter });
      const { gate, reported } = createFixture([anAction("store", () => assert.fail())], [broken]);
      const outcome = await gate.attempt(attempt());
      assert.equal(!outcome.ok && outcome.problem.code, "INTERNAL_ERROR");
      assert.equal(reported.length, 1);
    });
  }

  it("rolls the action back when a step cannot complete, or denies to", async () => {
    for (const complete of [() => Promise.reject(new Error("trail")), async () => refusal]) {
      const { gate, store } = createFixture([anAction("store")], [guard("audit", "settle", { complete })]);
      assert.equal((await gate.attempt(attempt())).ok, false);
      assert.deepEqual(store.notes, ["begin", "rollback"]);
    }
  });

  it("emits the events of a passage after commit, and none of what was rolled back", async () => {
    const change = { name: "change" } as SecurityEvent; // the stream hands events on as they are
    const audit = guard("audit", "settle", { complete: async (passage) => void passage.events.push(change) });
    const { gate, store, events } = createFixture([anAction("store")], [audit]);
    store.commitFailures.push(new Error("commit"));
    await gate.attempt(attempt());
    assert.deepEqual(
      events.map(({ name }) => name),
      ["action_failed"],
    );
    store.repeats = 2;
    await gate.attempt(attempt());
    assert.deepEqual(
      events.map(({ name }) => name),
      ["action_failed", "change"],
    );
  });

  it("describes a denial by actor, source and request", async () => {
    const principal = { type: "user", id: "u1", tenant: "acme", grants: new Set<string>(), onBehalfOf: "u2" } as const;
    const knows = guard("authenticate", "authenticate", { enter: (passage) => void (passage.principal = principal) });
    const denies = guard("authorise", "authorise", {
      enter: () => deny(problems.NOT_FOUND, { context: { by: "rule" } }),
    });
    const { gate, events } = createFixture([anAction("store")], [knows, denies]);
    await gate.attempt(attempt());
    const { id, at, ...event } = events[0] ?? assert.fail("no event");
    assert.ok(id !== "" && at > 0);
    assert.deepEqual(event, {
      name: "request_refused",
      level: "info",
      tenant: "acme",
      actor: { type: "user", id: "u1", onBehalfOf: "u2" },
      source: { entrance: "http", ip: "192.0.2.1" },
      action: "thing.change",
      outcome: "denied",
      problem: "NOT_FOUND",
      requestId: "request-1",
      context: { by: "rule" },
    });
  });
});

describe("createGate, preparation", () => {
  const preparing = (
    prepare: (attempts: number) => Promise<unknown>,
    run: (prepared: unknown) => Promise<unknown> = async (prepared) => prepared,
  ) => {
    let count = 0;
    const action = defineAction({
      ...{ name: "thing.change", entrances: ["http"], input: anything, effects: "store", authorise: "public" },
      prepare: () => prepare((count += 1)),
      run: ({ prepared }) => run(prepared),
    });
    return createFixture([action], []);
  };

  it("is done before the transaction begins, and handed to the run", async () => {
    const order: string[] = [];
    const { gate, store } = preparing(
      async () => order.push(["prepare", ...store.notes].join()),
      async (prepared) => order.push(["run", prepared, ...store.notes].join()),
    );
    assert.equal((await gate.attempt(attempt())).ok, true);
    assert.deepEqual(order, ["prepare", "run,1,begin"]);
  });

  it("ends the attempt without a transaction when it denies", async () => {
    const { gate, store } = preparing(async () => refusal);
    assert.equal(await gate.attempt(attempt()), refusal);
    assert.deepEqual(store.notes, []);
  });

  it("ends the attempt without a transaction or a row when it has the answer and changes nothing", async () => {
    const completed: string[] = [];
    const settling = guard("audit", "settle", { complete: async () => void completed.push("row") });
    const action = defineAction({
      ...{ name: "thing.look", entrances: ["http"], input: anything, effects: "store", authorise: "public" },
      prepare: async () => new Unchanged("seen"),
      run: async () => "done",
    });
    const { gate, store } = createFixture([action], [settling]);
    const outcome = await gate.attempt(attempt("thing.look"));
    assert.equal(outcome.ok && outcome.value, "seen");
    assert.deepEqual([store.notes, completed], [[], []]);
  });

  it("is done before the snapshot of an action that reads, and can deny it", async () => {
    const order: string[] = [];
    const action = defineAction({
      ...{ name: "thing.look", entrances: ["http"], input: anything, effects: "none", authorise: "public" },
      prepare: async ({ input }) => {
        order.push(["prepare", ...store.notes].join());
        return input === "no" ? refusal : "prepared";
      },
      run: async ({ prepared }) => order.push(["run", prepared, ...store.notes].join()),
    });
    const { gate, store } = createFixture([action], []);
    assert.equal((await gate.attempt(attempt("thing.look"))).ok, true);
    assert.deepEqual(order, ["prepare", "run,prepared,read"]);
    assert.equal(await gate.attempt({ ...attempt("thing.look"), input: "no" }), refusal);
    assert.equal(order.length, 3);
  });

  it("is done again when the run finds that it no longer holds", async () => {
    const { gate } = preparing(
      async (count) => count,
      async (prepared) => {
        if (Number(prepared) < 3) throw new StalePreparationError();
        return prepared;
      },
    );
    const outcome = await gate.attempt(attempt());
    assert.ok(outcome.ok);
    assert.equal(outcome.value, 3);
  });

  it("is given up when it never holds, which is a bug of the action", async () => {
    const { gate, reported } = preparing(
      async (count) => count,
      () => Promise.reject(new StalePreparationError()),
    );
    const outcome = await gate.attempt(attempt());
    assert.ok(!outcome.ok);
    assert.equal(outcome.problem.code, "INTERNAL_ERROR");
    assert.ok(reported[0] instanceof StalePreparationError);
  });

  it("is refused for actions without a transaction of their own", () => {
    const action = { name: "thing.look", entrances: ["http"], input: anything, authorise: "public" } as const;
    const define = () => defineAction({ ...action, effects: "external", prepare: async () => 1, run: async () => 1 });
    assert.throws(define, /nothing to prepare for/);
  });
});

describe("createGate, external effects", () => {
  const order: string[] = [];
  const claiming = guard("idempotency", "idempotency", {
    begin: async () => void order.push("begin"),
    complete: async () => void order.push("complete"),
    fail: async (_passage, _transaction, outcome) => void order.push(`fail ${outcome}`),
    leave: () => void order.push("leave"),
  });

  async function perform(run: AnyAction["run"], failures: (Error | undefined)[] = []) {
    order.length = 0;
    const fixture = createFixture([anAction("external", run)], [claiming]);
    fixture.store.commitFailures.push(...failures);
    const outcome = await fixture.gate.attempt(attempt());
    return { ...fixture, outcome, order: [...order] };
  }

  it("claims in one transaction, runs outside, completes in another", async () => {
    const {
      store,
      outcome,
      order: happened,
    } = await perform(async ({ transaction, store: own }) => {
      assert.equal(transaction, undefined);
      assert.ok(own !== undefined);
      order.push("run");
      return 1;
    });
    assert.equal(outcome.ok && outcome.value, 1);
    assert.deepEqual(happened, ["begin", "run", "complete", "leave"]);
    assert.deepEqual(store.notes, ["begin", "commit", "begin", "commit"]);
  });

  it("does not run when the claim cannot be committed", async () => {
    const down = new StoreUnavailableError("main", "down");
    const { outcome, order: happened } = await perform(() => assert.fail(), [down]);
    assert.equal(!outcome.ok && outcome.problem.code, "STORE_UNAVAILABLE");
    assert.deepEqual(happened, ["begin", "leave"]);
  });

  it("frees the key when the action denies", async () => {
    const { outcome, order: happened } = await perform(async () => refusal);
    assert.equal(outcome, refusal);
    assert.deepEqual(happened, ["begin", "fail denied", "leave"]);
  });

  it("leaves the outcome unknown when the action throws", async () => {
    const bug = new Error("time-out at the provider");
    const { outcome, reported, events, order: happened } = await perform(() => Promise.reject(bug));
    assert.equal(!outcome.ok && outcome.problem.code, "OUTCOME_UNKNOWN");
    assert.deepEqual(happened, ["begin", "fail unknown", "leave"]);
    assert.deepEqual(reported, [bug]);
    assert.deepEqual(
      events.map(({ name }) => name),
      ["idempotency_unknown_outcome"],
    );
  });

  it("leaves the outcome unknown when the result cannot be committed, and does not claim that nothing happened", async () => {
    const down = new StoreUnavailableError("main", "down");
    const { outcome, reported, order: happened } = await perform(async () => 1, [undefined, down]);
    assert.equal(!outcome.ok && outcome.problem.code, "OUTCOME_UNKNOWN");
    assert.deepEqual(happened, ["begin", "complete", "fail unknown", "leave"]);
    assert.deepEqual(reported, [down]);
  });

  it("survives a store that is down for the failure as well", async () => {
    const down = new StoreUnavailableError("main", "down");
    const { outcome, reported } = await perform(() => Promise.reject(new Error("provider")), [undefined, down]);
    assert.equal(!outcome.ok && outcome.problem.code, "OUTCOME_UNKNOWN");
    assert.equal(reported.length, 2);
  });

  it("carries on when the caller has gone", async () => {
    const gone = AbortSignal.abort();
    order.length = 0;
    const { gate } = createFixture([anAction("external", async () => 1)], [claiming]);
    const outcome = await gate.attempt(attempt("thing.change", { signal: gone }));
    assert.equal(outcome.ok, true);
    assert.deepEqual(order, ["begin", "complete", "leave"]);
  });
});

describe("createGate, replays and waits", () => {
  it("answers with a stored result and runs nothing", async () => {
    for (const effects of ["store", "external"] as const) {
      const replaying = guard("idempotency", "idempotency", { begin: async () => ({ replay: true, value: 7 }) });
      const action = anAction(effects, () => assert.fail());
      const { gate, store } = createFixture([action], [replaying]);
      const outcome = await gate.attempt(attempt());
      assert.equal(outcome.ok && outcome.value, 7);
      assert.deepEqual(store.notes, ["begin", "commit"]);
    }
  });

  it("waits outside the transaction and begins again", async () => {
    let begun = 0;
    const notes: string[] = [];
    const waiting = guard("idempotency", "idempotency", {
      begin: async () => {
        begun += 1;
        if (begun === 3) return undefined;
        return { wait: async () => notes.push([...store.notes].join(" ")) > 0, denial: refusal };
      },
    });
    const { gate, store } = createFixture([anAction("store")], [waiting]);
    assert.equal((await gate.attempt(attempt())).ok, true);
    assert.deepEqual(notes, ["begin rollback", "begin rollback begin rollback"]);
  });

  it("denies when waiting has come to nothing", async () => {
    const begin = async () => ({ wait: async () => false, denial: refusal });
    const { gate } = createFixture([anAction("external")], [guard("idempotency", "idempotency", { begin })]);
    assert.equal(await gate.attempt(attempt()), refusal);
  });
});

describe("createGate, modes", () => {
  const refusing = guard("refusing", "limit", { enter: () => refusal });

  it("only reports in shadow mode", async () => {
    const { gate, events } = createFixture([anAction("none")], [refusing], { refusing: { mode: "shadow" } });
    assert.equal((await gate.attempt(attempt())).ok, true);
    assert.deepEqual(
      events.map(({ name, context }) => ({ name, context })),
      [{ name: "guard_shadowed", context: { guard: "refusing", problem: "PERMISSION_DENIED" } }],
    );
  });

  it("does not let a guard in shadow mode end an attempt by failing, and keeps its notes through a rollback", async () => {
    const broken = guard("broken", "limit", { enter: () => assert.fail("broken") });
    const begins = guard("begins", "idempotency", { begin: async () => refusal });
    const settings = { broken: { mode: "shadow" }, begins: { mode: "shadow" } } as const;
    const action = anAction("store", async () => deny(problems.STATE_CONFLICT));
    const { gate, events, reported } = createFixture([action], [broken, begins], settings);
    const outcome = await gate.attempt(attempt());
    assert.equal(!outcome.ok && outcome.problem.code, "STATE_CONFLICT");
    assert.equal(reported.length, 1);
    assert.deepEqual(
      events.map(({ name }) => name),
      ["guard_shadowed", "guard_shadowed", "request_refused"],
    );
  });

  it("announces what is switched off, with the reason, and lists it in the inventory", async () => {
    const off = { refusing: { mode: "off", reason: "migration of the office network" } } as const;
    const { gate, events } = createFixture([anAction("none")], [refusing], off);
    assert.equal(events[0]?.name, "guard_disabled");
    assert.equal(events[0]?.target, "refusing");
    assert.deepEqual(events[0]?.context, { reason: "migration of the office network" });
    assert.equal((await gate.attempt(attempt())).ok, true);
    assert.deepEqual(gate.inventory(), [
      {
        action: "thing.change",
        entrance: "http",
        effects: "none",
        steps: [{ phase: "limit", guard: "refusing", mode: "off", summary: "test" }],
      },
    ]);
  });
});

describe("createGate, reasons not to start", () => {
  function reasons(build: () => unknown): readonly string[] {
    try {
      build();
    } catch (error) {
      assert.ok(error instanceof BootRefusedError);
      return error.reasons;
    }
    return [];
  }

  it("refuses two actions or two guards of one name", () => {
    const twice = guard("twice", "admit", {});
    assert.deepEqual(
      reasons(() => createFixture([anAction("none"), anAction("store")], [twice, twice])),
      [
        "guards.twice: two guards have this name; rename one of them.",
        "The action thing.change is declared twice; rename one of them.",
      ],
    );
  });

  // Types are stripped before a program runs. With effects nobody knows an action would run without its transaction,
  // its audit row and its idempotency record; at an entrance nobody knows it would have no guards to pass.
  it("refuses words that type stripping lets through, in declarations and in actions made by hand", () => {
    const effects = 'The action thing.change has unknown effects "sotre"; choose one of none, store, external.';
    const entrance = /^The action thing\.change names an unknown entrance "htp"; choose of .*http/;
    // What type stripping lets through has no type.
    const mistyped = "sotre" as AnyAction["effects"];
    assert.throws(() => anAction(mistyped), { name: "TypeError", message: effects });
    const entrances = ["htp"] as unknown as AnyAction["entrances"];
    const found = reasons(() => createFixture([{ ...anAction("none"), effects: mistyped, entrances }], []));
    assert.equal(found.length, 2);
    assert.match(found[0] ?? "", entrance);
    assert.equal(found[1], effects);
  });

  it("collects what guards have against actions", () => {
    const strict: Guard = { ...guard("strict", "admit", {}), check: ({ name }) => [`${name} is unsafe`] };
    assert.deepEqual(
      reasons(() => createFixture([anAction("none")], [strict])),
      ["thing.change is unsafe"],
    );
  });

  it("refuses unknown guards, impossible modes and guards off without a reason", () => {
    const strict: Guard = { ...guard("strict", "admit", {}), modes: ["enforce"] };
    const settings: Record<string, GuardSetting> = {
      missing: { mode: "shadow" },
      strict: { mode: "shadow" },
      lax: { mode: "off", reason: "  " },
    };
    const found = reasons(() => createFixture([], [strict, guard("lax", "admit", {})], settings));
    assert.deepEqual(found, [
      "guards.missing: there is no such guard; the guards are strict, lax.",
      'guards.strict.mode: "shadow" is not possible; choose enforce.',
      "guards.lax.reason: say why the guard is off; it is recorded in the audit trail.",
    ]);
  });
});
