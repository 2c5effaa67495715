/**
 * What each guard costs: attempts on an action that does nothing, through a pipeline with one guard alone, beside a
 * pipeline with none, and through all of them. Nothing is stored: transactions begin and end at once, so that
 * the guards' own work is all that is measured. Configurations take turns in short rounds; medians over the rounds.
 *
 * node --conditions=gatehouse-source bench/pipeline/pipeline.bench.ts [--json]
 */
import {
  createEventStream,
  createGate,
  createIds,
  createKeyRing,
  createSealer,
  defineAction,
  generateKeyMaterial,
  systemClock as clock,
  systemRandom as random,
  type Attempt,
  type Guard,
  type IdempotencyClaim,
  type IdempotencyRecords,
  type Principal,
  type ReadTransaction,
  type Store,
  type WriteTransaction,
} from "gatehouse/kernel";
import {
  admitGuard,
  auditGuard,
  authenticateGuard,
  authoriseGuard,
  createCsrfTokens,
  csrfGuard,
  idempotencyGuard,
  limitGuard,
  originGuard,
  validateGuard,
} from "gatehouse/guards";
import { createMemoryCounters } from "gatehouse/store";
import * as z from "zod";

const ROUNDS = 25;
const ROUND_MILLISECONDS = 12;
const WARM_UP_MILLISECONDS = 250;

const ids = createIds(clock, random);
const keyRing = createKeyRing(generateKeyMaterial(random, clock));
const tokens = createCsrfTokens({ keyRing, random });
const sealer = createSealer({ keyRing, random, clock });
const session = "c2Vzc2lvbiBvZiBhZGEgaW4gdGhlIGJlbmNobWFyaw";
const csrfToken = tokens.issue(session);
const ada: Principal = { type: "user", id: "ada", tenant: "acme", grants: new Set(["write"]), session: "f" };
const counters = createMemoryCounters({ clock });
const unlimited = { limit: 1_000_000_000, window: 60_000 };

const nothing: ReadTransaction = {
  dialect: "sqlite",
  query: () => {
    throw new TypeError("nothing is stored here");
  },
  execute: () => Promise.resolve([]),
};
const transaction: WriteTransaction = {
  ...nothing,
  now: () => Promise.resolve(0),
  afterCommit: (effect) => effect(),
  nested: (work) => work(transaction),
};
const store: Store = {
  dialect: "sqlite",
  read: (work) => work(nothing),
  write: (work) => work(transaction),
  health: () => Promise.resolve({ name: "none", engine: "none", state: "up", latency: 0, detail: "" }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const records: IdempotencyRecords = {
  claim: (_transaction, { ttl }: IdempotencyClaim) =>
    Promise.resolve({ kind: "claimed", createdAt: 0, expiresAt: ttl, attempt: 1 }),
  renew: () => Promise.resolve(true),
  complete: () => Promise.resolve(true),
  forget: () => Promise.resolve(),
  abandon: () => Promise.resolve(),
  prune: () => Promise.resolve(0),
};

const guards: Readonly<Record<string, Guard>> = {
  admit: admitGuard({
    bans: { find: () => undefined },
    counters,
    keyRing,
    clock,
    perIp: unlimited,
    concurrentPerIp: 1_000_000,
  }),
  origin: originGuard({}),
  csrf: csrfGuard({ tokens, keyRing }),
  authenticate: authenticateGuard({
    authenticators: { session: { kind: "session", authenticate: () => Promise.resolve(ada) } },
  }),
  limit: limitGuard({ counters, keyRing, clock, defaults: unlimited }),
  validate: validateGuard(),
  authorise: authoriseGuard({ store }),
  idempotency: idempotencyGuard({ records, store, keyRing, sealer, clock, random, ids }),
  audit: auditGuard({ trail: { append: () => Promise.resolve() }, ids, clock }),
};

const action = defineAction({
  name: "bench.nothing",
  entrances: ["live"],
  input: z.object({ entry: z.string().max(200), rating: z.number().int().min(1).max(5) }),
  effects: "store",
  authorise: () => true,
  anonymous: true,
  run: () => Promise.resolve({ id: 1 }),
});

let count = 0;

function attempt(key: boolean): Attempt {
  count += 1;
  return {
    id: "019b7600-0000-7000-8000-000000000001",
    entrance: "live",
    action: "bench.nothing",
    tenant: "acme",
    receivedAt: 0,
    peer: { ip: "192.0.2.1", tls: true },
    provenance: {
      kind: "browser",
      method: "POST",
      origin: "https://app.example",
      fetchSite: "same-origin",
      target: "https://app.example",
      csrfToken,
    },
    credentials: [{ kind: "session", id: session }],
    input: { entry: "A lovely evening, thank you!", rating: 5 },
    ...(key ? { idempotencyKey: `key-${count}` } : {}),
  };
}

interface Contender {
  readonly name: string;
  readonly key: boolean;
  readonly run: (attempt: Attempt) => Promise<unknown>;
  readonly rounds: number[];
}

function contender(name: string, chosen: readonly Guard[], key = false): Contender {
  const events = createEventStream((error) => {
    throw error;
  });
  const report = (error: unknown): never => {
    throw error;
  };
  const gate = createGate({ actions: [action], guards: chosen, store, events, clock, ids, report });
  return { name, key, run: (one) => gate.attempt(one), rounds: [] };
}

const all = Object.values(guards);
const contenders: readonly Contender[] = [
  contender("no guard", []),
  ...Object.entries(guards).map(([name, guard]) => contender(name, [guard], name === "idempotency")),
  contender("all, without a key", all),
  contender("all, with a key", all, true),
];

/** Nanoseconds per attempt within a round. */
async function round({ key, run }: Contender, milliseconds: number): Promise<number> {
  const began = performance.now();
  let runs = 0;
  while (performance.now() - began < milliseconds) {
    for (let index = 0; index < 50; index += 1) await run(attempt(key));
    runs += 50;
  }
  return ((performance.now() - began) * 1e6) / runs;
}

for (const one of contenders) {
  const outcome = await one.run(attempt(one.key));
  if (typeof outcome !== "object" || outcome === null || !("ok" in outcome) || outcome.ok !== true) {
    throw new Error(`${one.name} does not let the attempt through: ${JSON.stringify(outcome)}`);
  }
  await round(one, WARM_UP_MILLISECONDS);
}
for (let turn = 0; turn < ROUNDS; turn += 1) {
  for (const one of contenders) one.rounds.push(await round(one, ROUND_MILLISECONDS));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const [none] = contenders;
const base = median(none?.rounds ?? []);
const results = contenders.map(({ name, rounds }) => ({
  name,
  nanoseconds: Math.round(median(rounds)),
  fastest: Math.round(Math.min(...rounds)),
  added: Math.round(median(rounds) - base),
  addedFastest: Math.round(Math.min(...rounds) - Math.min(...(none?.rounds ?? []))),
}));

if (process.argv.includes("--json")) console.log(JSON.stringify({ node: process.version, results }, undefined, 2));
else {
  console.log("nanoseconds per attempt   median   fastest   added: median   fastest");
  for (const { name, nanoseconds, fastest, added, addedFastest } of results) {
    const columns = [String(nanoseconds).padStart(8), String(fastest).padStart(9), String(added).padStart(15)];
    console.log(`${name.padEnd(24)}${columns.join(" ")} ${String(addedFastest).padStart(9)}`);
  }
}
