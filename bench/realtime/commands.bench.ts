/**
 * Durable commands of actors through the whole gate on the embedded store: ban, limits, schema, rule, idempotency
 * record with its sealed reply, state, publication and audit row, answered once all of it would survive a loss of power.
 * Many callers each send their next command when the one before is answered, over as many actors as there are; beside
 * them the same without a command id, which is what idempotency costs, and signals, which keep nothing.
 *
 * node --conditions=gatehouse-source bench/realtime/commands.bench.ts [--json] [--rounds=N] [--seconds=N] [--actors=N]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createEventStream,
  createGate,
  createIds,
  createKeyRing,
  createSealer,
  generateKeyMaterial,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type Attempt,
  type Gate,
  type Principal,
} from "gatehouse/kernel";
import {
  admitGuard,
  admitPrincipalGuard,
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
import { actor, createActors, type Actors } from "gatehouse/realtime";
import {
  coreMigrations,
  createActorRecords,
  createAuditTrail,
  createIdempotencyRecords,
  createMemoryCounters,
  createPublications,
  portableStatement,
} from "gatehouse/store";
import { openSqliteStore } from "gatehouse/store/sqlite";
import * as z from "zod";
import { median, numberOption, print } from "../support/report.ts";

const GOAL = 20_000;
const CALLERS = [64, 256, 1024] as const;
const actorCount = numberOption("actors", 1000);
const rounds = numberOption("rounds", 5);
const duration = numberOption("seconds", 2) * 1000;
const unlimited = { kind: "bucket", limit: 1_000_000_000, window: 1000, burst: 1_000_000_000 } as const;
const limits = [
  { name: "by connection", by: ["connection"], rule: unlimited },
  { name: "by user", by: ["user"], rule: unlimited },
] as const;

const room = actor("room", {
  key: ["event"],
  state: z.object({ count: z.number(), last: z.string(), by: z.string() }),
  initial: () => ({ count: 0, last: "", by: "" }),
  channels: { default: { canSubscribe: () => true } },
  events: {
    said: { schema: z.object({ text: z.string(), by: z.string() }) },
    typing: { schema: z.object({ by: z.string() }), volatile: true },
  },
  limits,
  commands: {
    say: {
      input: z.object({ text: z.string().max(200) }),
      policy: ({ principal }) => principal.type === "user",
      handler: ({ state, input, principal, emit }) => {
        state.count += 1;
        state.last = input.text;
        state.by = principal.id;
        emit("said", { text: input.text, by: principal.id });
        return { count: state.count };
      },
    },
  },
  signals: {
    type: {
      input: z.object({}),
      policy: ({ principal }) => principal.type === "user",
      handler: ({ principal, emit }) => emit("typing", { by: principal.id }),
    },
  },
});

const directory = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
const report = (error: unknown): void => {
  throw error;
};
const store = await openSqliteStore({ directory, clock, migrations: coreMigrations, report });
const ids = createIds(clock, random);
const keyRing = createKeyRing(generateKeyMaterial(random, clock));
const sealer = createSealer({ keyRing, random, clock });
const counters = createMemoryCounters({ clock });
const events = createEventStream(report);
let told = 0;
const gates: Gate[] = [];
const actors: Actors = createActors({
  ...{ store, clock, timers, ids, random, sealer, report, events },
  definitions: [room],
  gate: () => gates[0] as Gate,
  records: createActorRecords({ random }),
  publications: createPublications(),
  publish: () => void (told += 1),
  node: "bench",
});
const bans = { find: () => undefined };
gates.push(
  createGate({
    ...{ store, events, clock, ids, report },
    actions: actors.actions,
    guards: [
      admitGuard({ bans, counters, keyRing, clock }),
      originGuard({}),
      csrfGuard({ tokens: createCsrfTokens({ keyRing, random }), keyRing }),
      authenticateGuard({ authenticators: {} }),
      admitPrincipalGuard({ bans, clock }),
      limitGuard({ counters, keyRing, clock }),
      validateGuard(),
      authoriseGuard({ store }),
      idempotencyGuard({ records: createIdempotencyRecords(), store, keyRing, sealer, clock, random, ids }),
      auditGuard({ trail: createAuditTrail(), ids, clock }),
    ],
  }),
);
await store.write((transaction) =>
  transaction.execute(
    portableStatement("INSERT INTO realtime_nodes (id, roles, lease_until) VALUES ('bench', '[]', $1)"),
    [clock.now() + 86_400_000],
  ),
);

let made = 0;
function attempt(caller: number, { action, keyed }: { readonly action: string; readonly keyed: boolean }): Attempt {
  made += 1;
  const principal: Principal = { type: "user", id: `u${caller}`, tenant: "acme", grants: new Set() };
  return {
    id: ids.next(),
    entrance: "realtime",
    action,
    tenant: "acme",
    receivedAt: clock.now(),
    peer: { ip: "192.0.2.1", tls: true, connection: `c${caller}` },
    provenance: { kind: "connection" },
    credentials: [{ kind: "connection", principal }],
    input: {
      key: [`e${made % actorCount}`],
      input: action === "room.say" ? { text: "A lovely evening, thank you!" } : {},
    },
    ...(keyed ? { idempotencyKey: `k${made}` } : {}),
  };
}

interface Round {
  readonly speed: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

async function measure(callers: number, kind: { readonly action: string; readonly keyed: boolean }): Promise<Round> {
  const times: number[] = [];
  const began = clock.monotonic();
  const before = process.cpuUsage();
  const call = async (caller: number): Promise<void> => {
    for (let start = began; start < began + duration;) {
      const one = attempt(caller, kind);
      const [key = ""] = (one.input as { readonly key: readonly string[] }).key;
      const outcome = await actors.perform({ tenant: "acme", type: "room", key: [key] }, one);
      if (!outcome.ok) throw new Error(outcome.problem.code);
      const now = clock.monotonic();
      times.push(now - start);
      start = now;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  const elapsed = clock.monotonic() - began;
  const { user, system } = process.cpuUsage(before);
  const sorted = Float64Array.from(times).sort();
  return {
    speed: (times.length * 1000) / elapsed,
    p50: sorted[times.length >> 1] ?? Number.NaN,
    p99: sorted[Math.floor(times.length * 0.99)] ?? Number.NaN,
    cpu: (user + system) / times.length,
  };
}

const kinds = [
  { name: "command with an id", action: "room.say", keyed: true },
  { name: "command without an id", action: "room.say", keyed: false },
  { name: "signal", action: "room.type", keyed: false },
] as const;
const results: { readonly callers: number; readonly name: string; readonly rounds: Round[] }[] = [];
try {
  for (const callers of CALLERS) {
    const measured = kinds.map(({ name }) => ({ callers, name, rounds: [] as Round[] }));
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, kind] of kinds.entries()) {
        const answer = await measure(callers, kind);
        if (round >= 0) measured[index]?.rounds.push(answer);
      }
    }
    results.push(...measured);
  }
} finally {
  await actors[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}
if (told !== made) throw new Error(`${made} were made and ${told} were told of.`);

const middle = (measured: readonly Round[], member: keyof Round): number =>
  median(measured.map((round) => round[member]));
const best = Math.max(
  ...results.filter(({ name }) => name === kinds[0].name).map(({ rounds: measured }) => middle(measured, "speed")),
);
print({
  benchmark: "realtime/commands",
  tables: [
    {
      title: `Durable commands through the whole gate, ${actorCount} actors`,
      columns: ["callers", "what", "a second", "p50 ms", "p99 ms", "CPU us"],
      rows: results.map(({ callers, name, rounds: measured }) => [
        String(callers),
        name,
        middle(measured, "speed"),
        middle(measured, "p50"),
        middle(measured, "p99"),
        middle(measured, "cpu"),
      ]),
    },
  ],
  goals: [{ text: "durable commands with an id a second on SQLite", reached: best, least: GOAL }],
});
