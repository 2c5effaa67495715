import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { freePort } from "gatehouse/testing";
import { logPattern, outputPattern, type Step } from "./guide-page.ts";
import { repository } from "./repository-copy.ts";

/** The port that the pages use, replaced by a free one. */
const PORT = "8080";
const PATIENCE = 30_000;
/** Ends a process group once standard input closes, which it does however the test process ends. */
const WATCHDOG = 'read -r _; kill -KILL -- "-$1" 2>/dev/null';

/** A program that was started in a process group of its own, and everything it has printed. */
class Program {
  readonly child: ChildProcess;
  readonly #watchdog: ChildProcess;
  output = "";
  errors = "";

  constructor(command: readonly string[], directory: string, environment: NodeJS.ProcessEnv) {
    const [program = "", ...parameters] = command;
    this.child = spawn(program, parameters, {
      cwd: directory,
      env: environment,
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    this.child.stdout?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    this.#watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "sh", String(this.child.pid)], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#watchdog.unref();
  }

  /** Waits until `found` finds something in what was printed. */
  async until<Found>(found: (output: string) => Found | null | undefined | false, what: string): Promise<Found> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const result = found(this.output);
      if (result !== null && result !== undefined && result !== false) return result;
      if (performance.now() > deadline || this.child.exitCode !== null) {
        throw new Error(`${what}\n--- printed ---\n${this.output}\n--- errors ---\n${this.errors}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ctrl-C; resolves when the program has ended. */
  async interrupt(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined) {
      const ended = once(this.child, "close");
      process.kill(-this.child.pid, signal);
      const forced = setTimeout(() => process.kill(-(this.child.pid ?? 0), "SIGKILL"), PATIENCE);
      await ended;
      clearTimeout(forced);
    }
    this.#watchdog.kill("SIGKILL");
  }
}

/** Follows a page to the letter, with one terminal to type into and one for what keeps running. */
export class Reader implements AsyncDisposable {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #port: string;
  readonly #shell: Program;
  #server: Program | undefined;
  #printed = "";
  #started = false;

  private constructor(directory: string, port: string, environment: NodeJS.ProcessEnv) {
    this.#directory = directory;
    this.#port = port;
    this.#environment = environment;
    this.#shell = new Program(["bash", "--noprofile", "--norc"], directory, this.#environment);
  }

  /** A reader in a folder. `cache` is where Node keeps compiled code meanwhile. */
  static async open(directory: string, cache: string): Promise<Reader> {
    await mkdir(directory, { recursive: true });
    const port = String(await freePort());
    return new Reader(directory, port, { ...environmentFor(port), NODE_COMPILE_CACHE: cache });
  }

  async follow(step: Step, page: string): Promise<void> {
    const place = `${page}, line ${step.line}`;
    const text = step.text.replaceAll(PORT, this.#port);
    switch (step.kind) {
      case "file":
        await mkdir(dirname(join(this.#directory, step.name)), { recursive: true });
        return writeFile(join(this.#directory, step.name), text);
      case "excerpt":
        return expectExcerpt(step, place);
      case "run":
        this.#started = false;
        this.#printed = await this.#type(text, place);
        return;
      case "start":
        await this.#server?.interrupt();
        this.#server = new Program(["bash", "-c", text], this.#directory, this.#environment);
        this.#started = true;
        return;
      case "output":
        if (this.#started) return this.#expectLog(text, place);
        return assert.match(this.#printed, outputPattern(text), `${place}: this is not what was printed.`);
      case "log":
        return this.#expectLog(text, place);
      case "stop":
        return this.#server?.interrupt();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.interrupt();
    await this.#shell.interrupt("SIGKILL");
  }

  async #type(text: string, place: string): Promise<string> {
    const mark = "--- the command has ended:";
    const from = this.#shell.output.length;
    this.#shell.child.stdin?.write(`${text}\necho "${mark} $?"\n`);
    const ending = new RegExp(`${mark} (\\d+)\\n$`);
    const end = await this.#shell.until((all) => ending.exec(all.slice(from)), `${place}: the command does not end.`);
    const printed = this.#shell.output.slice(from, from + end.index);
    assert.equal(end[1], "0", `${place}: the command failed.\n${printed}\n${this.#shell.errors}`);
    return printed.replaceAll("\r\n", "\n").replace(/(?<=[^\n])$/, "\n");
  }

  async #expectLog(text: string, place: string): Promise<void> {
    assert.ok(this.#server !== undefined, `${place}: nothing was started.`);
    const pattern = logPattern(text);
    await this.#server.until((all) => pattern.test(all), `${place}: these lines were not printed:\n${text}`);
  }
}

/** A page may leave lines of a file out, and shows no others. */
async function expectExcerpt({ name, text }: Step, place: string): Promise<void> {
  const lines = (await readFile(join(repository, name), "utf8")).split("\n").map((line) => line.trim());
  const foreign = text.split("\n").filter((line) => !["", "..."].includes(line.trim()) && !lines.includes(line.trim()));
  assert.deepEqual(foreign, [], `${place}: ${name} has no such lines.`);
}

/** This process's environment, as a terminal would have it: Node first in the path, no settings of the tests. */
function environmentFor(port: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(GATEHOUSE_|npm_|NODE_TEST_CONTEXT$|NODE_OPTIONS$|FORCE_COLOR$)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
    NODE_OPTIONS: "--conditions=gatehouse-source",
    GATEHOUSE_SERVER_PORT: port,
    NO_COLOR: "1",
  };
}
