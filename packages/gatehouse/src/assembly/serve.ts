import { readFileSync } from "node:fs";
import type { LogSink } from "../audit/event-log.ts";
import { systemClock } from "../kernel/clock.ts";
import { ListenError } from "../http/listen-error.ts";
import { ConfigError, requireConfig, type ConfigInput } from "../kernel/config.ts";
import { BootRefusedError } from "../kernel/gate.ts";
import { KeyMaterialError } from "../kernel/key-material.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { KeyFileError } from "../store/key-file.ts";
import type { Application } from "./application.ts";
import { startServer, type RunningServer } from "./server.ts";

/** What a server is started with. */
export interface ServeOptions {
  readonly application: Application;
  /** What a configuration file would say. `GATEHOUSE_...` variables go before it. */
  readonly settings?: ConfigInput;
  /** Where the log goes. Default: the standard output. */
  readonly log?: LogSink | "quiet";
}

/**
 * Starts a server for an application in a program of your own: settings, stores, guards, routes, TLS and health, with
 * limits and trusted proxies as configured, operated by `gatehouse` commands with `--data DIR`. It stops at Ctrl-C and SIGTERM; a second signal ends the program at once.
 * In development an empty store is filled with the application's demonstration.
 * @throws {ConfigError} listing everything that is wrong with the settings.
 * @throws {ListenError} when the address cannot be taken, and whatever `openGatehouse` throws.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const caller: { stack?: string } = {};
  Error.captureStackTrace(caller, serve);
  try {
    return await serveUntilStopped(options);
  } catch (error) {
    const isExpected = error instanceof Error && EXPECTED.some((kind) => error instanceof kind);
    throw isExpected ? calledFrom(error, caller.stack) : error;
  }
}

/** What is for whoever starts the program to mend; anything else is a bug and keeps its whole trace. */
const EXPECTED = [ConfigError, BootRefusedError, ListenError, StoreUnavailableError, KeyFileError, KeyMaterialError];

/** An error as a program shows it that does not catch it: what is wrong, then where `serve` was called. */
function calledFrom(error: Error, stack = ""): Error {
  const [, frame] = stack.split("\n");
  error.stack = [`${error.name}: ${error.message}`, frame].join("\n");
  return error;
}

async function serveUntilStopped({
  application,
  settings,
  log = process.stdout,
}: ServeOptions): Promise<RunningServer> {
  const environment = process.env;
  const config = requireConfig({
    ...{ file: settings, environment, clock: systemClock },
    readSecretFile: (path) => readFileSync(path, "utf8"),
  });
  const machine = { clock: systemClock, random: systemRandom, environment, log };
  const server = await startServer({ config, application, ...machine });
  const signals = ["SIGINT", "SIGTERM"] as const;
  const forget = (): void => signals.forEach((signal) => process.removeListener(signal, stop));
  const stop = (): void => {
    forget();
    void server.close();
  };
  for (const signal of signals) process.on(signal, stop);
  const close = async (): Promise<void> => {
    forget();
    await server.close();
  };
  return { ...server, close, [Symbol.asyncDispose]: close };
}
