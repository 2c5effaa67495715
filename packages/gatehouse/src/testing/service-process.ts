import { spawn, type ChildProcess } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/random.ts";

/** What it takes to run one server for the length of a test. */
export interface ServiceCommand {
  readonly executable: string;
  readonly arguments: readonly string[];
  /** Folder that holds all of the server's files; removed by the watchdog if the test process is killed. */
  readonly directory: string;
  /** User and group to run as; the current ones when absent. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Asks the server to end in order. */
  readonly stopSignal: NodeJS.Signals;
  /** Whether the server answers; called until it does. */
  ready(): Promise<boolean>;
}

/** A server process a test may stop, freeze and start again. */
export interface ServiceControl {
  /** Ends the server: in order, or with SIGKILL as a crash would. */
  stop(manner?: "orderly" | "crash"): Promise<void>;
  /** Starts the stopped server on the same port and files, and waits until it answers. */
  start(): Promise<void>;
  /** Freezes the server and its children with SIGSTOP: connections stay open, nothing answers. */
  pause(): Promise<void>;
  /** Ends a `pause`. */
  resume(): Promise<void>;
}

const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 15_000;
const LOG_LIMIT = 16_384;
/** Ends the server and removes its files once standard input closes, which it does however the test process ends. */
const WATCHDOG = `read -r _
for child in $(cat /proc/$1/task/*/children 2>/dev/null); do kill -CONT "$child" 2>/dev/null; done
kill -KILL "$1" 2>/dev/null; sleep 1; rm -rf "$2"`;

/** Runs one server process. Nothing it starts outlives the process that started it, not even after a SIGKILL. */
export class ServiceProcess implements ServiceControl, AsyncDisposable {
  readonly #command: ServiceCommand;
  #child: ChildProcess | undefined;
  #watchdog: ChildProcess | undefined;
  #log = "";

  constructor(command: ServiceCommand) {
    this.#command = command;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.#command.executable} is already running.`);
    const child = spawn(this.#command.executable, [...this.#command.arguments], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.#command.directory,
      ...this.#command.owner,
    });
    await once(child, "spawn");
    this.#child = child;
    const collect = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-LOG_LIMIT);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.unref();
    this.#watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "sh", String(child.pid), this.#command.directory], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#watchdog.unref();
    await this.#untilReady(child);
  }

  async stop(manner: "orderly" | "crash" = "orderly"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    await this.resume();
    const ended = hasEnded(child) ? Promise.resolve() : once(child, "exit");
    const children = child.pid === undefined ? [] : await childrenOf(child.pid);
    child.kill(manner === "crash" ? "SIGKILL" : this.#command.stopSignal);
    const forced = setTimeout(() => {
      for (const pid of [...children, ...(child.pid === undefined ? [] : [child.pid])]) signalIfAlive(pid, "SIGKILL");
    }, STOP_TIMEOUT);
    await ended;
    // Children that a killed server leaves behind go on with what they are at, and keep its successor from starting.
    for (const pid of children) while (await isRunning(pid)) await delay(5);
    clearTimeout(forced);
    this.#child = undefined;
    this.#watchdog?.kill("SIGKILL");
    this.#watchdog = undefined;
  }

  async pause(): Promise<void> {
    await this.#signalAll("SIGSTOP");
  }

  async resume(): Promise<void> {
    await this.#signalAll("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const deadline = systemClock.monotonic() + START_TIMEOUT;
    while (!(await this.#command.ready())) {
      if (hasEnded(child) || systemClock.monotonic() > deadline) {
        await this.stop("crash");
        throw new Error(`${this.#command.executable} did not start:\n${this.#log}`);
      }
      await delay(20);
    }
  }

  async #signalAll(signal: NodeJS.Signals): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    // The parent first, so that it cannot start children between the two steps.
    this.#child?.kill(signal);
    for (const child of await childrenOf(pid)) signalIfAlive(child, signal);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended since it was listed.
  }
}

async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const statuses = await Promise.all(pids.map((pid) => statusOf(pid)));
  return pids.filter((_, index) => statuses[index]?.parent === parent);
}

/** Whether a process still does something: one that has ended may wait for long until its parent takes note. */
async function isRunning(pid: number): Promise<boolean> {
  const { state } = await statusOf(pid);
  return state !== undefined && state !== "Z";
}

async function statusOf(pid: number): Promise<{ readonly state: string | undefined; readonly parent: number }> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The command name in parentheses may hold spaces; the state and the parent follow it.
  const [state, parent] = status === "" ? [] : status.slice(status.lastIndexOf(")") + 2).split(" ");
  return { state, parent: Number(parent) };
}

/** Ports that no operating system gives to outgoing connections by itself, and that browsers do not refuse. */
const PORTS = { first: 11_000, last: 32_767 };

/**
 * A port of the loopback interface that is free at this moment, and that no outgoing connection is given: a server
 * that is stopped and started again on it finds it free.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port =
      PORTS.first + (new DataView(systemRandom.bytes(4).buffer).getUint32(0) % (PORTS.last - PORTS.first + 1));
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") return false;
        throw error;
      },
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/** Whether something accepts connections on a port of the loopback interface. */
export async function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
