import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "gatehouse/testing";
import { PROGRAM_FLAGS } from "./program-flags.ts";

/** An example of the repository, running as its own process. */
export interface Example extends AsyncDisposable {
  readonly origin: string;
  send(path: string, options?: SendOptions): Promise<ExampleAnswer>;
}

/** What is sent. */
export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back. */
export interface ExampleAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const START_TIMEOUT = 60_000;

/** Starts `command` in `examples/<name>`; penalties are off, because every attack comes from this machine. */
export async function startExample(name: string, command: readonly string[] = ["server.ts"]): Promise<Example> {
  const data = await mkdtemp(join(tmpdir(), `gatehouse-example-${name}-`));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [...PROGRAM_FLAGS, ...command.map((part) => part.replace("{port}", String(port)))],
    {
      cwd: fileURLToPath(new URL(`../../examples/${name}/`, import.meta.url)),
      env: {
        ...process.env,
        PORT: String(port),
        GATEHOUSE_DATA_DIRECTORY: data,
        GATEHOUSE_PENALTIES_SOFT_THRESHOLD: "999999",
        GATEHOUSE_PENALTIES_HARD_THRESHOLD: "1000000",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  const note = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-20_000));
  child.stdout.on("data", note);
  child.stderr.on("data", note);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const origin = `http://127.0.0.1:${port}`;
  const send = (path: string, options: SendOptions = {}): Promise<ExampleAnswer> => sendTo(port, path, options);
  const began = performance.now();
  while (!(await answers(send))) {
    if (child.exitCode !== null || performance.now() - began > START_TIMEOUT) {
      child.kill("SIGKILL");
      throw new Error(`examples/${name} does not start:\n${output}`);
    }
    await wait(100);
  }
  return {
    origin,
    send,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await Promise.race([ended, wait(5_000, undefined, { ref: false })]);
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function answers(send: Example["send"]): Promise<boolean> {
  try {
    return (await send("/")).status === 200;
  } catch {
    return false;
  }
}

function sendTo(
  port: number,
  path: string,
  { method = "GET", headers = {}, body }: SendOptions,
): Promise<ExampleAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => (text += chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
