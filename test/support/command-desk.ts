import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type Gatehouse } from "gatehouse";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { UsageError, type CommandContext } from "../../apps/server/src/command.ts";
import { parseCommandLine } from "../../apps/server/src/command-line.ts";
import { commandHelp } from "../../apps/server/src/help.ts";
import { commands } from "../../apps/server/src/commands.ts";
import type { CommandResult } from "./server-process.ts";

/** A server in this process and commands that operate it, without a process for each. */
export interface CommandDesk extends AsyncDisposable {
  readonly data: string;
  readonly origin: string;
  readonly gatehouse: Gatehouse;
  /** Runs a command on the data directory, over the server's socket while it runs. */
  run(...words: string[]): Promise<CommandResult>;
  stop(): Promise<void>;
}

/** Starts the server. */
export async function commandDesk(): Promise<CommandDesk> {
  const data = await mkdtemp(join(tmpdir(), "gatehouse-desk-"));
  const file = {
    profile: "development",
    dataDirectory: data,
    server: { port: 0, trustedProxies: ["127.0.0.1/32"] },
  } as const;
  const config = requireConfig({ file: { ...file, identity: { algorithms: ["ES256"] } }, clock: systemClock });
  const machine = { config, application: {}, clock: systemClock, random: systemRandom, environment: {} };
  const server = await startServer({ ...machine, log: "quiet" });
  return {
    data,
    origin: server.origin,
    gatehouse: server.gatehouse,
    run: (...words) => runHere(words, machine),
    stop: () => server.close(),
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

type Machine = Pick<CommandContext, "config" | "application" | "clock" | "random" | "environment">;

async function runHere(words: readonly string[], machine: Machine): Promise<CommandResult> {
  const written = { stdout: "", stderr: "" };
  const terminal = {
    print: (line = "") => void (written.stdout += `${line}\n`),
    printJson: (value: unknown) => void (written.stdout += `${JSON.stringify(value)}\n`),
    note: (line: string) => void (written.stderr += `${line}\n`),
    style: (_style: string, text: string) => text,
  };
  try {
    const { command, help, words: rest, flags, json } = parseCommandLine(words, commands);
    if (command === undefined) throw new UsageError("No command.");
    if (help) terminal.print(commandHelp(command));
    const stop = new AbortController().signal;
    const context = { ...machine, words: rest, flags, json, terminal, log: process.stdout, stop };
    return { code: help ? 0 : await command.run(context), ...written };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { code: 2, stdout: written.stdout, stderr: error.message };
  }
}
