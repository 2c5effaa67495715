import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startOwnPostgres, startOwnValkey, type ServiceControl } from "gatehouse/testing";
import { Client } from "../../support/client.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { createDice, type Dice } from "../drill.ts";
import { readPostgresLedger, type Ledger } from "../kill-nine/ledger.ts";
import { startProvider, type Provider } from "../kill-nine/provider.ts";

/** Two servers on one PostgreSQL and one Valkey, with one key file. */
export interface Pair extends AsyncDisposable {
  readonly first: ServerProcess;
  readonly second: ServerProcess;
  readonly servers: readonly [ServerProcess, ServerProcess];
  readonly postgres: ServiceControl;
  readonly valkey: ServiceControl;
  readonly provider: Provider;
  readonly dice: Dice;
  /** What the store holds, read and checked without the servers. */
  readLedger(): Promise<Ledger>;
  /** An address nobody has come from yet. */
  nextAddress(): string;
  /** Somebody at a server's page, from an address of their own. */
  visit(server: ServerProcess): Promise<Client>;
}

/** Milliseconds a decision may wait for the shared counters: more than the default, for machines that are busy. */
export const COUNTERS_TIME_BOX = 250;

/** How often a condition is looked at before it is given up. */
const LOOKS = 40;
const EVENT = "/events/anna-and-ben";
const config = fileURLToPath(new URL("../application.ts", import.meta.url));

/** Starts everything anew. */
export async function startPair(timeBox = COUNTERS_TIME_BOX): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const dice = createDice();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-pair-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const provider = stack.use(await startProvider(dice));
  const postgres = stack.use(await startOwnPostgres());
  const valkey = stack.use(await startOwnValkey());
  const environment = {
    GATEHOUSE_STORE_ENGINE: "postgres",
    GATEHOUSE_STORE_POSTGRES_URL: postgres.url,
    GATEHOUSE_COUNTERS_ENGINE: "valkey",
    GATEHOUSE_COUNTERS_VALKEY_URL: valkey.url,
    GATEHOUSE_COUNTERS_TIME_BOX: `${timeBox}ms`,
    GATEHOUSE_KEYS_FILE: join(directory, "keys.json"),
    DRILL_PROVIDER: provider.url,
  };
  // Together, as after a deployment: they meet over the migrations, the key file and the demonstration.
  const [first, second] = [
    stack.use(await ServerProcess.launch({ data: join(directory, "first"), config, environment })),
    stack.use(await ServerProcess.launch({ data: join(directory, "second"), config, environment })),
  ];
  await Promise.all([first.ready(), second.ready()]);
  let addresses = 0;
  const nextAddress = (): string => {
    addresses += 1;
    return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
  };
  const kept = stack.move();
  return {
    ...{ first, second, servers: [first, second], provider, dice, nextAddress },
    ...{ postgres: postgres.process, valkey: valkey.process },
    readLedger: () => readPostgresLedger(postgres.url),
    async visit(server) {
      const client = new Client({ url: server.url, headers: { "x-forwarded-for": nextAddress() } });
      const { status } = await client.open(EVENT);
      if (status !== 200) throw new Error(`The page was answered with ${status}.`);
      return client;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A text that occurs once. */
export function marker(): string {
  return `drill ${randomUUID()}`;
}

/** Waits until something holds and returns how long it took, in milliseconds. Looking is limited: 60 times a minute. */
export async function timeUntil(what: string, holds: () => Promise<boolean>, patience: number): Promise<number> {
  const started = performance.now();
  while (!(await holds())) {
    const waited = performance.now() - started;
    if (waited > patience) throw new Error(`${what} did not happen within ${patience} ms.`);
    await new Promise((resolve) => setTimeout(resolve, patience / LOOKS));
  }
  return performance.now() - started;
}
