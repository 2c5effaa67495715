import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Plan } from "./gallery-orders.ts";
import { operate } from "./gallery-people.ts";
import { runCommand, type ServerProcess } from "./server-process.ts";
import { eventually } from "./workshop.ts";

const PROGRAM = fileURLToPath(new URL("../../apps/agent/src/main.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCOPES = ["work:read", "work:propose", "work:execute"];
const Client = z.object({ id: z.string(), secret: z.string() });
const Shown = z.object({ order: z.object({ state: z.string(), reason: z.string() }) });

/** The agent of the repository, as a process of its own for each thing it is told to do. */
export interface GalleryAgent extends AsyncDisposable {
  readonly credentials: z.infer<typeof Client>;
  /** Proposes an order; its identifier. */
  propose(type: string, input: object): Promise<string>;
  /** Works until there is nothing to do; what it has said. */
  work(...words: readonly string[]): Promise<string>;
  /** Starts it without waiting for its end. */
  start(...words: readonly string[]): StartedAgent;
}

/** An agent that is working. */
export interface StartedAgent {
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  signal(name: NodeJS.Signals): void;
  /** What it has said so far. */
  output(): string;
}

/** Makes a client at the server's own issuer, and an agent that has its credentials: `npm run agent` where it is wrapped. */
export async function hireAgent(server: ServerProcess, { wrapped = false } = {}): Promise<GalleryAgent> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-agent-"));
  const resources = Object.fromEntries([`${server.url}/mcp`, `${server.url}/api/work`].map((url) => [url, SCOPES]));
  const settings = { name: "Gallery agent", grantTypes: ["client_credentials"], resources };
  const credentials = Client.parse(await operate(server, "clients.create", settings));
  const file = join(directory, "agent.json");
  await writeFile(file, JSON.stringify(credentials), { mode: 0o600 });
  const start = (...words: readonly string[]): StartedAgent =>
    startAgent([...words, "--credentials", file, "--server", server.url], wrapped);
  const finish = async (...words: readonly string[]): Promise<string> => {
    const { code, output } = await start(...words).ended;
    assert.equal(code, 0, output);
    return output;
  };
  return {
    ...{ credentials, start },
    async propose(type, input) {
      const output = await finish("propose", type, JSON.stringify(input));
      return /^[0-9a-f-]{36}/.exec(output)?.[0] ?? assert.fail(output);
    },
    work: finish,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function startAgent(words: readonly string[], wrapped: boolean): StartedAgent {
  const [program, before] = wrapped ? ["npm", ["run", "-s", "agent", "--"]] : [process.execPath, [PROGRAM]];
  const child = spawn(program, [...before, ...words], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  return {
    ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, output }))),
    signal: (name) => void child.kill(name),
    output: () => output,
  };
}

/** The plan of an order, once it is there. */
export async function planOf(server: ServerProcess, order: string): Promise<z.infer<typeof Plan>> {
  await reaches(server, order, "submitted", "awaiting_review");
  return Plan.parse(await operate(server, "work.preview", { order }));
}

/** Waits until an order is in a state. */
export async function reaches(server: ServerProcess, order: string, state: string, reason?: string): Promise<void> {
  await eventually(async () => {
    const { order: shown } = Shown.parse(await operate(server, "work.get", { order }));
    return shown.state === state && (reason === undefined || shown.reason === reason);
  }, `the order is ${state}`);
}

/** Runs a command of an operator's on the server, as a process; what it has printed. */
export async function command(server: ServerProcess, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(words, { data: server.data });
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** Has an operator approve what an order would change, at the command line, and waits until it has. */
export async function approve(server: ServerProcess, order: string): Promise<void> {
  const { revision, digest } = await planOf(server, order);
  await command(server, "work", "approve", order, "--revision", String(revision), "--digest", digest);
  await reaches(server, order, "completed");
}
