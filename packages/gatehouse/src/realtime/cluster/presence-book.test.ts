import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Member } from "../presence.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { channelKey, Ear, openTestInstallation, openTestNode, type TestNode } from "../../testing/cluster-kit.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { createUnreliableBus, type Fate } from "../../testing/unreliable-bus.ts";

const key = channelKey("room:one");

interface Site extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly nodes: readonly TestNode[];
  /** What becomes of messages between nodes about presence. */
  fate: (message: string) => Fate;
  open(options?: { readonly members?: number; readonly announced?: number }): Promise<TestNode>;
  /** Ends a node as a SIGKILL would, or stops it as a SIGSTOP. */
  kill(node: TestNode): void;
  wake(node: TestNode): void;
  pass(milliseconds: number): Promise<void>;
}

async function openSite(count: number): Promise<Site> {
  const stack = new AsyncDisposableStack();
  const clock = createFakeClock();
  const installation = stack.use(await openTestInstallation(clock));
  const rules: Pick<Site, "fate"> = { fate: () => "deliver" };
  const killed = new Set<string>();
  const nodes: TestNode[] = [];
  const plain = createMemoryBus();
  const open: Site["open"] = async (bounds) => {
    const bus = createUnreliableBus(plain, (topic, message) => {
      const from = message.split(".")[2] ?? "";
      if (killed.has(from)) return "drop";
      return topic === "gatehouse.realtime.presence" ? rules.fate(message) : "deliver";
    });
    let name = "";
    const isKilled = (): boolean => killed.has(name);
    // The timers of a process that was killed do nothing any more.
    const time = {
      ...clock,
      after: (milliseconds: number, task: () => void) => clock.after(milliseconds, () => void (isKilled() || task())),
    };
    const node = await openTestNode({
      ...installation,
      bus,
      roles: ["gateway"],
      time,
      ...(bounds === undefined ? {} : { bounds }),
    });
    name = node.cluster.node;
    stack.use(node);
    nodes.push(node);
    return node;
  };
  const pass = async (milliseconds: number): Promise<void> => {
    for (let left = milliseconds; left > 0; left -= 100) {
      await clock.advance(Math.min(100, left));
      for (let turn = 0; turn < 6; turn += 1) await new Promise(setImmediate);
    }
  };
  for (let index = 0; index < count; index += 1) await open();
  // Until everybody knows everybody.
  await pass(8_000);
  return Object.assign(rules, {
    ...{ clock, nodes, open, pass },
    kill: (node: TestNode) => void killed.add(node.cluster.node),
    wake: (node: TestNode) => void killed.delete(node.cluster.node),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  });
}

function member(client: string, user: string, more: Partial<Member> = {}): Member {
  return { client, user, ...more };
}

async function clientsOn(node: TestNode | undefined): Promise<string[]> {
  return ((await node?.cluster.presence.members(key)) ?? []).map(({ client }) => client).toSorted();
}

/** What an ear was told of joins and leaves. */
function told(ear: Ear): string[] {
  return ear.heard.map(({ kind, message }) => `${kind} ${clientIn(message)}`);
}

function clientIn(message: string): string {
  const { push } = JSON.parse(message);
  return (push.join ?? push.leave).info.client;
}

async function listen(node: TestNode | undefined): Promise<Ear> {
  const ear = new Ear();
  await node?.cluster.hub.subscribe(key, ear);
  return ear;
}

describe("PresenceBook", () => {
  it("lists who is on a channel, on every node, and tells who joins and leaves", async () => {
    await using site = await openSite(3);
    const [first, second, third] = site.nodes;
    const ears = [await listen(first), await listen(third)];
    first?.cluster.presence.enter(key, member("c1", "ada", { conn_info: { name: "Ada" }, chan_info: { seat: 4 } }));
    second?.cluster.presence.enter(key, member("c2", "ben"));
    second?.cluster.presence.enter(key, member("c3", "ada"));
    second?.cluster.presence.enter(channelKey("room:other"), member("c2", "ben"));
    await site.pass(200);
    for (const node of site.nodes) {
      assert.deepEqual(await clientsOn(node), ["c1", "c2", "c3"]);
      assert.deepEqual(await node.cluster.presence.stats(key), { clients: 3, users: 2 });
    }
    const [ada] = (await third?.cluster.presence.members(key)) ?? [];
    assert.deepEqual(ada, { client: "c1", user: "ada", conn_info: { name: "Ada" }, chan_info: { seat: 4 } });
    for (const ear of ears) assert.deepEqual(told(ear).toSorted(), ["join c1", "join c2", "join c3"]);
    assert.deepEqual(JSON.parse(ears[0]?.messages[0] ?? ""), {
      push: {
        channel: "room:one",
        join: { info: { client: "c1", user: "ada", conn_info: { name: "Ada" }, chan_info: { seat: 4 } } },
      },
    });
    second?.cluster.presence.leave(key, "c2");
    second?.cluster.presence.leave(key, "nobody");
    await site.pass(4_500);
    assert.deepEqual(await clientsOn(third), ["c1", "c2", "c3"]);
    await site.pass(1_000);
    for (const node of site.nodes) assert.deepEqual(await clientsOn(node), ["c1", "c3"]);
    for (const ear of ears) assert.equal(told(ear).at(-1), "leave c2");
  });

  it("is silent when a principal comes back in time, on whichever node", async () => {
    await using site = await openSite(2);
    const [first, second] = site.nodes;
    const ears = [await listen(first), await listen(second)];
    first?.cluster.presence.enter(key, member("c1", "ada"));
    await site.pass(200);
    first?.cluster.presence.leave(key, "c1");
    await site.pass(1_000);
    first?.cluster.presence.enter(key, member("c2", "ada"));
    await site.pass(10_000);
    first?.cluster.presence.leave(key, "c2");
    await site.pass(1_000);
    second?.cluster.presence.enter(key, member("c3", "ada"));
    await site.pass(10_000);
    for (const ear of ears) assert.deepEqual(told(ear), ["join c1"]);
    // The seat is the one that everybody knows.
    for (const node of site.nodes) assert.deepEqual(await clientsOn(node), ["c1"]);
    second?.cluster.presence.leave(key, "c3");
    await site.pass(6_000);
    for (const ear of ears) assert.deepEqual(told(ear), ["join c1", "leave c1"]);
    for (const node of site.nodes) assert.deepEqual(await clientsOn(node), []);
  });

  it("tells what somebody says about itself when that has changed", async () => {
    await using site = await openSite(2);
    const ear = await listen(site.nodes[1]);
    const presence = site.nodes[0]?.cluster.presence;
    presence?.enter(key, member("c1", "ada", { chan_info: "writing" }));
    await site.pass(200);
    presence?.enter(key, member("c1", "ada", { chan_info: "writing" }));
    await site.pass(200);
    presence?.enter(key, member("c1", "ada", { chan_info: "idle" }));
    await site.pass(200);
    assert.deepEqual(told(ear), ["join c1", "join c1"]);
    assert.deepEqual(await site.nodes[1]?.cluster.presence.members(key), [
      { client: "c1", user: "ada", chan_info: "idle" },
    ]);
  });

  it("keeps two connections of a principal apart", async () => {
    await using site = await openSite(2);
    const [first, second] = site.nodes;
    first?.cluster.presence.enter(key, member("phone", "ada"));
    second?.cluster.presence.enter(key, member("laptop", "ada"));
    await site.pass(200);
    first?.cluster.presence.leave(key, "phone");
    await site.pass(6_000);
    for (const node of site.nodes) {
      assert.deepEqual(await clientsOn(node), ["laptop"]);
      assert.deepEqual(await node.cluster.presence.stats(key), { clients: 1, users: 1 });
    }
  });

  it("leaves no ghosts of a node that was killed, and loses nobody of the others", async () => {
    await using site = await openSite(3);
    const [first, second, third] = site.nodes;
    const ear = await listen(third);
    first?.cluster.presence.enter(key, member("c1", "ada"));
    second?.cluster.presence.enter(key, member("c2", "ben"));
    await site.pass(200);
    assert.ok(first !== undefined);
    site.kill(first);
    await site.pass(10_000);
    assert.deepEqual(await clientsOn(third), ["c1", "c2"]);
    await site.pass(20_000);
    assert.deepEqual(await clientsOn(second), ["c2"]);
    assert.deepEqual(await clientsOn(third), ["c2"]);
    assert.deepEqual(told(ear).toSorted(), ["join c1", "join c2", "leave c1"]);
  });

  it("is silent about those who go on elsewhere while their node is restarted", async () => {
    await using site = await openSite(2);
    const [first, second] = site.nodes;
    const ear = await listen(second);
    for (const name of ["ada", "ben"]) first?.cluster.presence.enter(key, member(`${name} 1`, name));
    await site.pass(200);
    for (const name of ["ada", "ben"]) first?.cluster.presence.leave(key, `${name} 1`);
    await first?.cluster[Symbol.asyncDispose]();
    await site.pass(1_000);
    second?.cluster.presence.enter(key, member("ada 2", "ada"));
    await site.pass(10_000);
    assert.deepEqual(told(ear), ["join ada 1", "join ben 1", "leave ben 1"]);
    assert.deepEqual(await clientsOn(second), ["ada 1"]);
  });

  it("is complete on a node that has just started", async () => {
    await using site = await openSite(2);
    const many = Array.from({ length: 450 }, (_, index) => `c${String(index).padStart(3, "0")}`);
    for (const client of many) site.nodes[0]?.cluster.presence.enter(key, member(client, client));
    site.nodes[1]?.cluster.presence.enter(key, member("other", "other"));
    await site.pass(200);
    const late = await site.open();
    const members = clientsOn(late);
    await site.pass(900);
    assert.deepEqual(await members, [...many, "other"]);
  });

  it("finds out what it has missed, whichever message is lost", async () => {
    await using site = await openSite(3);
    const [first, second, third] = site.nodes;
    let seed = 1;
    for (let round = 1; round <= 12; round += 1) {
      site.fate = () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return (["deliver", "drop", "drop", "repeat"] as const)[seed % 4] ?? "deliver";
      };
      first?.cluster.presence.enter(key, member(`a${round}`, `a${round}`));
      second?.cluster.presence.enter(key, member(`b${round}`, `b${round}`));
      await site.pass(300);
      if (round > 3) first?.cluster.presence.leave(key, `a${round - 3}`);
      await site.pass(6_000);
    }
    site.fate = () => "deliver";
    await site.pass(30_000);
    const expected = [10, 11, 12].map((round) => `a${round}`);
    expected.push(...Array.from({ length: 12 }, (_, index) => `b${index + 1}`));
    for (const node of [first, second, third]) assert.deepEqual(await clientsOn(node), expected.toSorted());
  });

  it("takes back a node that was thought dead, with everybody on it", async () => {
    await using site = await openSite(2);
    const [first, second] = site.nodes;
    const ear = await listen(second);
    first?.cluster.presence.enter(key, member("c1", "ada"));
    await site.pass(200);
    assert.ok(first !== undefined && second !== undefined);
    site.kill(first);
    while (second.cluster.heartbeat.isAlive(first.cluster.node)) await site.pass(500);
    site.wake(first);
    await first.cluster.heartbeat.setRoles(["gateway"]);
    await site.pass(15_000);
    assert.deepEqual(await clientsOn(second), ["c1"]);
    assert.equal(told(ear).at(-1), "join c1");
  });

  it("does the same for one process without a bus", async () => {
    const clock = createFakeClock();
    await using installation = await openTestInstallation(clock);
    await using node = await openTestNode({ ...installation, bus: undefined, time: clock });
    const ear = await listen(node);
    node.cluster.presence.enter(key, member("c1", "ada"));
    assert.deepEqual(await clientsOn(node), ["c1"]);
    node.cluster.presence.leave(key, "c1");
    await clock.advance(5_000);
    assert.deepEqual([await clientsOn(node), told(ear)], [[], ["join c1", "leave c1"]]);
  });
});

// Whoever joins and leaves as fast as it can, or brings a crowd, makes every node and every reader of the channel work.
// What others are told stays within what they can follow, and ends with the truth.
describe("presence spam", () => {
  it("of one connection is told no more than 100 times a second, and ends as it is", async () => {
    await using site = await openSite(2);
    const ears = [await listen(site.nodes[0]), await listen(site.nodes[1])];
    const messages: string[] = [];
    site.fate = (message) => (messages.push(message), "deliver");
    const presence = site.nodes[0]?.cluster.presence;
    for (let round = 0; round < 10_000; round += 1) {
      presence?.enter(key, member("c1", "eve", { chan_info: round }));
      presence?.leave(key, "c1");
    }
    presence?.enter(key, member("c1", "eve", { chan_info: "last" }));
    await site.pass(900);
    for (const ear of ears) assert.ok(ear.heard.length <= 101, String(ear.heard.length));
    assert.ok(messages.length < 10, `${messages.length} messages between nodes`);
    await site.pass(3_000);
    for (const [index, ear] of ears.entries()) {
      assert.match(ear.messages.at(-1) ?? "", /"chan_info":"last"/, `node ${index}`);
    }
    assert.deepEqual(await clientsOn(site.nodes[1]), ["c1"]);
  });

  it("of a crowd is told at 100 a second, and not at all beyond the members that are listed", async () => {
    await using site = await openSite(1);
    const small = await site.open({ members: 300 });
    await site.pass(8_000);
    const ear = await listen(small);
    for (let index = 0; index < 250; index += 1) small.cluster.presence.enter(key, member(`c${index}`, `u${index}`));
    assert.equal(ear.heard.length, 100);
    await site.pass(1_100);
    assert.equal(ear.heard.length, 200);
    await site.pass(1_100);
    assert.equal(ear.heard.length, 250);
    for (let index = 250; index < 2_000; index += 1)
      small.cluster.presence.enter(key, member(`c${index}`, `u${index}`));
    await site.pass(5_000);
    assert.equal(ear.heard.length, 300);
    assert.equal((await small.cluster.presence.members(key)).length, 300);
    assert.deepEqual(await small.cluster.presence.stats(key), { clients: 2_000, users: 2_000 });
    assert.deepEqual(await site.nodes[0]?.cluster.presence.stats(key), { clients: 2_000, users: 2_000 });
  });

  it("of what somebody says about itself is left out beyond 1 KiB", async () => {
    await using site = await openSite(2);
    const [first, second] = site.nodes;
    const [long, short] = ["x".repeat(1_023), "x".repeat(1_022)];
    first?.cluster.presence.enter(key, member("c1", "eve", { conn_info: short, chan_info: long }));
    await site.pass(200);
    const expected = [{ client: "c1", user: "eve", conn_info: short }];
    assert.deepEqual(await first?.cluster.presence.members(key), expected);
    assert.deepEqual(await second?.cluster.presence.members(key), expected);
  });
});
