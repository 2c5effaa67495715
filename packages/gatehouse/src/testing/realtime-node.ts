import { createInterface } from "node:readline";
import { z } from "zod";
import { systemClock } from "../kernel/clock.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import type { Outcome } from "../kernel/outcome.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { openValkeyBus } from "../store/valkey/valkey-bus.ts";
import { openValkeyConnection } from "../store/valkey/valkey-connection.ts";
import {
  actorRecords,
  channelKey,
  connectionAttempt,
  Ear,
  openTestNode,
  publicationAt,
  publications,
  room,
} from "./cluster-kit.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { createFakeClock } from "./fake-clock.ts";
import { createRoomWorker, marksOf } from "./room-worker.ts";

/**
 * A node of realtime as a process of its own, on PostgreSQL and Valkey. It takes orders as lines of JSON on its standard
 * input, tells what happens as lines of JSON, and stops in order on SIGTERM.
 */
const options = z
  .object({
    postgres: z.string(),
    valkey: z.string(),
    prefix: z.string(),
    roles: z.array(z.enum(["gateway", "worker"])),
    /** Goes on with what it remembers when its lease has run out, as no real worker does: the store has to stop it. */
    stubborn: z.boolean().default(false),
  })
  .parse(JSON.parse(process.argv[2] ?? ""));

const order = z.discriminatedUnion("do", [
  /** Has a command performed, wherever its room runs. */
  z.object({ do: z.literal("say"), id: z.number(), room: z.string(), mark: z.string(), key: z.string().optional() }),
  /** Performs a command here, whoever the room belongs to. */
  z.object({ do: z.literal("force"), id: z.number(), room: z.string(), mark: z.string() }),
  z.object({ do: z.literal("listen"), id: z.number(), channel: z.string() }),
  /** Keeps publications of a channel and tells of them. */
  z.object({ do: z.literal("publish"), id: z.number(), channel: z.string(), from: z.number(), to: z.number() }),
  z.object({ do: z.literal("enter"), id: z.number(), channel: z.string(), client: z.string(), user: z.string() }),
  z.object({ do: z.literal("members"), id: z.number(), channel: z.string() }),
  /** Asks what the store has of a room. */
  z.object({ do: z.literal("look"), id: z.number(), room: z.string() }),
  z.object({ do: z.literal("status"), id: z.number() }),
]);

function tell(message: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function summary(outcome: Outcome): Readonly<Record<string, unknown>> {
  return outcome.ok ? { code: "ok", value: outcome.value } : { code: outcome.problem.code };
}

function causesOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `, because of ${causesOf(error.cause)}` : "";
  return `${String(error)}${cause}`;
}

const { postgres, valkey, prefix, roles, stubborn } = options;
const isWorker = roles.includes("worker");
await using stack = new AsyncDisposableStack();
const store = stack.use(await openPostgresStore({ url: postgres, clock: systemClock, migrations: coreMigrations }));
const connection = stack.use(await openValkeyConnection({ url: valkey, clock: systemClock }));
const bus = stack.use(await openValkeyBus({ connection, prefix }));
const keyRing = createKeyRing(generateKeyMaterial(createDeterministicRandom("keys of the nodes"), createFakeClock()));
const lost = (): void => {
  tell({ told: "lease lost" });
  if (!stubborn) rooms?.forget();
};
const node = await openTestNode({ store, keyRing, bus, roles, lost });
const { cluster } = node;
const publish = cluster.hub.publish.bind(cluster.hub);
const rooms = isWorker ? stack.use(await createRoomWorker({ store, node: cluster.node, publish })) : undefined;
if (rooms !== undefined) cluster.work(rooms);

async function obey(line: string): Promise<void> {
  const what = order.parse(JSON.parse(line));
  tell({ id: what.id, ...(await carryOut(what)) });
}

async function carryOut(what: z.infer<typeof order>): Promise<Readonly<Record<string, unknown>>> {
  switch (what.do) {
    case "say":
    case "force": {
      const desk = what.do === "force" ? rooms : cluster.desk;
      const input = { key: [what.room], input: { mark: what.mark } };
      const key = what.do === "say" && what.key !== undefined ? { idempotencyKey: what.key } : {};
      const outcome = await desk?.perform(room(what.room), connectionAttempt({ input, ...key }));
      return outcome === undefined ? { code: "none" } : summary(outcome);
    }
    case "listen": {
      const ear = new Ear(cluster.node);
      ear.hear = ({ position }) => tell({ told: "heard", channel: what.channel, offset: position?.offset });
      ear.lost = () => tell({ told: "lost", channel: what.channel });
      await cluster.hub.subscribe(channelKey(what.channel), ear);
      return {};
    }
    case "publish": {
      const key = channelKey(what.channel);
      for (let offset = what.from; offset <= what.to; offset += 1) {
        const row = { offset, epoch: "run", data: "{}", at: systemClock.now() };
        await store.write(async (transaction) => {
          await publications.append(transaction, key, [row]);
          transaction.afterCommit(() => cluster.hub.publish(publicationAt(key, offset)));
        });
      }
      return {};
    }
    case "enter":
      cluster.presence.enter(channelKey(what.channel), { client: what.client, user: what.user });
      return {};
    case "members":
      return { members: (await cluster.presence.members(channelKey(what.channel))).map(({ client }) => client) };
    case "look": {
      const address = room(what.room);
      const record = await store.read((transaction) => actorRecords.find(transaction, address));
      return { owner: record?.owner, epoch: record?.epoch, marks: await marksOf(store, address) };
    }
    case "status":
      return { fenced: rooms?.fenced, reported: [...node.reported, ...(rooms?.kit.reported ?? [])].map(causesOf) };
  }
}

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  obey(line).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
});
const stopped = Promise.withResolvers<void>();
process.once("SIGTERM", stopped.resolve);
input.once("close", stopped.resolve);
tell({ told: "ready", node: cluster.node });
await stopped.promise;
await cluster.drain();
tell({ told: "drained" });
await cluster[Symbol.asyncDispose]();
input.close();
process.stdin.destroy();
