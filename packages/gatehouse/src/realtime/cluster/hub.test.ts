import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import {
  channelKey,
  Ear,
  keep,
  openTestInstallation,
  openTestNode,
  publicationAt,
  publications,
  volatilePublication,
  type TestInstallation,
  type TestNode,
  type TestNodeOptions,
} from "../../testing/cluster-kit.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { eventually } from "../../testing/sqlite-fixture.ts";
import { createUnreliableBus, type Fate } from "../../testing/unreliable-bus.ts";
import { channelTopic } from "./hub-messages.ts";

const key = channelKey("room:one");

interface Two extends AsyncDisposable {
  readonly here: TestNode;
  readonly there: TestNode;
  readonly installation: TestInstallation;
}

/** Two nodes on one bus, which does to the messages of channels what `fate` says. */
async function openTwo(fate: () => Fate = () => "deliver", options: Partial<TestNodeOptions> = {}): Promise<Two> {
  await using stack = new AsyncDisposableStack();
  const installation = stack.use(await openTestInstallation(options.time));
  const isChannel = (topic: string): boolean => topic === channelTopic(key);
  const bus = createUnreliableBus(createMemoryBus(), (topic) => (isChannel(topic) ? fate() : "deliver"));
  const here = stack.use(await openTestNode({ ...installation, bus, ...options }));
  const there = stack.use(await openTestNode({ ...installation, bus, ...options }));
  const kept = stack.move();
  return { here, there, installation, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Writes a publication as a turn does, and tells of it once it is committed. */
async function publish({ here, installation }: Two, ...offsets: readonly number[]): Promise<void> {
  for (const offset of offsets) {
    await keep(installation.store, key, [offset]);
    here.cluster.hub.publish(publicationAt(key, offset));
  }
}

describe("ChannelHub", () => {
  it("tells subscribers here at once and in order, and those of other nodes", async () => {
    await using two = await openTwo();
    const [near, far] = [new Ear(), new Ear()];
    await two.here.cluster.hub.subscribe(key, near);
    await two.there.cluster.hub.subscribe(key, far);
    await keep(two.installation.store, key, [1, 2]);
    two.here.cluster.hub.publish(publicationAt(key, 1));
    two.here.cluster.hub.publish(volatilePublication(key, "cursor"));
    two.here.cluster.hub.publish(publicationAt(key, 2));
    assert.deepEqual(near.messages.length, 3);
    await eventually(() => far.heard.length === 3);
    assert.deepEqual(far.heard, near.heard);
  });

  it("goes on where a stream is, whoever subscribes when", async () => {
    await using two = await openTwo();
    await keep(two.installation.store, key, [41, 42]);
    const ear = new Ear();
    await two.there.cluster.hub.subscribe(key, ear);
    await publish(two, 43);
    await eventually(() => ear.offsets.length === 1);
    assert.deepEqual([ear.offsets, ear.lostCount], [[43], 0]);
  });

  it("encodes a message once for all who hear it", async () => {
    await using two = await openTwo();
    const ears = Array.from({ length: 50 }, (_, index) => new Ear(`connection ${index}`));
    for (const ear of ears) await two.here.cluster.hub.subscribe(key, ear);
    two.here.cluster.hub.publish(volatilePublication(key, "ü"));
    const encodings = new Set(ears.flatMap((ear) => [...ear.encodings]));
    assert.equal(encodings.size, 1);
    assert.deepEqual(
      [...encodings].map((bytes) => Buffer.from(bytes).toString()),
      [ears[0]?.messages[0]],
    );
  });

  it("tells those alone for whom something is", async () => {
    await using two = await openTwo();
    const ears = [new Ear("c1", "ada"), new Ear("c2", "ada"), new Ear("c3", "ben"), new Ear("c4", "cleo")];
    for (const { cluster } of [two.here, two.there]) for (const ear of ears) await cluster.hub.subscribe(key, ear);
    const tell = (more: object): void => two.here.cluster.hub.publish({ ...volatilePublication(key, "x"), ...more });
    const heard = async (expected: readonly string[]): Promise<void> => {
      await eventually(() => ears.reduce((sum, ear) => sum + ear.heard.length, 0) >= 2 * expected.length);
      assert.deepEqual(
        ears.flatMap((ear) => ear.heard.map(() => ear.connection)).sort(),
        [...expected, ...expected].sort(),
      );
      for (const ear of ears) ear.heard.length = 0;
    };
    tell({ audience: { principals: ["ada"] } });
    await heard(["c1", "c2"]);
    tell({ audience: { connections: ["c3"] } });
    await heard(["c3"]);
    tell({ audience: { principals: ["cleo"], connections: ["c1"] } });
    await heard(["c1", "c4"]);
    tell({ except: ["c1", "c3"] });
    await heard(["c2", "c4"]);
    tell({ except: ["c1"], audience: { principals: ["ada"] } });
    await heard(["c2"]);
    tell({ audience: {} });
    tell({});
    await heard(["c1", "c2", "c3", "c4"]);
  });

  it("reads what the bus has lost from the store", async () => {
    let lost = false;
    await using two = await openTwo(() => (lost ? "drop" : "deliver"));
    const ear = new Ear();
    await two.there.cluster.hub.subscribe(key, ear);
    await publish(two, 1, 2);
    await eventually(() => ear.offsets.length === 2);
    lost = true;
    await publish(two, 3, 4, 5);
    lost = false;
    await publish(two, 6);
    await eventually(() => ear.offsets.length === 6);
    assert.deepEqual(ear.offsets, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(JSON.parse(ear.messages[3] ?? ""), {
      push: { channel: "room:one", pub: { data: { n: 4 }, offset: 4 } },
    });
  });

  it("tells nobody of what they have said themselves, also where it is read from the store", async () => {
    const fates: Fate[] = ["drop"];
    await using two = await openTwo(() => fates.shift() ?? "deliver");
    const [sender, other] = [new Ear("sender"), new Ear("other")];
    await keep(two.installation.store, key, [1]);
    for (const ear of [sender, other]) await two.there.cluster.hub.subscribe(key, ear);
    const said = { offset: 2, epoch: "run", data: '{"n":2}', at: systemClock.now(), except: ["sender"] };
    await two.installation.store.write((transaction) => publications.append(transaction, key, [said]));
    two.here.cluster.hub.publish({ ...publicationAt(key, 2), except: ["sender"] });
    await publish(two, 3);
    await eventually(() => other.offsets.length === 2);
    assert.deepEqual([other.offsets, sender.offsets], [[2, 3], [3]]);
    assert.equal(sender.lostCount, 0);
  });

  it("says that something is lost when the store has not kept it either", async () => {
    let lost = false;
    await using two = await openTwo(() => (lost ? "drop" : "deliver"));
    const [far, near] = [new Ear(), new Ear()];
    await two.there.cluster.hub.subscribe(key, far);
    await two.here.cluster.hub.subscribe(key, near);
    await publish(two, 1);
    await eventually(() => far.offsets.length === 1);
    lost = true;
    for (const offset of [2, 3]) two.here.cluster.hub.publish(publicationAt(key, offset));
    lost = false;
    await publish(two, 4);
    await eventually(() => far.lostCount === 1);
    assert.deepEqual([far.offsets, far.lostCount], [[1], 1]);
    assert.deepEqual([near.offsets, near.lostCount], [[1, 2, 3, 4], 0]);
    assert.equal(two.there.cluster.hub.count(key), 0);
    const again = new Ear();
    await two.there.cluster.hub.subscribe(key, again);
    await publish(two, 5);
    await eventually(() => again.offsets.length === 1);
    assert.deepEqual([far.offsets, again.offsets], [[1], [5]]);
  });

  it("finds by a look at the store that the last publication was lost", async () => {
    const time = createFakeClock();
    let lost = false;
    await using two = await openTwo(() => (lost ? "drop" : "deliver"), { time });
    const ear = new Ear();
    const second = new Ear();
    await two.there.cluster.hub.subscribe(key, ear);
    await two.there.cluster.hub.subscribe(channelKey("room:quiet"), second);
    await publish(two, 1);
    await time.advance(0);
    lost = true;
    await publish(two, 2, 3);
    await time.advance(30_000);
    assert.deepEqual(ear.offsets, [1]);
    await time.advance(15_000);
    assert.deepEqual(ear.offsets, [1, 2, 3]);
    assert.deepEqual([second.heard, second.lostCount, ear.lostCount], [[], 0, 0]);
  });

  it("tells each publication once, however often and in whatever order it comes", async () => {
    await using two = await openTwo(() => "repeat");
    const ear = new Ear();
    await two.there.cluster.hub.subscribe(key, ear);
    await publish(two, 1, 2);
    await keep(two.installation.store, key, [3, 4, 5]);
    for (const offset of [5, 3, 4, 4, 1]) two.here.cluster.hub.publish(publicationAt(key, offset));
    await eventually(() => ear.offsets.length >= 5);
    await publish(two, 6);
    await eventually(() => ear.offsets.includes(6));
    assert.deepEqual(ear.offsets, [1, 2, 3, 4, 5, 6]);
  });

  it("says that a stream that begins anew has lost its position, and leaves an old run's messages alone", async () => {
    await using two = await openTwo();
    const ear = new Ear();
    await two.there.cluster.hub.subscribe(key, ear);
    await publish(two, 1, 2);
    two.here.cluster.hub.publish(publicationAt(key, 9, "old run"));
    await publish(two, 3);
    await eventually(() => ear.offsets.length === 3);
    assert.equal(ear.lostCount, 0);
    await two.installation.store.write(async (transaction) => {
      await transaction
        .query<{ realtime_publications: { channel: string } }>()
        .deleteFrom("realtime_publications")
        .execute();
    });
    await keep(two.installation.store, { ...key, epoch: "new run" }, [1]);
    two.here.cluster.hub.publish(publicationAt(key, 1, "new run"));
    await eventually(() => ear.lostCount === 1);
    assert.deepEqual(ear.offsets, [1, 2, 3]);
  });

  it("listens for a while after the last subscriber has left, and not for ever", async () => {
    const time = createFakeClock();
    await using installation = await openTestInstallation(time);
    const plain = createMemoryBus();
    let listening = 0;
    const bus = {
      ...plain,
      async subscribe(topic: string, receive: (message: string) => void) {
        const subscription = await plain.subscribe(topic, receive);
        if (topic === channelTopic(key)) listening += 1;
        return {
          async [Symbol.asyncDispose]() {
            if (topic === channelTopic(key)) listening -= 1;
            await subscription[Symbol.asyncDispose]();
          },
        };
      },
    };
    await using node = await openTestNode({ ...installation, bus, time });
    const { hub } = node.cluster;
    const subscriptions = [await hub.subscribe(key, new Ear("c1")), await hub.subscribe(key, new Ear("c2"))];
    assert.deepEqual([listening, hub.count(key)], [1, 2]);
    for (const subscription of subscriptions) subscription[Symbol.dispose]();
    assert.equal(hub.count(key), 0);
    await time.advance(4_000);
    assert.equal(listening, 1);
    const third = await hub.subscribe(key, new Ear("c3"));
    await time.advance(20_000);
    assert.equal(listening, 1);
    third[Symbol.dispose]();
    third[Symbol.dispose]();
    await time.advance(6_000);
    assert.equal(listening, 0);
    await hub.subscribe(key, new Ear("c4"));
    assert.equal(listening, 1);
  });

  it("refuses subscriptions while the bus is away, and takes them when it is back", async () => {
    await using installation = await openTestInstallation();
    const plain = createMemoryBus();
    let away = false;
    const bus = {
      ...plain,
      subscribe: (topic: string, receive: (message: string) => void) =>
        away ? Promise.reject(new StoreUnavailableError("bus", "away")) : plain.subscribe(topic, receive),
    };
    await using node = await openTestNode({ ...installation, bus });
    away = true;
    await assert.rejects(node.cluster.hub.subscribe(key, new Ear()), StoreUnavailableError);
    await assert.rejects(node.cluster.hub.subscribe(key, new Ear()), StoreUnavailableError);
    away = false;
    await node.cluster.hub.subscribe(key, new Ear());
    assert.equal(node.cluster.hub.count(key), 1);
  });

  it("tells nobody any more who has left while a message is on its way", async () => {
    await using two = await openTwo();
    const { hub } = two.here.cluster;
    const last = new Ear("last");
    const leaving: Disposable[] = [];
    const first = new Ear("first");
    first.hear = () => leaving[0]?.[Symbol.dispose]();
    await hub.subscribe(key, first);
    leaving.push(await hub.subscribe(key, last));
    hub.publish(volatilePublication(key, "x"));
    assert.deepEqual(last.heard, []);
  });

  it("reports a subscriber that throws and goes on with the others", async () => {
    await using two = await openTwo();
    const { hub } = two.here.cluster;
    const failure = new Error("ear failed");
    const broken = new Ear("broken");
    broken.hear = () => {
      throw failure;
    };
    const ear = new Ear("whole");
    await hub.subscribe(key, broken);
    await hub.subscribe(key, ear);
    hub.publish(volatilePublication(key, "x"));
    assert.equal(ear.heard.length, 1);
    assert.deepEqual(two.here.reported, [failure]);
  });

  it("does the same for one process without a bus", async () => {
    await using installation = await openTestInstallation();
    await using node = await openTestNode({ ...installation, bus: undefined });
    const ear = new Ear();
    await keep(installation.store, key, [7]);
    await node.cluster.hub.subscribe(key, ear);
    await keep(installation.store, key, [8, 9]);
    for (const offset of [8, 9]) node.cluster.hub.publish(publicationAt(key, offset));
    assert.deepEqual(ear.offsets, [8, 9]);
  });
});

describe("telling thousands", () => {
  it("lets everything else of the process have its turn in between, and keeps the order", async () => {
    await using two = await openTwo();
    const { hub } = two.here.cluster;
    const ears = Array.from({ length: 5_000 }, (_, index) => new Ear(`connection ${index}`));
    for (const ear of ears) await hub.subscribe(key, ear);
    let turns = 0;
    let counting = true;
    const turn = (): void => {
      turns += 1;
      if (counting) setImmediate(turn);
    };
    setImmediate(turn);
    for (let number = 0; number < 20; number += 1) hub.publish(volatilePublication(key, String(number)));
    const last = ears.at(-1);
    await eventually(() => last?.heard.length === 20);
    counting = false;
    // At most a thousand of them in one turn, the first publication and the others that have waited meanwhile.
    assert.ok(turns >= 9, `${turns} turns of the event loop`);
    // A busy machine ends slices early, but never at one recipient.
    assert.ok(turns < 1_000, `${turns} turns of the event loop`);
    const expected = ears[0]?.messages;
    for (const ear of ears) assert.deepEqual(ear.messages, expected);
  });

  it("gives up a slice early where its recipients are slow", async () => {
    await using two = await openTwo();
    const { hub } = two.here.cluster;
    const slow = Array.from({ length: 512 }, (_, index) => new Ear(`connection ${index}`));
    for (const ear of slow) {
      ear.hear = (pushed) => {
        ear.heard.push(pushed);
        const until = systemClock.monotonic() + 0.25;
        while (systemClock.monotonic() < until);
      };
      await hub.subscribe(key, ear);
    }
    hub.publish(volatilePublication(key, "x"));
    const heard = slow.filter((ear) => ear.heard.length > 0).length;
    assert.ok(heard >= 32 && heard <= 192, `${heard} heard in the first slice`);
    await eventually(() => slow.every((ear) => ear.heard.length === 1));
  });
});

// Somebody who publishes faster than thousands of connections can be told would fill the memory with what waits. What is
// volatile is dropped then; where that is not possible, those who listen are told that they have lost their position.
describe("a flood of publications", () => {
  it("is dropped where it is volatile, and costs a position where it is not", async () => {
    await using two = await openTwo();
    const { hub } = two.here.cluster;
    const ears = Array.from({ length: 1_500 }, (_, index) => new Ear(`connection ${index}`));
    for (const ear of ears) await hub.subscribe(key, ear);
    const text = "x".repeat(100_000);
    for (let number = 0; number < 200; number += 1) hub.publish(volatilePublication(key, text));
    await eventually(() => (ears.at(-1)?.heard.length ?? 0) > 50);
    const heard = ears[0]?.heard.length ?? 0;
    assert.ok(heard < 120, `${heard} of 200 were told`);
    assert.ok(ears.every((ear) => ear.lostCount === 0));
    for (let offset = 1; offset <= 400; offset += 1) {
      hub.publish({ ...publicationAt(key, offset), message: text });
    }
    await eventually(() => ears.every((ear) => ear.lostCount === 1));
  });
});
