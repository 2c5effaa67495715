import { Redis, type RedisOptions } from "iovalkey";

import type { Random } from "../../kernel/random.ts";
import { pauseAfter } from "../backoff.ts";
import { isLocalHost, verifiedTls, type Certificates } from "../transport-security.ts";

/** Where a Valkey or Redis server is and how its connections behave. */
export interface ValkeySettings extends Certificates {
  /** `redis://`, `valkey://`, or with TLS `rediss://`, `valkeys://`; user, password and database number as usual. */
  readonly url: string;
  /** In `production` a connection without TLS is refused unless it stays on this machine. Default `production`. */
  readonly profile?: "development" | "production";
  /** Milliseconds until a command without an answer fails and its connection is replaced. Default 250. */
  readonly commandTimeout?: number;
  /** Milliseconds for establishing a connection. Default 1000. */
  readonly connectTimeout?: number;
  /** Longest pause between two attempts to reconnect, in milliseconds. Default 2000. */
  readonly reconnectLimit?: number;
}

const DEFAULT_PORT = 6379;
const FIRST_RECONNECT = 50;
const KEEP_ALIVE = 10_000;
const DISCONNECT_TIMEOUT = 200;
const PLAIN = new Set(["redis:", "valkey:"]);
const ENCRYPTED = new Set(["rediss:", "valkeys:"]);

/**
 * A client that has not connected yet.
 * @throws {TypeError} when the address is not one of a Valkey server, or production would connect without TLS.
 */
export function createValkeyClient(
  settings: ValkeySettings,
  random: Random,
  overrides: Pick<RedisOptions, "autoResubscribe"> = {},
): Redis {
  const url = new URL(settings.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const encrypted = ENCRYPTED.has(url.protocol);
  if (!encrypted && !PLAIN.has(url.protocol)) {
    throw new TypeError(
      `A Valkey address starts with redis://, rediss://, valkey:// or valkeys://, not ${url.protocol}//`,
    );
  }
  if (!encrypted && settings.profile !== "development" && !isLocalHost(host)) {
    const advice = "Use rediss://, with the option `ca` for a private authority.";
    throw new TypeError(`The connection to Valkey at ${host} would not be encrypted. ${advice}`);
  }
  const commandTimeout = settings.commandTimeout ?? 250;
  const limit = settings.reconnectLimit ?? 2000;
  const options: RedisOptions = {
    ...overrides,
    host,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    db: Number(url.pathname.slice(1)),
    family: 0,
    commandTimeout,
    socketTimeout: commandTimeout,
    connectTimeout: settings.connectTimeout ?? 1000,
    keepAlive: KEEP_ALIVE,
    disconnectTimeout: DISCONNECT_TIMEOUT,
    lazyConnect: true,
    // Nothing waits for a connection and nothing is sent twice: the caller is told at once and decides itself.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.ceil(pauseAfter(attempt, { first: FIRST_RECONNECT, limit, random })),
  };
  if (url.username !== "") options.username = decodeURIComponent(url.username);
  if (url.password !== "") options.password = decodeURIComponent(url.password);
  if (encrypted) options.tls = verifiedTls(host, settings);
  return new Redis(options);
}

/** Ends a client for good, whatever state it is in. */
export async function closeValkeyClient(client: Redis): Promise<void> {
  const { status } = client;
  if (status === "end") return;
  const ended = new Promise((resolve) => void client.once("end", resolve));
  client.disconnect();
  // A client that waits for its next attempt has no connection whose end it could announce.
  if (status !== "reconnecting" && status !== "close") await ended;
}
