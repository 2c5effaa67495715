import { createHash } from "node:crypto";
import type { Redis } from "iovalkey";

import type { Clock } from "../../kernel/clock.ts";
import { StoreUnavailableError, type StoreHealth } from "../../kernel/ports/store.ts";
import { systemRandom, type Random } from "../../kernel/random.ts";
import { closeValkeyClient, createValkeyClient, type ValkeySettings } from "./valkey-client.ts";

/** Values a command takes. */
export type ValkeyValue = string | number | Uint8Array;

/** A Lua script that the server runs as one step. */
export interface ValkeyScript {
  readonly source: string;
  /** SHA-1 of the source in hexadecimal: the name the server knows it by. */
  readonly digest: string;
}

/** One connection to a Valkey or Redis server. It reconnects by itself; commands never wait for that. */
export interface ValkeyConnection extends AsyncDisposable {
  /**
   * Sends a command and resolves with its reply.
   * @throws {StoreUnavailableError} at once while disconnected, and when no answer comes within the command
   *   time-out; then it is unknown whether the server has run it.
   */
  command(name: string, ...values: readonly ValkeyValue[]): Promise<unknown>;
  /** Runs a script by its digest, sending the source only to a server that does not know it. Fails like `command`. */
  script(script: ValkeyScript, keys: readonly string[], values: readonly ValkeyValue[]): Promise<unknown>;
  /** Whether commands can be sent at this moment. */
  readonly ready: boolean;
  /** A further client with the same settings for subscriptions, not connected yet. Its owner subscribes and closes. */
  createSubscriber(): Redis;
  health(): Promise<StoreHealth>;
}

/** How a connection to Valkey is opened. */
export interface ValkeyConnectionOptions extends ValkeySettings {
  readonly clock: Clock;
  /** Default: the operating system's generator. Spreads reconnects. */
  readonly random?: Random;
  /** Told of connection errors; default: they show in `health()` alone. */
  readonly report?: (error: Error) => void;
}

const STORE = "valkey";
/** Error replies by which a server says that it cannot serve now, rather than that the command is wrong. */
const UNAVAILABLE =
  /^(LOADING|READONLY|MASTERDOWN|BUSY|OOM|NOREPLICAS|MISCONF|CLUSTERDOWN|TRYAGAIN|NOAUTH|ERR max number of clients)/;
/** Failures of a first connection that waiting does not heal. */
const MISCONFIGURED =
  /WRONGPASS|NOAUTH|NOPERM|invalid password|invalid DB index|certificate|self-signed|altnames|SSL routines/i;

/** Prepares a Lua script. */
export function defineScript(source: string): ValkeyScript {
  return { source, digest: createHash("sha1").update(source).digest("hex") };
}

/**
 * Opens a connection. A server that cannot be reached yet is no error: the connection keeps trying, because what
 * Valkey holds may be lost and has a fallback.
 * @throws {StoreUnavailableError} when the server refuses the password or its certificate cannot be verified.
 * @throws {TypeError} when production would connect without TLS.
 */
export async function openValkeyConnection(options: ValkeyConnectionOptions): Promise<ValkeyConnection> {
  const random = options.random ?? systemRandom;
  const client = createValkeyClient(options, random);
  let lastError = "";
  client.on("error", (error: Error) => {
    lastError = error.message;
    options.report?.(error);
  });
  await client.connect().catch(() => undefined);
  if (client.status !== "ready" && MISCONFIGURED.test(lastError)) {
    client.disconnect();
    throw new StoreUnavailableError(STORE, `Valkey refused the connection: ${lastError}`);
  }
  const connection: ValkeyConnection = {
    command: (name, ...values) => guarded(client.call(name, values.map(toArgument))),
    async script(script, keys, values) {
      const rest = [keys.length, ...keys, ...values];
      try {
        return await connection.command("EVALSHA", script.digest, ...rest);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
        return connection.command("EVAL", script.source, ...rest);
      }
    },
    get ready() {
      return client.status === "ready";
    },
    createSubscriber: () => createValkeyClient(options, random, { autoResubscribe: false }),
    health: () => probe(connection, options.clock, () => lastError),
    [Symbol.asyncDispose]: () => closeValkeyClient(client),
  };
  return connection;
}

function toArgument(value: ValkeyValue): string | number | Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

async function guarded(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError" && !UNAVAILABLE.test(error.message)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailableError(STORE, `Valkey did not answer: ${reason}`, { cause: error });
  }
}

async function probe(connection: ValkeyConnection, clock: Clock, lastError: () => string): Promise<StoreHealth> {
  const started = clock.monotonic();
  const base = { name: STORE, engine: "valkey" };
  try {
    const information = String(await connection.command("INFO", "server"));
    const [, engine = "redis"] = /^server_name:(\w+)/m.exec(information) ?? [];
    const [, version = "?"] = /^(?:valkey|redis)_version:(\S+)/m.exec(information) ?? [];
    return { ...base, engine, state: "up", latency: clock.monotonic() - started, detail: `version ${version}` };
  } catch (error) {
    const reason = lastError() || (error instanceof Error ? error.message : String(error));
    return { ...base, state: "down", latency: clock.monotonic() - started, detail: reason };
  }
}
