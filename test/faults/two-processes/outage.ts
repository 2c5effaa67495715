import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Client, type Answer } from "../../support/client.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import type { Violations } from "../drill.ts";
import { startWorkload, until, type Workload } from "../workload.ts";
import { marker, type Pair } from "./pair.ts";

/** One entry somebody tried to write during an outage, and what became of it. */
export interface Try {
  readonly text: string;
  readonly key: string;
  readonly client: Client;
  readonly answer: Answer;
}

/** What a server calls the stores it watches. */
export type WatchedStore = "counters" | "postgres";

/** Something that is taken away from both servers under load, and given back. */
export interface Outage {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  /** Milliseconds it lasts. */
  readonly length: number;
  /** The store that both servers must have noticed the end of. */
  readonly store: WatchedStore;
}

/** What was seen. */
export interface Observation {
  readonly workload: Workload<Try>;
  /** Milliseconds from the end of the outage until both servers had noticed it. */
  readonly recovery: number;
}

const CALLERS = 6;
/** Milliseconds a visitor waits after a refusal. */
const PATIENCE = 100;
/** Below the 1.5 s for which a store is asked how it is: health does not wait for that. */
const HEALTH_LIMIT = 1_400;
const RECOVERY_LIMIT = 20_000;

/** Lets visitors of both servers write for the length of an outage, and some time before and after it. */
export async function observe(pair: Pair, outage: Outage, violations: Violations): Promise<Observation> {
  const clients = await Promise.all(Array.from({ length: CALLERS }, (_, index) => pair.visit(serverOf(pair, index))));
  const workload = startWorkload(CALLERS, async (number) => {
    const client = clients[number % CALLERS]!;
    const [text, key] = [marker(), randomUUID()];
    const answer = await sign(pair, { client, text, key });
    if (answer.status !== 200) await delay(PATIENCE);
    return { text, key, client, answer };
  });
  await until("the workload's beginning", () => workload.calls.length > CALLERS * 2, 30_000);
  await outage.begin();
  const stopHealth = watchHealth(pair, violations);
  await delay(outage.length);
  await outage.end();
  const ended = performance.now();
  await until("the notice of its end", () => pair.servers.every(hasStore(outage.store)), RECOVERY_LIMIT);
  const recovery = performance.now() - ended;
  const fine = (): boolean =>
    workload.since(ended).filter(({ result }) => result?.answer.status === 200).length > CALLERS * 2;
  await until("answers as before", fine, RECOVERY_LIMIT);
  await stopHealth();
  await workload.stop();
  for (const server of pair.servers) {
    violations.expect(!server.hasEnded, "A server ended by itself.");
    violations.expect(server.errors === "", `A server wrote to standard error: ${server.errors}`);
  }
  return { workload, recovery };
}

/** Signs the guestbook from an address of its own, so that no limit is in the way. */
export function sign(pair: Pair, { client, text, key }: Pick<Try, "client" | "text" | "key">): Promise<Answer> {
  const headers = { "x-forwarded-for": pair.nextAddress() };
  return client.act("guestbook", "sign", { author: "Drill", message: text }, { key, headers, timeout: 30_000 });
}

/** Whether the last thing a server noticed of a store is that it answers. */
function hasStore(store: WatchedStore): (server: ServerProcess) => boolean {
  return (server) => {
    const noticed = server.log.filter(({ action, context }) => action === "store.watch" && storeOf(context) === store);
    const last = noticed.at(-1);
    return last === undefined || last["event"] === "store_recovered";
  };
}

function storeOf(context: unknown): unknown {
  return typeof context === "object" && context !== null && "store" in context ? context.store : undefined;
}

/** What a server says about its stores. */
export async function readiness({ url }: { readonly url: string }): Promise<Answer> {
  using client = new Client({ url });
  return await client.get("/readyz");
}

/** Asks both servers whether they live, ten times a second; an outage must not keep them from answering that. */
function watchHealth(pair: Pair, violations: Violations): () => Promise<void> {
  let watching = true;
  const done = Promise.all(
    pair.servers.map(async ({ url }) => {
      using client = new Client({ url });
      while (watching) {
        const { status, duration } = await client.get("/healthz");
        violations.expect(status === 200, `/healthz was answered with ${status}.`);
        violations.expect(duration < HEALTH_LIMIT, `/healthz took ${duration.toFixed(0)} ms.`);
        await delay(100);
      }
    }),
  );
  return async () => {
    watching = false;
    await done;
  };
}

function serverOf(pair: Pair, index: number): Pair["first"] {
  return index % 2 === 0 ? pair.first : pair.second;
}
