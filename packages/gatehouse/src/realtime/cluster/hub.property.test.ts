import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { StreamPositions } from "../../kernel/ports/publications.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import {
  channelKey,
  Ear,
  keep,
  openTestInstallation,
  openTestNode,
  publicationAt,
  publications,
  type TestNode,
} from "../../testing/cluster-kit.ts";
import { createUnreliableBus, type Fate } from "../../testing/unreliable-bus.ts";

type Step =
  | { readonly kind: "publish"; readonly by: 0 | 1; readonly fate: Fate }
  /** Committed, and its node died before it told of it. */
  | { readonly kind: "keep" }
  | { readonly kind: "release" }
  | { readonly kind: "turn" }
  | { readonly kind: "check" }
  | { readonly kind: "forget"; readonly kept: number }
  | { readonly kind: "join"; readonly node: 0 | 1 | 2 }
  | { readonly kind: "leave" };

const node = fc.constantFrom(0 as const, 1 as const, 2 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      by: fc.constantFrom(0 as const, 1 as const),
      fate: fc.constantFrom<Fate>("deliver", "deliver", "drop", "repeat", "delay"),
    }),
    weight: 12,
  },
  { arbitrary: fc.record({ kind: fc.constant("keep" as const) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant("release" as const) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("turn" as const) }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant("check" as const) }), weight: 1 },
  {
    arbitrary: fc.record({ kind: fc.constant("forget" as const), kept: fc.integer({ min: 0, max: 3 }) }),
    weight: 1,
  },
  { arbitrary: fc.record({ kind: fc.constant("join" as const), node }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("leave" as const) }), weight: 1 },
);

/** Somebody who listens from a position on, as a connection does: what it has read before it subscribed is not missed. */
interface Listener {
  readonly ear: Ear;
  readonly from: number;
  readonly subscription: Disposable;
  /** Up to where it was meant to hear, once it has left. */
  until: number | undefined;
}

let runs = 0;

describe("a hub on a bus that loses, repeats and turns around", () => {
  it(
    "tells every subscriber each offset once and in order, or that its position is lost",
    { timeout: 120_000 },
    async () => {
      await using installation = await openTestInstallation();
      const { store } = installation;
      let fate: Fate = "deliver";
      const isChannel = (topic: string): boolean => topic.includes(".channel.");
      const bus = createUnreliableBus(createMemoryBus(), (topic) => (isChannel(topic) ? fate : "deliver"));
      await using stack = new AsyncDisposableStack();
      // As the record of an actor does, it knows where a stream is of which nothing is kept any more.
      const offsets = new Map<string, number>();
      const positions: StreamPositions = {
        newest: async (_, keys) =>
          keys.map(({ channel }) => {
            const offset = offsets.get(channel);
            return offset === undefined ? undefined : { offset, epoch: "run" };
          }),
      };
      const nodes: TestNode[] = [];
      for (let count = 0; count < 3; count += 1)
        nodes.push(stack.use(await openTestNode({ ...installation, bus, positions })));

      const run = async (steps: readonly Step[]): Promise<void> => {
        runs += 1;
        const key = channelKey(`room:run${runs}`);
        const listeners: Listener[] = [];
        let offset = 0;
        const commit = async (): Promise<void> => {
          offset += 1;
          await keep(store, key, [offset]);
          offsets.set(key.channel, offset);
        };
        const check = async (): Promise<void> => {
          for (const { cluster } of nodes) await cluster.hub.checkPositions();
          await settled();
        };
        const take = async (next: Step): Promise<void> => {
          switch (next.kind) {
            case "publish":
              await commit();
              fate = next.fate;
              nodes[next.by]?.cluster.hub.publish(publicationAt(key, offset));
              fate = "deliver";
              return;
            case "keep":
              return commit();
            case "release":
              return bus.release();
            case "turn":
              return settled();
            case "check":
              return check();
            case "forget":
              return store.write((transaction) => publications.trim(transaction, key, next.kept));
            case "join": {
              const ear = new Ear(`connection ${listeners.length}`);
              const subscription = await nodes[next.node]?.cluster.hub.subscribe(key, ear);
              assert.ok(subscription !== undefined);
              listeners.push({ ear, from: offset, subscription, until: undefined });
              return;
            }
            case "leave": {
              const listener = listeners.find(({ until }) => until === undefined);
              if (listener === undefined) return;
              listener.subscription[Symbol.dispose]();
              listener.until = listener.ear.offsets.at(-1) ?? listener.from;
            }
          }
        };
        for (const next of steps) await take(next);
        await bus.release();
        await settled();
        await check();
        await check();
        for (const { ear, from, until, subscription } of listeners) {
          subscription[Symbol.dispose]();
          // What was published before it subscribed it has read itself, and drops.
          const heard = ear.offsets.filter((each) => each > from);
          const expected = Array.from({ length: heard.length }, (_, index) => from + 1 + index);
          assert.deepEqual(heard, expected, "each once and in order");
          if (ear.lostCount > 0) assert.equal(ear.lostCount, 1);
          else if (until === undefined) assert.equal(from + heard.length, offset, "nothing left out in silence");
        }
        for (const each of nodes) assert.deepEqual(each.reported, []);
        assert.ok(nodes.every(({ cluster }) => cluster.hub.count(key) === 0));
      };

      await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), run), { numRuns: 300 });
    },
  );
});

/** Lets messages and reads under way arrive. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate);
}
