import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "gatehouse/testing";
import { PROGRAM_FLAGS } from "./program-flags.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "apps", "server", "src", "main.ts");

/** How the real server is started. */
export interface ServerOptions {
  /** The data directory. Default: one of its own, removed at the end. */
  readonly data?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Options by environment variable, such as `GATEHOUSE_STORE_ENGINE`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The configuration file. Default: the repository's. */
  readonly config?: string;
  /** Flags of Node itself, such as `--expose-gc`. */
  readonly nodeFlags?: readonly string[];
  /** Further words of the command line. */
  readonly words?: readonly string[];
}

/** What a server says of itself once it is ready. */
interface Announcement {
  readonly url: string;
  readonly console: string;
  readonly links: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One line of the server's log: an event, or an error. */
export type LogLine = Readonly<Record<string, unknown>>;

const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 30_000;
/** Lines that are kept of a server's output; the oldest go first. */
const MOST_LINES = 20_000;
/** Exceptions in the log that are kept, however long ago they were. */
const MOST_EXCEPTIONS = 1_000;
/** Ends the server once standard input closes, which it does however the test process ends. */
const WATCHDOG = 'read -r _; kill -KILL "$1" 2>/dev/null';

/** The `gatehouse` server as a process of its own, started from the sources as `npm start` does. */
export class ServerProcess implements AsyncDisposable {
  readonly data: string;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #watchdog: ChildProcess;
  readonly #temporary: boolean;
  #lines: string[] = [];
  #rest = "";
  #errors = "";
  readonly #exceptions: LogLine[] = [];
  #announcement: Announcement | undefined;

  private constructor(child: ChildProcess, { data, temporary }: { data: string; temporary: boolean }) {
    this.data = data;
    this.#temporary = temporary;
    this.#child = child;
    this.#watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "sh", String(child.pid)], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#watchdog.unref();
    this.ended = once(child, "close").then(([code, signal]) => {
      this.#watchdog.kill("SIGKILL");
      return { code, signal };
    });
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => this.#take(chunk));
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (this.#errors += chunk));
  }

  /** Starts the process without waiting until it is ready. */
  static async launch(options: ServerOptions = {}): Promise<ServerProcess> {
    const data = options.data ?? (await mkdtemp(join(tmpdir(), "gatehouse-data-")));
    const config = options.config === undefined ? [] : ["--config", options.config];
    const port = options.port ?? (await freePort());
    const words = ["start", "--data", data, "--port", String(port), "--json"];
    const flags = [...PROGRAM_FLAGS, ...(options.nodeFlags ?? [])];
    const child = spawn(process.execPath, [...flags, main, ...words, ...config, ...(options.words ?? [])], {
      cwd: root,
      env: environmentFor(options.environment),
      stdio: ["ignore", "pipe", "pipe"],
    });
    await once(child, "spawn");
    return new ServerProcess(child, { data, temporary: options.data === undefined });
  }

  /** Waits until the server is ready. */
  async ready(): Promise<this> {
    const deadline = performance.now() + START_TIMEOUT;
    while ((this.#announcement ??= announcementIn(this.#lines)) === undefined) {
      if (this.hasEnded || performance.now() > deadline) {
        await this.kill();
        throw new Error(`The server did not start:\n${this.#lines.join("\n")}\n${this.#errors}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this;
  }

  /** The origin, without a slash at the end. */
  get url(): string {
    return this.#announced.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** One-time links by purpose. */
  get links(): Readonly<Record<string, string>> {
    return this.#announced.links;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("The server has no process.");
    return pid;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Everything on standard error, where only what went wrong belongs. */
  get errors(): string {
    return this.#errors;
  }

  /** The newest lines of the log. */
  get log(): readonly LogLine[] {
    return this.#lines.filter(isLogLine).map((line) => JSON.parse(line));
  }

  /** Exceptions the server has reported, from the first one on. */
  get exceptions(): readonly LogLine[] {
    return this.#exceptions;
  }

  /** Bytes of memory the process occupies. */
  get residentMemory(): number {
    return this.#memory("VmRSS");
  }

  /** The most it has occupied so far, as the kernel has counted it. */
  get peakMemory(): number {
    return this.#memory("VmHWM");
  }

  /** Sends a signal, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** Asks the server to stop and waits until it has. */
  async stop(): Promise<ProcessEnd> {
    if (!this.hasEnded) this.#child.kill("SIGTERM");
    const forced = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT);
    const end = await this.ended;
    clearTimeout(forced);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#temporary) await rm(this.data, { recursive: true, force: true });
  }

  #memory(name: string): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#lines.push(line);
      const isException = this.#exceptions.length < MOST_EXCEPTIONS && line.includes('"event":"exception"');
      if (isException && isLogLine(line)) this.#exceptions.push(JSON.parse(line));
    }
    if (this.#lines.length > MOST_LINES * 2) this.#lines = this.#lines.slice(-MOST_LINES);
  }

  get #announced(): Announcement {
    if (this.#announcement === undefined) throw new Error("The server is not ready yet.");
    return this.#announcement;
  }
}

/** Starts the server and waits until it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const server = await ServerProcess.launch(options);
  return server.ready();
}

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command works on. */
export interface CommandOptions extends Pick<ServerOptions, "data" | "environment"> {
  /** What is piped in. Default: nothing. */
  readonly input?: string;
}

/** Runs another `gatehouse` command, such as `["bans", "add", ...]`, on a data directory. */
export async function runCommand(
  words: readonly string[],
  { data, environment, input }: CommandOptions = {},
): Promise<CommandResult> {
  const where = data === undefined ? [] : ["--data", data];
  const child = spawn(process.execPath, [...PROGRAM_FLAGS, main, ...words, ...where], {
    cwd: root,
    env: environmentFor(environment),
    stdio: "pipe",
  });
  child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** This process's environment without settings of its own for the server. */
function environmentFor(given: ServerOptions["environment"] = {}): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("GATEHOUSE_") && name !== "NODE_OPTIONS" && name !== "NODE_TEST_CONTEXT",
  );
  // Keys of RSA take seconds of two processors to find, for each of many first starts.
  const quick = { GATEHOUSE_LOG_FORMAT: "json", GATEHOUSE_IDENTITY_ALGORITHMS: "ES256" };
  return { ...Object.fromEntries(inherited), ...quick, ...given };
}

function isLogLine(line: string): boolean {
  return line.startsWith("{") && line.endsWith("}");
}

/** The announcement is the only JSON of several lines among what the server prints. */
function announcementIn(lines: readonly string[]): Announcement | undefined {
  const start = lines.indexOf("{");
  const end = lines.indexOf("}", start);
  return start === -1 || end === -1 ? undefined : JSON.parse(lines.slice(start, end + 1).join("\n"));
}

/** The path of a fresh one-time link of a running server. */
export async function issueLink({ data }: ServerProcess, kind: "guest" | "console"): Promise<string> {
  const { stdout, stderr } = await runCommand(["link", kind], { data });
  assert.match(stdout, /^http/, stderr);
  return new URL(stdout.trim()).pathname;
}
