import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeterministicRandom } from "../testing/deterministic-random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { attemptOf } from "../testing/passage.ts";
import { createRecordingStore } from "../testing/recording-store.ts";
import { defineAction, type AnyAction } from "./action.ts";
import { UNNAMED, type Attempt } from "./attempt.ts";
import { createEventStream } from "./event-stream.ts";
import type { SecurityEvent } from "./event.ts";
import { createGate, type Gate } from "./gate.ts";
import type { Guard, GuardStep, Passage, Phase } from "./guard.ts";
import { createIds } from "./ids.ts";
import { deny } from "./outcome.ts";
import { problems } from "./problems.ts";
import type { Receive } from "./receive.ts";

interface Fixture {
  readonly gate: Gate;
  readonly events: SecurityEvent[];
  readonly reported: unknown[];
  /** What happened, in order. */
  readonly order: string[];
  /** Notes that it was called, and brings an attempt. */
  readonly receive: (attempt: Partial<Attempt>) => Receive;
}

function createFixture(guards: (order: string[]) => readonly Guard[]): Fixture {
  const order: string[] = [];
  const clock = createFakeClock();
  const events: SecurityEvent[] = [];
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const stream = createEventStream(report);
  stream.subscribe((event) => events.push(event));
  const ids = createIds(clock, createDeterministicRandom());
  const store = createRecordingStore();
  const run: AnyAction["run"] = async ({ input, attempt }) => order.push(`run ${attempt.action} ${input}`);
  const action = defineAction({
    name: "thing.change",
    entrances: ["http", "live"],
    input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
    effects: "none",
    authorise: "public",
    run,
  });
  const gate = createGate({ actions: [action], guards: guards(order), store, events: stream, clock, ids, report });
  const receive = (attempt: Partial<Attempt>): Receive => {
    return async () => {
      order.push("receive");
      return { attempt: { ...begun, ...attempt } };
    };
  };
  return { gate, events, reported, order, receive };
}

const begun = attemptOf({ input: undefined });
const unnamed = attemptOf({ input: undefined, action: UNNAMED, entrance: "live" });
const live = { entrance: "live" } as const;

function guard(name: string, phase: Phase, hooks: Partial<GuardStep> = {}): Guard {
  const step = { guard: name, phase, summary: "test", ...hooks };
  return { name, phase, modes: ["enforce", "shadow", "off"], compile: () => step };
}

/** Guards that note what they see when they are entered, and that they are left. */
function witnesses(order: string[]): Guard[] {
  const hooks = (name: string): Partial<GuardStep> => ({
    enter: ({ input, action }) => void order.push(`${name} ${action.name} ${input}`),
    leave: () => void order.push(`leave ${name}`),
  });
  return (["admit", "provenance"] as const).map((phase) => guard(phase, phase, hooks(phase)));
}

describe("Gate.attempt, with a body that is still to be received", () => {
  it("receives it once, after the guards of the phase admit and before all others", async () => {
    const { gate, order, receive } = createFixture(witnesses);
    assert.equal((await gate.attempt(begun, receive({ input: "tea" }))).ok, true);
    const [first, ...others] = ["admit thing.change undefined", "receive", "provenance thing.change tea"];
    assert.deepEqual(order, [first, ...others, "run thing.change tea", "leave provenance", "leave admit"]);
  });

  it("receives it where no guard follows, or none is there at all", async () => {
    for (const guards of [[guard("admit", "admit")], []]) {
      const { gate, order, receive } = createFixture(() => guards);
      assert.equal((await gate.attempt(begun, receive({ input: "tea" }))).ok, true);
      assert.deepEqual(order, ["receive", "run thing.change tea"]);
    }
  });

  it("does not receive it for an attempt that is not admitted", async () => {
    const refusing = guard("admit", "admit", { enter: () => deny(problems.SOURCE_BANNED) });
    const { gate, order, receive, events } = createFixture(() => [refusing]);
    const outcome = await gate.attempt(begun, receive({ input: "tea" }));
    assert.equal(!outcome.ok && outcome.problem, problems.SOURCE_BANNED);
    assert.deepEqual(order, []);
    assert.deepEqual(
      events.map(({ action }) => action),
      ["thing.change"],
    );
  });

  it("ends with the denial of what could not be received, in one event, and leaves what was entered", async () => {
    const { gate, order, events } = createFixture(witnesses);
    const outcome = await gate.attempt(begun, async () => deny(problems.PAYLOAD_TOO_LARGE));
    assert.equal(!outcome.ok && outcome.problem, problems.PAYLOAD_TOO_LARGE);
    assert.deepEqual(order, ["admit thing.change undefined", "leave admit"]);
    assert.deepEqual(
      events.map(({ action, problem, requestId }) => [action, problem, requestId]),
      [["thing.change", "PAYLOAD_TOO_LARGE", begun.id]],
    );
  });

  it("answers a failure to receive like any other, and leaves what was entered", async () => {
    const { gate, order, reported } = createFixture(witnesses);
    const outcome = await gate.attempt(begun, () => Promise.reject(new Error("the socket is on fire")));
    assert.equal(!outcome.ok && outcome.problem, problems.INTERNAL_ERROR);
    assert.equal(reported.length, 1);
    assert.deepEqual(order, ["admit thing.change undefined", "leave admit"]);
  });

  it("takes key and evidence from what was received, but no key that nobody has signed", async () => {
    const seen: (string | undefined)[] = [];
    const look = guard("look", "provenance", {
      enter: ({ idempotencyKey }: Passage) => void seen.push(idempotencyKey),
    });
    const { gate, receive } = createFixture(() => [look]);
    await gate.attempt(begun, receive({ idempotencyKey: "k" }));
    const signed = { kind: "signed", headers: {}, body: new Uint8Array(0) } as const;
    await gate.attempt({ ...begun, provenance: signed }, receive({ provenance: signed, idempotencyKey: "k" }));
    assert.deepEqual(seen, ["k", undefined]);
  });
});

describe("Gate.attempt, with a body that will name the action", () => {
  it("goes on with the guards of the named action, and asks none twice", async () => {
    const { gate, order, receive } = createFixture(witnesses);
    const outcome = await gate.attempt(unnamed, receive({ ...live, input: "tea" }));
    assert.equal(outcome.ok, true);
    const [first, ...others] = ["admit live.request undefined", "receive", "provenance thing.change tea"];
    assert.deepEqual(order, [first, ...others, "run thing.change tea", "leave provenance", "leave admit"]);
  });

  it("asks guards of the phase admit that know one action alone once it has been named", async () => {
    const special: Guard = {
      ...guard("special", "admit"),
      compile: ({ name }) =>
        name === "thing.change"
          ? { guard: "special", phase: "admit", summary: "test", enter: () => deny(problems.PERMISSION_DENIED) }
          : undefined,
    };
    const { gate, order, receive, events } = createFixture((notes) => [...witnesses(notes), special]);
    const outcome = await gate.attempt(unnamed, receive({ ...live, input: "tea" }));
    assert.equal(!outcome.ok && outcome.problem, problems.PERMISSION_DENIED);
    assert.deepEqual(order, ["admit live.request undefined", "receive", "leave admit"]);
    assert.equal(events[0]?.action, "thing.change");
  });

  it("says in events that the action is not known, until it is", async () => {
    const refusing = guard("late", "limit", { enter: () => deny(problems.RATE_LIMIT_EXCEEDED) });
    const { gate, receive, events } = createFixture(() => [refusing]);
    const denial = deny(problems.MALFORMED_REQUEST);
    await gate.attempt(unnamed, async () => denial);
    await gate.attempt(unnamed, async () => ({ attempt: { ...begun, ...live }, denial }));
    await gate.attempt(unnamed, receive(live));
    await gate.attempt(unnamed, receive({ ...live, action: "no.such" }));
    assert.deepEqual(
      events.map(({ action, problem }) => `${action} ${problem}`),
      [
        "live.request MALFORMED_REQUEST",
        "thing.change MALFORMED_REQUEST",
        "thing.change RATE_LIMIT_EXCEEDED",
        "gate.unknown RATE_LIMIT_EXCEEDED",
      ],
    );
  });

  it("finds no action where nothing is declared by that name", async () => {
    const { gate, order, receive } = createFixture(witnesses);
    const outcome = await gate.attempt(unnamed, receive({ ...live, action: "live.request" }));
    assert.equal(!outcome.ok && outcome.problem, problems.ACTION_NOT_FOUND);
    assert.ok(order.includes("provenance gate.unknown undefined"), order.join());
  });
});
