/**
 * A guarded action over HTTP beside bare Hono: the same request, the same validation and the same answer.
 *
 * The guarded server is the assembled one in its production profile, with every guard on: addresses and bans, origin,
 * CSRF token, session with its row in the store, limits, validation, authorisation rule, idempotency with a new key
 * for every request, the note, the result and the audit row in one durable transaction, and a log line. The servers
 * and the load generator are processes of their own; servers take turns in short rounds. Medians over the rounds.
 *
 * node --conditions=gatehouse-source bench/action/action.bench.ts [--json] [--rounds=N] [--seconds=N] [--only=NAME]
 */
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { Child } from "../support/child.ts";
import { median, numberOption, print, versionsOf, type Table } from "../support/report.ts";
import type { Usage } from "../support/served.ts";
import { ORIGIN } from "./application.ts";
import type { LoadResult, LoadTask } from "./load.ts";

const CONNECTIONS = [64, 1] as const;
const GOAL = 0.4;
const BODY = JSON.stringify({ entry: "A lovely evening, thank you!", rating: 5 });
const NAMES = { hono: "bare Hono", "hono-store": "bare Hono, stored", gatehouse: "Gatehouse" } as const;

type Variant = keyof typeof NAMES;

interface Round {
  /** Requests a second. */
  readonly speed: number;
  /** Microseconds of processor time per request, of all threads of the server. */
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

interface Server {
  readonly variant: Variant;
  readonly child: Child;
  readonly port: number;
  /** What is sent to it. */
  readonly request: string;
}

interface Visit {
  readonly cookie?: string;
  readonly token?: string;
}

function headersOf({ cookie, token }: Visit): Record<string, string> {
  return {
    host: new URL(ORIGIN).host,
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "user-agent":
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    accept: "application/json",
    "accept-language": "en-GB,en;q=0.9",
    "accept-encoding": "gzip, deflate, br, zstd",
    origin: ORIGIN,
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty",
    referer: `${ORIGIN}/`,
    ...(cookie === undefined ? {} : { cookie }),
    ...(token === undefined ? {} : { "x-csrf-token": token }),
  };
}

/** Signs in as a browser would, and answers what it sends from then on. */
async function signIn(port: number): Promise<Visit> {
  const first = await visit(port, "GET", {});
  const session = await visit(port, "POST", first);
  return visit(port, "GET", session);
}

/** Fetches a token, or signs in with one. */
async function visit(port: number, method: "GET" | "POST", before: Visit): Promise<Visit> {
  const path = method === "GET" ? "/api/csrf/refresh" : "/sign-in";
  const headers = {
    ...headersOf(before),
    "content-type": "application/json",
    "content-length": method === "GET" ? 0 : 2,
  };
  const message = request({ port, host: "127.0.0.1", path, method, headers });
  message.end(method === "GET" ? undefined : "{}");
  const [answer] = await once(message, "response");
  const text = (await answer.toArray()).join("");
  if (answer.statusCode !== 200) throw new Error(`${path}: ${text}`);
  const cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? before.cookie;
  return method === "GET" ? { cookie, token: JSON.parse(text).csrf_token } : { cookie };
}

async function start(variant: Variant): Promise<Server> {
  const child = new Child(join(import.meta.dirname, "serve.ts"), variant);
  const { port } = await child.answer<{ readonly port: number }>();
  const example =
    variant === "gatehouse"
      ? await signIn(port)
      : { cookie: `__Host-gatehouse=${"x".repeat(77)}`, token: "x".repeat(91) };
  const headers = {
    ...headersOf(example),
    "content-type": "application/json",
    "content-length": BODY.length,
    "idempotency-key": "{key}",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return { variant, child, port, request: `POST /notes HTTP/1.1\r\n${lines.join("")}\r\n${BODY}` };
}

async function measure(server: Server, load: Child, task: Pick<LoadTask, "connections" | "duration">): Promise<Round> {
  const { port, request: text, child } = server;
  await child.answer<Usage>("usage");
  const result = await load.answer<LoadResult>({ ...task, port, request: text });
  const { cpu } = await child.answer<Usage>("usage");
  if (result.failed > 0) throw new Error(`${server.variant}: ${result.failed} failed, the first: ${result.failure}`);
  const { answered, elapsed, p50, p99 } = result;
  return { speed: (answered * 1000) / elapsed, cpu: cpu / answered, p50, p99 };
}

function tableOf(connections: number, results: ReadonlyMap<Variant, readonly Round[]>): Table {
  const middle = (variant: Variant, member: keyof Round): number =>
    median((results.get(variant) ?? []).map((round) => round[member]));
  const base = middle("hono", "speed");
  return {
    title: `${connections} ${connections === 1 ? "connection" : "connections"}`,
    columns: ["server", "requests a second", "of bare Hono", "CPU us a request", "p50 ms", "p99 ms"],
    rows: [...results.keys()].map((variant) => {
      const speed = middle(variant, "speed");
      const share = `${((100 * speed) / base).toFixed(0)} %`;
      return [NAMES[variant], speed, share, middle(variant, "cpu"), middle(variant, "p50"), middle(variant, "p99")];
    }),
  };
}

const rounds = numberOption("rounds", 7);
const duration = numberOption("seconds", 3) * 1000;
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice(7);
// The keys of an object literal, which Object.keys widens to string.
const variants = (Object.keys(NAMES) as Variant[]).filter((name) => only === undefined || name === only);
const tables: Table[] = [];
let reached = 0;
{
  await using stack = new AsyncDisposableStack();
  const load = stack.use(new Child(join(import.meta.dirname, "load.ts")));
  const servers: Server[] = [];
  for (const variant of variants) {
    const server = await start(variant);
    stack.use(server.child);
    servers.push(server);
  }
  for (const connections of CONNECTIONS) {
    const results = new Map(variants.map((variant) => [variant, [] as Round[]]));
    for (let round = -1; round < rounds; round += 1) {
      for (const server of servers) {
        const measured = await measure(server, load, { connections, duration });
        if (round >= 0) results.get(server.variant)?.push(measured);
      }
    }
    tables.push(tableOf(connections, results));
    const speeds = (variant: Variant): number => median((results.get(variant) ?? []).map(({ speed }) => speed));
    if (connections === 64) reached = speeds("gatehouse") / speeds("hono");
  }
}
print({
  benchmark: "action",
  tables,
  goals: [{ text: "share of bare Hono's throughput at 64 connections", reached, least: GOAL }],
  versions: versionsOf("hono", "@hono/node-server", "zod"),
});
