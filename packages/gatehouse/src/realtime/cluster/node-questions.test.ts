import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Bus } from "../../kernel/ports/bus.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { openTestInstallation, openTestNode, type TestNode } from "../../testing/cluster-kit.ts";
import type { NodeQuestions } from "./node-questions.ts";

type Message = readonly [topic: string, text: string];

/** Three nodes, and everything that has been sent between them. */
async function openNodes(stack: AsyncDisposableStack) {
  const bus = stack.use(createMemoryBus({ report: (error) => assert.fail(String(error)) }));
  const sent: Message[] = [];
  const recorded: Bus = {
    publish(topic, text) {
      sent.push([topic, text]);
      return bus.publish(topic, text);
    },
    subscribe: (topic, receive) => bus.subscribe(topic, receive),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const installation = stack.use(await openTestInstallation());
  const open = async () => stack.use(await openTestNode({ ...installation, bus: recorded }));
  const nodes = [await open(), await open(), await open()] as const;
  for (const { cluster } of nodes) await cluster.heartbeat.readAgain();
  return { bus, sent, nodes };
}

function questionsOf({ cluster: { emulation } }: TestNode): NodeQuestions {
  assert.ok(emulation !== undefined);
  return emulation;
}

/*
 * What a node asks another one to do is a message on a bus that others may be able to write to. Sent once more, or to
 * another node, it must do nothing.
 */
describe("Questions of nodes that somebody has recorded", () => {
  it("are not answered again, by the node they were for or by another", async () => {
    await using stack = new AsyncDisposableStack();
    const { bus, sent, nodes } = await openNodes(stack);
    const [first, second, third] = nodes;
    const done: string[] = [];
    for (const node of nodes) {
      questionsOf(node).serve((question) => {
        done.push(`${node.cluster.node} ${String(question)}`);
        return "done";
      });
    }
    assert.deepEqual(await questionsOf(first).ask(second.cluster.node, "do it"), { kind: "answer", answer: "done" });
    const questions = sent.filter(([topic]) => topic.endsWith(second.cluster.node) && topic.includes("emulation"));
    assert.equal(questions.length, 1);
    for (const [topic, text] of questions) {
      await bus.publish(topic, text);
      await bus.publish(topic.replace(second.cluster.node, third.cluster.node), text);
      await bus.publish(topic.replace("emulation", "everywhere"), text);
    }
    assert.deepEqual(await questionsOf(first).ask(third.cluster.node, "and this"), { kind: "answer", answer: "done" });
    assert.deepEqual(done, [`${second.cluster.node} do it`, `${third.cluster.node} and this`]);
  });
});

describe("questions of nodes", () => {
  it("are not sent to a node that does not live", async () => {
    await using stack = new AsyncDisposableStack();
    const { sent, nodes } = await openNodes(stack);
    const before = sent.length;
    assert.deepEqual(await questionsOf(nodes[0]).ask("nobody", "are you there?"), { kind: "gone" });
    assert.equal(sent.length, before);
  });

  it("are given up when their node leaves", async () => {
    await using stack = new AsyncDisposableStack();
    const { nodes } = await openNodes(stack);
    const [first, second] = nodes;
    const asked = Promise.withResolvers<void>();
    questionsOf(second).serve(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    const answer = questionsOf(first).ask(second.cluster.node, "wait");
    await asked.promise;
    await second.cluster[Symbol.asyncDispose]();
    assert.deepEqual(await answer, { kind: "gone" });
  });

  it("are bounded, in number and in length", async () => {
    await using stack = new AsyncDisposableStack();
    const { nodes } = await openNodes(stack);
    const [first, second] = nodes;
    const answers = Promise.withResolvers<string>();
    questionsOf(second).serve(() => answers.promise);
    const ask = (question: string) => questionsOf(first).ask(second.cluster.node, question);
    assert.deepEqual(await ask("x".repeat(1_048_577)), { kind: "unsent", reason: "too long" });
    const waiting = Array.from({ length: 1_000 }, (_, number) => ask(String(number)));
    assert.deepEqual(await ask("one too many"), { kind: "unsent", reason: "full" });
    answers.resolve("here");
    for (const told of await Promise.all(waiting)) assert.deepEqual(told, { kind: "answer", answer: "here" });
    assert.deepEqual(await ask("once more"), { kind: "answer", answer: "here" });
  });
});
