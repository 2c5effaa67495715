import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Attempt } from "../../kernel/attempt.ts";
import { deny, type Outcome } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import {
  actorRecords,
  connectionAttempt,
  openTestInstallation,
  openTestNode,
  room,
  type TestInstallation,
  type TestNode,
  type TestNodeOptions,
} from "../../testing/cluster-kit.ts";
import { createRoomWorker, marksOf, type RoomWorker } from "../../testing/room-worker.ts";
import { eventually } from "../../testing/sqlite-fixture.ts";
import { createUnreliableBus, type Fate, type UnreliableBus } from "../../testing/unreliable-bus.ts";
import { carryAttempt } from "./carried-attempt.ts";
import { nodeTopic } from "./link-messages.ts";
import { SignedBus } from "./signed-bus.ts";

interface Worker extends TestNode {
  readonly rooms: RoomWorker;
}

interface Installation extends AsyncDisposable {
  readonly common: TestInstallation;
  readonly bus: UnreliableBus;
  readonly gateway: TestNode;
  readonly workers: readonly Worker[];
  /** What is to become of the next messages to a node: the first that applies. */
  fate: (topic: string, message: string) => Fate;
  openWorker(hold?: (mark: string) => Promise<void>): Promise<Worker>;
}

/** Short times, so that tests do not wait for long; what they are relative to each other is as it is by default. */
const times = { beat: 150, lease: 450, patience: 5_000, drain: 300 };

async function openInstallation(count: number, options: Partial<TestNodeOptions> = {}): Promise<Installation> {
  const stack = new AsyncDisposableStack();
  const common = stack.use(await openTestInstallation());
  const workers: Worker[] = [];
  const rules: { fate: Installation["fate"] } = { fate: () => "deliver" };
  const bus = createUnreliableBus(createMemoryBus(), (topic, message) => rules.fate(topic, message));
  const openWorker = async (hold?: (mark: string) => Promise<void>): Promise<Worker> => {
    const node = stack.use(await openTestNode({ ...common, bus, roles: ["worker"], times, ...options }));
    const holding = hold === undefined ? {} : { hold };
    const rooms = stack.use(await createRoomWorker({ store: common.store, node: node.cluster.node, ...holding }));
    node.cluster.work(rooms);
    const worker = { ...node, rooms };
    workers.push(worker);
    return worker;
  };
  for (let index = 0; index < count; index += 1) await openWorker();
  const gateway = stack.use(await openTestNode({ ...common, bus, roles: ["gateway"], times, ...options }));
  return Object.assign(rules, {
    ...{ common, bus, gateway, workers, openWorker },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  });
}

function say(mark: string, more: Partial<Attempt> = {}, name = "one"): Attempt {
  return connectionAttempt({ input: { key: [name], input: { mark } }, ...more });
}

function expectValue(outcome: Outcome, value: unknown): void {
  assert.ok(outcome.ok, outcome.ok ? "" : `${outcome.problem.code} ${outcome.detail ?? ""}`);
  assert.deepEqual(outcome.value, value);
}

function code(outcome: Outcome): string {
  return outcome.ok ? "ok" : outcome.problem.code;
}

async function ownerOf({ common }: Installation, name = "one"): Promise<string | undefined> {
  return (await common.store.read((transaction) => actorRecords.find(transaction, room(name))))?.owner;
}

describe("the command desk", () => {
  it("takes commands of one actor to one worker, whichever gateway they come to", async () => {
    // Nobody is to be taken for dead because the machine is busy.
    const patient = { ...times, beat: 5_000, lease: 60_000 };
    await using installation = await openInstallation(3, { times: patient });
    const { gateway, workers, common } = installation;
    await using second = await openTestNode({ ...common, bus: installation.bus, roles: ["gateway"], times: patient });
    for (let number = 1; number <= 6; number += 1) {
      const { desk } = (number % 2 === 0 ? gateway : second).cluster;
      expectValue(await desk.perform(room("one"), say(`mark ${number}`)), { number });
    }
    assert.deepEqual(workers.map(({ rooms }) => rooms.came.length).toSorted(), [0, 0, 6]);
    assert.deepEqual(
      await marksOf(common.store, room("one")),
      [1, 2, 3, 4, 5, 6].map((number) => `mark ${number}`),
    );
  });

  it("spreads actors over the workers", async () => {
    await using installation = await openInstallation(3);
    const names = Array.from({ length: 30 }, (_, index) => `room-${index}`);
    const { desk } = installation.gateway.cluster;
    await Promise.all(names.map((name) => desk.perform(room(name), say(name, {}, name))));
    // A busy worker is asked again for what it is doing already.
    assert.equal(new Set(installation.workers.flatMap(({ rooms }) => rooms.came)).size, 30);
    const loads = installation.workers.map(({ rooms }) => rooms.came.length);
    assert.ok(
      loads.every((load) => load > 0),
      String(loads),
    );
  });

  it("performs what is its own node's without the bus", async () => {
    await using installation = await openInstallation(0);
    const { common, bus } = installation;
    await using node = await openTestNode({ ...common, bus, times });
    await using rooms = await createRoomWorker({ store: common.store, node: node.cluster.node });
    node.cluster.work(rooms);
    installation.fate = () => "drop";
    await installation.gateway[Symbol.asyncDispose]();
    expectValue(await node.cluster.desk.perform(room("one"), say("here")), { number: 1 });
  });

  it("hands over whatever the gate says, and who is attempting it", async () => {
    await using installation = await openInstallation(1);
    const { desk } = installation.gateway.cluster;
    const guest = { type: "guest", id: "eve", tenant: "acme", grants: new Set<string>() } as const;
    const outcome = await desk.perform(
      room("one"),
      say("x", { credentials: [{ kind: "connection", principal: guest }] }),
    );
    assert.equal(code(outcome), "PERMISSION_DENIED");
    const [event] = installation.workers[0]?.rooms.kit.events ?? [];
    assert.deepEqual([event?.actor.id, event?.source], ["eve", { entrance: "realtime", ip: "192.0.2.7" }]);
    const denied = await desk.perform(
      room("one"),
      connectionAttempt({ action: "room.unknown", input: say("x").input }),
    );
    assert.equal(code(denied), "ACTION_NOT_FOUND");
    assert.deepEqual(await marksOf(installation.common.store, room("one")), []);
  });

  it("answers a repeated command of a client with its first result", async () => {
    await using installation = await openInstallation(2);
    const { desk } = installation.gateway.cluster;
    const attempt = say("once", { idempotencyKey: "client-1" });
    expectValue(await desk.perform(room("one"), attempt), { number: 1 });
    const again = await desk.perform(room("one"), attempt);
    expectValue(again, { number: 1 });
    assert.equal(again.ok && again.idempotency?.cached, true);
    assert.deepEqual(await marksOf(installation.common.store, room("one")), ["once"]);
  });

  it("does not carry credentials that prove something", async () => {
    await using installation = await openInstallation(1);
    const { desk } = installation.gateway.cluster;
    const more: Partial<Attempt> = { entrance: "http", credentials: [{ kind: "bearer", token: "secret" }] };
    const sent: string[] = [];
    installation.fate = (_, message) => (sent.push(message), "deliver");
    assert.equal(code(await desk.perform(room("one"), say("x", more))), "INTERNAL_ERROR");
    assert.ok(sent.every((message) => !message.includes("secret")));
    assert.equal(installation.gateway.reported.length, 1);
  });

  it("loses no command and does none twice when requests and answers are lost, repeated and late", async () => {
    await using installation = await openInstallation(2, { times: { ...times, patience: 20_000 } });
    const { desk } = installation.gateway.cluster;
    const fates: Fate[] = ["drop", "deliver", "repeat", "deliver", "delay", "deliver", "drop"];
    let next = 0;
    installation.fate = (topic) => {
      if (!topic.startsWith("gatehouse.realtime.node.")) return "deliver";
      next += 1;
      return fates[next % fates.length] ?? "deliver";
    };
    const releasing = setInterval(() => void installation.bus.release(), 100);
    const marks = Array.from({ length: 40 }, (_, index) => `mark ${index}`);
    const outcomes = await Promise.all(
      marks.map((mark, index) => desk.perform(room(`room-${index % 4}`), say(mark, {}, `room-${index % 4}`))),
    );
    clearInterval(releasing);
    assert.deepEqual(
      outcomes.map(code),
      marks.map(() => "ok"),
    );
    const kept = await Promise.all(
      [0, 1, 2, 3].map((index) => marksOf(installation.common.store, room(`room-${index}`))),
    );
    assert.deepEqual(kept.flat().toSorted(), marks.toSorted());
    // An attempt that is sent again is not counted again.
    assert.equal(installation.workers.flatMap(({ rooms }) => rooms.came).length, marks.length);
  });

  it("has a command done once by another worker when the owner dies with it", async () => {
    await using installation = await openInstallation(2);
    const { gateway, workers, common } = installation;
    const { desk } = gateway.cluster;
    expectValue(await desk.perform(room("one"), say("before")), { number: 1 });
    const id = await ownerOf(installation);
    const dead = workers.find(({ cluster }) => cluster.node === id);
    const other = workers.find(({ cluster }) => cluster.node !== id);
    assert.ok(dead !== undefined && other !== undefined);
    // It performs what comes, and nothing of it gets out any more: neither answers nor beats.
    installation.fate = (_, message) => (message.includes(`.${dead.cluster.node}.`) ? "drop" : "deliver");
    const fates = desk.perform(room("one"), say("while it dies"));
    await eventually(() => dead.rooms.came.length === 2);
    await dead.cluster.heartbeat[Symbol.asyncDispose]();
    const outcome = await fates;
    expectValue(outcome, { number: 2 });
    assert.equal(outcome.ok && outcome.idempotency?.cached, true);
    expectValue(await desk.perform(room("one"), say("after")), { number: 3 });
    assert.deepEqual(await marksOf(common.store, room("one")), ["before", "while it dies", "after"]);
    assert.equal(await ownerOf(installation), other.cluster.node);
  });

  it("finds an actor that has moved", async () => {
    await using installation = await openInstallation(2);
    const { gateway, workers, common } = installation;
    expectValue(await gateway.cluster.desk.perform(room("one"), say("first")), { number: 1 });
    const before = await ownerOf(installation);
    const other = workers.find(({ cluster }) => cluster.node !== before);
    assert.ok(other !== undefined && before !== undefined);
    await common.store.write(async (transaction) => {
      await actorRecords.release(transaction, before, room("one"));
      await actorRecords.claim(transaction, room("one"), other.cluster.node);
    });
    // The gateway remembers the former owner, and that one remembers the room: the store tells them.
    expectValue(await gateway.cluster.desk.perform(room("one"), say("second")), { number: 2 });
    const fenced = workers.find(({ cluster }) => cluster.node === before)?.rooms.fenced;
    assert.deepEqual([fenced, other.rooms.came], [1, ["second"]]);
  });

  it("lets commands go on elsewhere when a worker drains, and none is refused", async () => {
    await using installation = await openInstallation(2);
    const { gateway, workers, common } = installation;
    const { desk } = gateway.cluster;
    const names = ["a", "b", "c", "d", "e", "f"];
    const done: string[] = [];
    const flows = names.map(async (name) => {
      for (let number = 0; number < 30; number += 1) {
        expectValue(await desk.perform(room(name), say(`${name} ${number}`, {}, name)), { number: number + 1 });
        done.push(name);
      }
    });
    await eventually(() => done.length > 20);
    const [leaving, staying] = workers;
    await leaving?.cluster.drain();
    const came = leaving?.rooms.came.length;
    await Promise.all(flows);
    assert.equal(leaving?.rooms.came.length, came);
    assert.ok((staying?.rooms.came.length ?? 0) > 0);
    for (const name of names) {
      const expected = Array.from({ length: 30 }, (_, number) => `${name} ${number}`);
      assert.deepEqual(await marksOf(common.store, room(name)), expected);
      assert.equal(await ownerOf(installation, name), staying?.cluster.node);
    }
  });

  it("waits for turns under way before it releases them", async () => {
    const held = Promise.withResolvers<void>();
    await using installation = await openInstallation(0);
    const worker = await installation.openWorker(() => held.promise);
    const { desk } = installation.gateway.cluster;
    await installation.gateway.cluster.heartbeat.readAgain();
    const outcome = desk.perform(room("one"), say("slow"));
    await eventually(() => worker.rooms.came.length === 1);
    let drained = false;
    const draining = worker.cluster.drain().then(() => (drained = true));
    await delay(50);
    assert.equal(drained, false);
    held.resolve();
    expectValue(await outcome, { number: 1 });
    await draining;
    assert.equal(await ownerOf(installation), "");
  });

  it("tries a worker again that cannot reach the store for a moment, and not for ever", async () => {
    await using installation = await openInstallation(1);
    const [worker] = installation.workers;
    let failures = 3;
    let came = 0;
    worker?.cluster.work({
      async perform() {
        came += 1;
        failures -= 1;
        return failures >= 0 ? deny(problems.STORE_UNAVAILABLE) : { ok: true, value: "done", limits: [] };
      },
    });
    const { desk } = installation.gateway.cluster;
    expectValue(await desk.perform(room("one"), say("x")), "done");
    assert.equal(came, 4);
    failures = Infinity;
    assert.equal(code(await desk.perform(room("one"), say("y", { deadline: Date.now() + 400 }))), "STORE_UNAVAILABLE");
  });

  it("says that nothing was changed when there is no worker in time", async () => {
    await using installation = await openInstallation(0);
    const { desk } = installation.gateway.cluster;
    const started = performance.now();
    const outcome = await desk.perform(room("one"), say("x", { deadline: Date.now() + 300 }));
    assert.equal(code(outcome), "STORE_UNAVAILABLE");
    assert.ok(performance.now() - started >= 250);
  });

  it("says that the outcome is unknown when an owner does not answer in time, or nobody waits any longer", async () => {
    await using installation = await openInstallation(0);
    const worker = await installation.openWorker(() => new Promise(() => undefined));
    await installation.gateway.cluster.heartbeat.readAgain();
    const { desk } = installation.gateway.cluster;
    assert.equal(code(await desk.perform(room("one"), say("x", { deadline: Date.now() + 1_000 }))), "OUTCOME_UNKNOWN");
    assert.deepEqual(worker.rooms.came, ["x"]);
    const away = new AbortController();
    const outcome = desk.perform(room("one"), say("y", { signal: away.signal }));
    await eventually(() => worker.rooms.came.length === 2);
    away.abort();
    assert.equal(code(await outcome), "OUTCOME_UNKNOWN");
  });

  it("refuses commands that are too large to travel, and results that are come without them", async () => {
    await using installation = await openInstallation(1);
    const { desk } = installation.gateway.cluster;
    assert.equal(code(await desk.perform(room("one"), say("x".repeat(2_000_000)))), "PAYLOAD_TOO_LARGE");
    expectValue(await desk.perform(room("one"), say("x".repeat(200_000))), { number: 1 });
    const [worker] = installation.workers;
    worker?.cluster.work({ perform: async () => ({ ok: true, value: "y".repeat(2_000_000), limits: [] }) });
    assert.equal(code(await desk.perform(room("one"), say("z"))), "IDEMPOTENCY_RESULT_TOO_LARGE");
  });

  it("takes a command without a result for done", async () => {
    await using installation = await openInstallation(1);
    installation.workers[0]?.cluster.work({ perform: async () => ({ ok: true, value: undefined, limits: [] }) });
    expectValue(await installation.gateway.cluster.desk.perform(room("one"), say("x")), undefined);
  });

  it("knows a problem of the library by its code, and takes one of an application as it is told", async () => {
    await using installation = await openInstallation(1);
    const { desk } = installation.gateway.cluster;
    const answer = (outcome: Outcome): void => installation.workers[0]?.cluster.work({ perform: async () => outcome });
    const limits = [{ policy: "p", limit: 1, window: 2, remaining: 0, resetAt: 3, retryAfter: 4 }];
    const more = {
      detail: "d",
      retryAfter: 7,
      limits,
      violations: [{ pointer: "/x", message: "m" }],
      extensions: { e: 1 },
    };
    answer(deny(problems.RATE_LIMIT_EXCEEDED, more));
    assert.deepEqual(await desk.perform(room("one"), say("x")), {
      ok: false,
      problem: problems.RATE_LIMIT_EXCEEDED,
      ...more,
    });
    const own = { ...problems.NOT_FOUND, code: "OF_AN_APPLICATION" };
    answer(deny(own, { detail: "d" }));
    assert.deepEqual(await desk.perform(room("one"), say("x")), { ok: false, problem: own, detail: "d" });
  });

  it("forgets a former process at once where it is the only one", async () => {
    await using common = await openTestInstallation();
    const long = { ...times, lease: 60_000 };
    const former = await openTestNode({ ...common, bus: undefined, times: long });
    await using rooms = await createRoomWorker({ store: common.store, node: former.cluster.node });
    former.cluster.work(rooms);
    expectValue(await former.cluster.desk.perform(room("one"), say("first")), { number: 1 });
    // It was killed: it does not leave, and its lease would hold for a minute.
    await using now = await openTestNode({ ...common, bus: undefined, times: long });
    await using newRooms = await createRoomWorker({ store: common.store, node: now.cluster.node });
    now.cluster.work(newRooms);
    expectValue(await now.cluster.desk.perform(room("one"), say("second")), { number: 2 });
    await former[Symbol.asyncDispose]();
  });
});

// Somebody who can publish in Valkey could answer commands in the place of their worker, or send commands in anybody's
// name. The key of the installation is needed for either, and even a node with it answers only what it was asked.
describe("answers and commands of strangers", () => {
  it("are not taken from another node than the one that was asked", async () => {
    await using installation = await openInstallation(0);
    const worker = await installation.openWorker(() => delay(300));
    await using other = await openTestNode({ ...installation.common, bus: installation.bus, times });
    await installation.gateway.cluster.heartbeat.readAgain();
    other.cluster.work({ perform: async () => ({ ok: true, value: "never", limits: [] }) });
    await installation.common.store.write((transaction) =>
      actorRecords.claim(transaction, room("one"), worker.cluster.node),
    );
    const outcome = installation.gateway.cluster.desk.perform(room("one"), say("x"));
    await eventually(() => worker.rooms.came.length === 1);
    // The answer another node would give to the very question, with every number that it could guess.
    const forger = new SignedBus({
      ...{ bus: installation.bus, keyRing: installation.common.keyRing, node: other.cluster.node, now: Date.now },
      refused: () => undefined,
    });
    const forged = { ok: true, value: { number: 666 }, limits: [] };
    for (let id = 0; id < 20; id += 1) {
      await forger.publish(
        nodeTopic(installation.gateway.cluster.node),
        JSON.stringify({ kind: "answer", id, outcome: forged }),
      );
    }
    expectValue(await outcome, { number: 1 });
  });

  it("are refused from a node that is not known to live, though it has the key", async () => {
    await using installation = await openInstallation(1);
    const [worker] = installation.workers;
    assert.ok(worker !== undefined);
    const stranger = new SignedBus({
      ...{ bus: installation.bus, keyRing: installation.common.keyRing, node: "stranger", now: Date.now },
      refused: () => undefined,
    });
    const options = { idempotencyKey: "k", patience: 1_000 };
    const attempt = carryAttempt({ address: room("one"), attempt: say("forged") }, options);
    for (let id = 0; id < 50; id += 1) {
      await stranger.publish(nodeTopic(worker.cluster.node), JSON.stringify({ kind: "ask", id, attempt }));
    }
    await delay(200);
    assert.deepEqual(worker.rooms.came, []);
    assert.deepEqual(await marksOf(installation.common.store, room("one")), []);
  });

  it("are told of in the trail, once a minute", async () => {
    await using installation = await openInstallation(1);
    const [worker] = installation.workers;
    assert.ok(worker !== undefined);
    for (let count = 0; count < 10; count += 1) {
      await installation.bus.publish(nodeTopic(worker.cluster.node), `{"kind":"ask","id":${count}}`);
    }
    const told = worker.events.filter(({ name }) => name === "realtime_message_refused");
    assert.deepEqual(
      told.map(({ context, level }) => [context, level]),
      [[{ malformed: 1 }, "critical"]],
    );
  });
});

// A node that asks for more than another can do would fill its memory and take its time from everybody else. What is under
// way is bounded on both sides, and what is beyond is refused at once.
describe("a flooded link", () => {
  it("refuses what is beyond what a node may have under way, and goes on afterwards", async () => {
    const held = Promise.withResolvers<void>();
    await using installation = await openInstallation(0, { bounds: { answered: 10 } });
    const worker = await installation.openWorker(() => held.promise);
    await installation.gateway.cluster.heartbeat.readAgain();
    const { desk } = installation.gateway.cluster;
    const outcomes = Array.from({ length: 50 }, (_, index) => desk.perform(room("one"), say(`mark ${index}`)));
    await eventually(() => worker.rooms.came.length === 10);
    await delay(100);
    held.resolve();
    const codes = (await Promise.all(outcomes)).map(code);
    assert.equal(codes.filter((each) => each === "ok").length, 10);
    assert.equal(codes.filter((each) => each === "TOO_MANY_CONCURRENT").length, 40);
    assert.equal(code(await desk.perform(room("one"), say("after"))), "ok");
    assert.equal((await marksOf(installation.common.store, room("one"))).length, 11);
  });

  it("refuses what is beyond what may wait for other nodes", async () => {
    const held = Promise.withResolvers<void>();
    await using installation = await openInstallation(0, { bounds: { asked: 5 } });
    const worker = await installation.openWorker(() => held.promise);
    await installation.gateway.cluster.heartbeat.readAgain();
    const { desk } = installation.gateway.cluster;
    const outcomes = Array.from({ length: 20 }, (_, index) => desk.perform(room("one"), say(`mark ${index}`)));
    await eventually(() => worker.rooms.came.length === 5);
    held.resolve();
    const codes = (await Promise.all(outcomes)).map(code);
    assert.equal(codes.filter((each) => each === "TOO_MANY_CONCURRENT").length, 15);
    assert.equal(worker.rooms.came.length, 5);
  });
});
