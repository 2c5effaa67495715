import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Bus } from "../../kernel/ports/bus.ts";
import { openTestInstallation, openTestNode, type TestNode } from "../../testing/cluster-kit.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";

const report = (error: unknown): never => {
  throw error;
};

/** Loses messages that a test says are lost. */
function losing(bus: Bus, isLost: (topic: string) => boolean): Bus {
  return {
    publish: (topic, message) => (isLost(topic) ? Promise.resolve() : bus.publish(topic, message)),
    subscribe: (topic, receive) => bus.subscribe(topic, receive),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function openNodes(
  stack: AsyncDisposableStack,
  bus: (index: number) => Bus,
  answer = 2_000,
): Promise<readonly TestNode[]> {
  const installation = stack.use(await openTestInstallation());
  const nodes: TestNode[] = [];
  for (let index = 0; index < 3; index += 1) {
    nodes.push(stack.use(await openTestNode({ ...installation, bus: bus(index), times: { answer } })));
  }
  for (const { cluster } of nodes) await cluster.heartbeat.readAgain();
  return nodes;
}

describe("asking every node", () => {
  it("brings the answer of each, one's own first", async () => {
    await using stack = new AsyncDisposableStack();
    const bus = stack.use(createMemoryBus({ report }));
    const nodes = await openNodes(stack, () => bus);
    for (const { cluster } of nodes) cluster.everywhere.serve((question) => ({ of: cluster.node, question }));
    const [first] = nodes;
    assert.ok(first !== undefined);
    const answers = await first.cluster.everywhere.ask("who?");
    assert.deepEqual(answers[0], { node: first.cluster.node, answer: { of: first.cluster.node, question: "who?" } });
    assert.deepEqual(new Set(answers.map(({ node }) => node)), new Set(nodes.map(({ cluster }) => cluster.node)));
    for (const { node, answer } of answers) assert.deepEqual(answer, { of: node, question: "who?" });
  });

  it("has a node do something once, although its answers were lost", async () => {
    await using stack = new AsyncDisposableStack();
    const bus = stack.use(createMemoryBus({ report }));
    let lost = 0;
    const nodes = await openNodes(stack, (index) =>
      index === 0 ? bus : losing(bus, (topic) => topic.includes("everywhere") && (lost += 1) <= 3),
    );
    const done = [0, 0, 0];
    for (const [index, { cluster }] of nodes.entries()) {
      cluster.everywhere.serve(() => ({ times: (done[index] = (done[index] ?? 0) + 1) }));
    }
    const answers = await nodes[0]?.cluster.everywhere.ask("do it");
    assert.deepEqual(
      answers?.map(({ answer }) => answer),
      [{ times: 1 }, { times: 1 }, { times: 1 }],
    );
    assert.ok(lost > 3);
    assert.deepEqual(done, [1, 1, 1]);
  });

  it("waits no longer than it says, and names who has not answered", async () => {
    await using stack = new AsyncDisposableStack();
    const bus = stack.use(createMemoryBus({ report }));
    const deaf = (index: number): Bus => (index === 2 ? losing(bus, (topic) => topic.includes("everywhere")) : bus);
    const nodes = await openNodes(stack, deaf, 300);
    for (const { cluster } of nodes) cluster.everywhere.serve(() => "here");
    const answers = await nodes[0]?.cluster.everywhere.ask("who?");
    const silent = answers?.filter(({ answer }) => answer === undefined).map(({ node }) => node);
    assert.deepEqual(silent, [nodes[2]?.cluster.node]);
    assert.equal(answers?.length, 3);
  });
});
