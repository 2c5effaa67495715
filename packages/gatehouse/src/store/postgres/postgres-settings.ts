import type { ClientConfig } from "pg";

import { isLocalHost, verifiedTls, type Certificates } from "../transport-security.ts";
import { portableTypes } from "./postgres-types.ts";

/** Where a PostgreSQL server is. */
export interface PostgresSettings extends Certificates {
  /**
   * `postgres://user:password@host:port/database`; `postgres:///database?host=/path&user=name` for a
   * Unix socket. `sslmode` is
   * `verify-full` (default for other machines) or `disable` (default for this machine, and for nothing else in
   * production). `require` and `verify-ca` verify in full as well; the modes that may do without TLS are refused.
   */
  readonly url: string;
  /** Default `production`. */
  readonly profile?: "development" | "production";
}

const DEFAULT_PORT = 5432;
const KEEP_ALIVE = 10_000;
const VERIFYING = new Set(["require", "verify-ca", "verify-full"]);
const KNOWN_PARAMETERS = new Set(["sslmode", "host", "user", "application_name"]);

/**
 * What the client library needs to connect. Nothing is taken from the environment or from password files.
 * @throws {TypeError} when the address is not one of a PostgreSQL database or would be used without TLS.
 */
export function connectionConfig(settings: PostgresSettings): ClientConfig {
  const url = parse(settings.url);
  const host = decodeURIComponent(url.searchParams.get("host") ?? url.hostname).replace(/^\[|\]$/g, "") || "localhost";
  const database = decodeURIComponent(url.pathname.slice(1));
  if (database === "") throw new TypeError("The address of the PostgreSQL database does not name a database.");
  return {
    host,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    user: decodeURIComponent(url.username) || (url.searchParams.get("user") ?? "postgres"),
    password: decodeURIComponent(url.password),
    database,
    ssl: isEncrypted(url, host, settings) ? verifiedTls(host, settings) : false,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE,
    application_name: url.searchParams.get("application_name") ?? "gatehouse",
    types: portableTypes,
  };
}

/** The address without its password, for messages. */
export function describeAddress(config: ClientConfig): string {
  return `${config.host}:${config.port}/${config.database}`;
}

function parse(text: string): URL {
  // A malformed address is not repeated in the message: it holds the password.
  if (!URL.canParse(text)) throw new TypeError("The address of the PostgreSQL database is not a URL.");
  const url = new URL(text);
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw new TypeError(`The address of a PostgreSQL database starts with postgres://, not ${url.protocol}//`);
  }
  for (const name of url.searchParams.keys()) {
    if (!KNOWN_PARAMETERS.has(name)) {
      throw new TypeError(`The address of the PostgreSQL database has the unknown parameter "${name}".`);
    }
  }
  return url;
}

function isEncrypted(url: URL, host: string, settings: PostgresSettings): boolean {
  const local = isLocalHost(host);
  const mode = url.searchParams.get("sslmode") ?? (local && settings.ca === undefined ? "disable" : "verify-full");
  if (VERIFYING.has(mode)) return true;
  const advice = "Use sslmode=verify-full, with the option `ca` for a private authority.";
  if (mode !== "disable") throw new TypeError(`sslmode=${mode} may connect without verified TLS. ${advice}`);
  if (!local && settings.profile !== "development") {
    throw new TypeError(`The connection to PostgreSQL at ${host} would not be encrypted. ${advice}`);
  }
  return false;
}
