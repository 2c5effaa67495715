import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { systemRandom } from "../kernel/random.ts";
import { acceptsConnections, freePort, ServiceProcess, type ServiceControl } from "./service-process.ts";

/** Environment variables the services are taken from. */
export type ServiceEnvironment = Readonly<Record<string, string | undefined>>;

/** An empty database for one test file; dropped when disposed. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** A PostgreSQL server for tests. */
export interface PostgresService extends AsyncDisposable {
  /** Connection string of a superuser, database `postgres`. */
  readonly url: string;
  /** Creates an empty database of its own for the caller. */
  createDatabase(): Promise<TestDatabase>;
}

/** A Valkey or Redis server for tests. */
export interface ValkeyService extends AsyncDisposable {
  readonly url: string;
  /** A prefix nobody else uses, for keys and channels. */
  freshPrefix(): string;
}

/** How a PostgreSQL server for tests is started. */
export interface PostgresServiceOptions {
  /** Default `process.env`; `TEST_POSTGRES_URL` names a server that already runs. */
  readonly environment?: ServiceEnvironment;
  /** `false` turns fsync off: faster, and a crash of the machine may lose data. Default `true`. */
  readonly durable?: boolean;
  /** Further server settings, such as `ssl` or `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files put into the data directory before the start, readable by the server alone: name to source path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** How a Valkey server for tests is started. */
export interface ValkeyServiceOptions {
  /** Default `process.env`; `TEST_VALKEY_URL` names a server that already runs. */
  readonly environment?: ServiceEnvironment;
  /** Further command line arguments, such as `--maxclients 50`. */
  readonly arguments?: readonly string[];
}

/** A server program a test needs is not installed. */
export class MissingServiceError extends Error {
  override readonly name = "MissingServiceError";
  /** Name of the system package to install. */
  readonly package: string;
  constructor(service: string, systemPackage: string, variable: string) {
    super(`${service} was not found. Install the package "${systemPackage}", or set ${variable} to a running server.`);
    this.package = systemPackage;
  }
}

const POSTGRES_VARIABLE = "TEST_POSTGRES_URL";
const VALKEY_VARIABLE = "TEST_VALKEY_URL";

/**
 * Why a suite cannot run here, as the `skip` option of node:test, or `false` when it can.
 * Always `false` when `CI` is set: there a missing server is a failure, not a reason to skip.
 */
export async function skipWithout(
  service: "postgres" | "valkey",
  environment: ServiceEnvironment = process.env,
): Promise<string | false> {
  if (environment["CI"] !== undefined) return false;
  try {
    const named = environment[service === "postgres" ? POSTGRES_VARIABLE : VALKEY_VARIABLE];
    if (named !== undefined) return false;
    if (service === "postgres") await postgresPrograms(environment);
    else valkeyProgram(environment);
    return false;
  } catch (error) {
    if (error instanceof MissingServiceError) return error.message;
    throw error;
  }
}

/**
 * A PostgreSQL server: the one the environment names, else one started for the caller.
 * @throws {MissingServiceError} when no server is named and none is installed.
 */
export async function startPostgres(options: PostgresServiceOptions = {}): Promise<PostgresService> {
  const environment = options.environment ?? process.env;
  const url = environment[POSTGRES_VARIABLE];
  if (url === undefined) return startOwnPostgres(options);
  return { url, createDatabase: () => createDatabase(url), [Symbol.asyncDispose]: () => Promise.resolve() };
}

/**
 * A PostgreSQL server of the caller's own, which it may stop, freeze and start again.
 * @throws {MissingServiceError} when PostgreSQL is not installed.
 */
export async function startOwnPostgres(
  options: PostgresServiceOptions = {},
): Promise<PostgresService & { readonly process: ServiceControl }> {
  const programs = await postgresPrograms(options.environment ?? process.env);
  const owner = await unprivilegedOwner();
  const parent = await mkdtemp(join(tmpdir(), "gatehouse-postgres-"));
  const data = join(parent, "data");
  const password = randomText(16);
  const passwordFile = join(parent, "password");
  await writeFile(passwordFile, password);
  if (owner !== undefined) for (const path of [parent, passwordFile]) await chown(path, owner.uid, owner.gid);
  const layout = ["-D", data, "-U", "postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
  const initialise = [...layout, "--encoding=UTF8", "--locale=C", "--no-sync"];
  await runProgram(join(programs, "initdb"), initialise, { cwd: parent, ...owner });
  for (const [name, source] of Object.entries(options.files ?? {})) {
    const target = join(data, name);
    await cp(source, target);
    await chmod(target, 0o600);
    if (owner !== undefined) await chown(target, owner.uid, owner.gid);
  }
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const server = new ServiceProcess({
    executable: join(programs, "postgres"),
    arguments: ["-D", data, ...postgresSettings(port, parent, options)],
    directory: parent,
    owner,
    stopSignal: "SIGINT",
    ready: () => postgresAnswers(url),
  });
  await server.start();
  return {
    url,
    process: server,
    createDatabase: () => createDatabase(url),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(parent, { recursive: true, force: true });
    },
  };
}

/**
 * A Valkey or Redis server: the one the environment names, else one started for the caller.
 * @throws {MissingServiceError} when no server is named and none is installed.
 */
export async function startValkey(options: ValkeyServiceOptions = {}): Promise<ValkeyService> {
  const environment = options.environment ?? process.env;
  const url = environment[VALKEY_VARIABLE];
  if (url === undefined) return startOwnValkey(options);
  return { url, freshPrefix, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/**
 * A Valkey or Redis server of the caller's own, which it may stop, freeze and start again. It keeps nothing on disk.
 * @throws {MissingServiceError} when neither is installed.
 */
export async function startOwnValkey(
  options: ValkeyServiceOptions = {},
): Promise<ValkeyService & { readonly process: ServiceControl }> {
  const executable = valkeyProgram(options.environment ?? process.env);
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-valkey-"));
  const port = await freePort();
  const plain = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = new ServiceProcess({
    executable,
    arguments: [...plain, "--dir", directory, ...(options.arguments ?? [])],
    directory,
    owner: undefined,
    stopSignal: "SIGTERM",
    ready: () => acceptsConnections(port),
  });
  await server.start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
    freshPrefix,
    process: server,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function freshPrefix(): string {
  return `test:${randomText(8)}:`;
}

async function createDatabase(server: string): Promise<TestDatabase> {
  const { runStatement } = await import("../store/postgres/postgres-statement.ts");
  const name = `gatehouse_test_${randomText(8)}`;
  await runStatement(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => runStatement(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Whether a server answers a statement. */
export async function postgresAnswers(url: string): Promise<boolean> {
  const { runStatement } = await import("../store/postgres/postgres-statement.ts");
  return runStatement(url, "SELECT 1").then(
    () => true,
    () => false,
  );
}

/** Settings of a server for tests, as arguments. */
export function postgresSettings(port: number, socketDirectory: string, options: PostgresServiceOptions): string[] {
  const durable = options.durable ?? true;
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: socketDirectory,
    fsync: durable ? "on" : "off",
    full_page_writes: durable ? "on" : "off",
    max_connections: "200",
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Folder of the newest installed PostgreSQL: Debian's layout first, then the search path. */
export async function postgresPrograms(environment: ServiceEnvironment): Promise<string> {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? await readdir(root) : [];
  versions.sort((left, right) => Number(right) - Number(left));
  const candidates = [...versions.map((version) => join(root, version, "bin")), ...searchPath(environment)];
  const found = candidates.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
  if (found === undefined) throw new MissingServiceError("PostgreSQL", "postgresql", POSTGRES_VARIABLE);
  return found;
}

function valkeyProgram(environment: ServiceEnvironment): string {
  for (const name of ["valkey-server", "redis-server"]) {
    const folder = searchPath(environment).find((candidate) => existsSync(join(candidate, name)));
    if (folder !== undefined) return join(folder, name);
  }
  throw new MissingServiceError("Neither Valkey nor Redis", "valkey-server or redis-server", VALKEY_VARIABLE);
}

function searchPath(environment: ServiceEnvironment): string[] {
  return [...(environment["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/local/bin"].filter((path) => path !== "");
}

/** PostgreSQL refuses to run as root: there it runs as the user `postgres`. */
export async function unprivilegedOwner(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((text) => text.startsWith("postgres:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) throw new Error('Running as root needs a system user "postgres".');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  parameters: readonly string[],
  options: { readonly cwd: string; readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(program, parameters, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`${program} failed:\n${output}`);
}

/** Text that nobody else has. */
export function randomText(bytes: number): string {
  return Buffer.from(systemRandom.bytes(bytes)).toString("hex");
}
