import { z } from "zod";
import { defineAction } from "../kernel/action.ts";
import { deny } from "../kernel/outcome.ts";
import type { ActorAddress, ActorRecord } from "../kernel/ports/actors.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { CommandDesk } from "../realtime/perform.ts";
import type { Pushed } from "../realtime/pushed.ts";
import { actorRecords, publicationAt, roomProblems } from "./cluster-kit.ts";
import { createTestGate, type TestGate } from "./gate-kit.ts";

/** What rooms of a test are run with. */
export interface RoomWorkerOptions {
  readonly store: Store;
  /** Identifier of the node. */
  readonly node: string;
  /** Told of what a turn has published, once it is committed. */
  readonly publish?: (pushed: Pushed) => void;
  /** Awaited by each attempt before it comes to the gate. */
  readonly hold?: (mark: string) => Promise<void>;
}

/** The smallest worker there is: rooms that keep every mark they are given, behind every guard. */
export interface RoomWorker extends CommandDesk, AsyncDisposable {
  readonly kit: TestGate;
  /** Marks of attempts that have come here, as often as they came. */
  readonly came: readonly string[];
  /** Writes that the store did not accept, because the room was another node's. */
  readonly fenced: number;
  /** Forgets what it remembers of its rooms. */
  forget(): void;
}

const input = z.object({ key: z.array(z.string()), input: z.object({ mark: z.string() }) });
const LIMIT = { limit: 1_000_000, window: 60_000 };

/** Opens a worker. Rooms it has written it remembers, as workers do that need not read what they have written themselves. */
export async function createRoomWorker(options: RoomWorkerOptions): Promise<RoomWorker> {
  const { store, node, publish, hold } = options;
  const known = new Map<string, ActorRecord>();
  const came: string[] = [];
  let fenced = 0;
  const say = defineAction({
    name: "room.say",
    entrances: ["realtime"],
    input,
    effects: "store",
    authorise: ({ principal }) => principal.grants.has("host"),
    async run({ transaction, attempt, input: { key, input: said } }) {
      const address = { tenant: attempt.tenant, type: "room", key };
      const name = JSON.stringify(key);
      const record = known.get(name) ?? (await actorRecords.claim(transaction, address, node));
      if (record.owner !== node) return deny(roomProblems.ACTOR_MOVED, { retryAfter: 1 });
      const marks = [...marksIn(record), said.mark];
      const change = { state: JSON.stringify(marks), offsets: JSON.stringify({ default: marks.length }) };
      if (!(await actorRecords.save(transaction, address, record, change))) {
        fenced += 1;
        known.delete(name);
        return deny(roomProblems.ACTOR_MOVED, { retryAfter: 1 });
      }
      transaction.afterCommit(() => {
        known.set(name, { ...record, ...change, version: record.version + 1 });
        publish?.(publicationAt({ tenant: attempt.tenant, channel: `room:${key.join(":")}` }, marks.length));
      });
      return { number: marks.length };
    },
  });
  const kit = await createTestGate({
    actions: [say],
    store,
    server: node,
    limit: LIMIT,
    trustedCidrs: ["192.0.2.0/24"],
  });
  // Turns of one room one after the other, as a mailbox keeps them.
  const turns = new Map<string, Promise<unknown>>();
  return {
    ...{ kit, came },
    get fenced() {
      return fenced;
    },
    forget: () => known.clear(),
    async perform({ key }: ActorAddress, attempt) {
      const { mark } = input.parse(attempt.input).input;
      came.push(mark);
      await hold?.(mark);
      const name = JSON.stringify(key);
      const turn = (turns.get(name) ?? Promise.resolve()).then(() => kit.gate.attempt(attempt));
      turns.set(name, turn);
      return turn;
    },
    [Symbol.asyncDispose]: () => kit[Symbol.asyncDispose](),
  };
}

/** The marks a room has, in the order in which they were made. */
export async function marksOf(store: Store, address: ActorAddress): Promise<readonly string[]> {
  const record = await store.read((transaction) => actorRecords.find(transaction, address));
  return record === undefined ? [] : marksIn(record);
}

function marksIn({ version, state }: ActorRecord): readonly string[] {
  return version === 0 ? [] : z.array(z.string()).parse(JSON.parse(state));
}
