import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { openActorKit, type ActorKit } from "../../testing/actor-kit.ts";
import {
  channelKey,
  connectionAttempt,
  Ear,
  openTestInstallation,
  openTestNode,
  type TestNode,
} from "../../testing/cluster-kit.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { eventually } from "../../testing/sqlite-fixture.ts";
import { actor } from "../actor/actor.ts";

const counter = actor("counter", {
  key: ["name"],
  state: z.object({ marks: z.array(z.string()) }),
  initial: () => ({ marks: [] }),
  channels: { default: { canSubscribe: () => true } },
  events: { counted: { schema: z.object({ mark: z.string() }) } },
  commands: {
    add: {
      input: z.object({ mark: z.string() }),
      policy: "public",
      handler: ({ state, input, emit }) => {
        state.marks.push(input.mark);
        emit("counted", { mark: input.mark });
        return state.marks.length;
      },
    },
  },
});

const times = { beat: 150, lease: 450, patience: 5_000, drain: 300 };
const address = { tenant: "acme", type: "counter", key: ["one"] };

interface Worker {
  readonly node: TestNode;
  readonly kit: ActorKit;
}

describe("actors on a cluster", () => {
  it(
    "go on at another worker, with their state and their stream, when theirs drains",
    { timeout: 60_000 },
    async () => {
      await using stack = new AsyncDisposableStack();
      const installation = stack.use(await openTestInstallation());
      const common = { ...installation, bus: createMemoryBus(), times };
      const openWorker = async (): Promise<Worker> => {
        const node = stack.use(await openTestNode({ ...common, roles: ["worker"] }));
        const { store } = installation;
        const options = { definitions: [counter], store, clock: createFakeClock(), node: node.cluster.node };
        const kit = stack.use(await openActorKit(options));
        const { hub } = node.cluster;
        node.cluster.work({
          async perform(at, attempt) {
            const outcome = await kit.actors.perform(at, attempt);
            for (const pushed of kit.pushed.splice(0)) hub.publish(pushed);
            return outcome;
          },
        });
        return { node, kit };
      };
      const workers = [await openWorker(), await openWorker()];
      const gateway = stack.use(await openTestNode({ ...common, roles: ["gateway"] }));
      const ear = new Ear();
      await gateway.cluster.hub.subscribe(channelKey("counter:one"), ear);

      const add = async (from: number, to: number): Promise<void> => {
        for (let number = from; number <= to; number += 1) {
          const input = { key: ["one"], input: { mark: `mark ${number}` } };
          const outcome = await gateway.cluster.desk.perform(
            address,
            connectionAttempt({ action: "counter.add", input }),
          );
          assert.ok(outcome.ok, outcome.ok ? "" : outcome.problem.code);
          assert.equal(outcome.value, number);
        }
      };
      await add(1, 5);
      const record = await workers[0]?.kit.record(["counter", "one"]);
      const owner = workers.find(({ node }) => node.cluster.node === record?.owner);
      const other = workers.find((each) => each !== owner);
      await owner?.node.cluster.drain();
      await add(6, 10);
      await eventually(() => ear.offsets.length === 10);
      assert.deepEqual([ear.offsets, ear.lostCount], [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0]);
      assert.equal(new Set(ear.heard.map(({ position }) => position?.epoch)).size, 1);
      const moved = await workers[0]?.kit.record(["counter", "one"]);
      assert.equal(moved?.owner, other?.node.cluster.node);
      assert.ok((moved?.epoch ?? 0) > (record?.epoch ?? 0));
    },
  );
});
