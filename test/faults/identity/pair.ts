import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "gatehouse/testing";
import { ServerProcess } from "../../support/server-process.ts";
import { IDENTITY_CONFIG, IDENTITY_ENVIRONMENT } from "./door.ts";

/** Two servers of one issuer, on one PostgreSQL. */
export interface IdentityPair extends AsyncDisposable {
  readonly servers: readonly [ServerProcess, ServerProcess];
  /** The issuer's identifier: the address of neither, as behind a load balancer. */
  readonly issuer: string;
}

const ISSUER = "http://localhost:8080";

/** Starts both. */
export async function startIdentityPair(differences: Readonly<Record<string, string>> = {}): Promise<IdentityPair> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-issuers-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const service = stack.use(await startPostgres());
  const database = stack.use(await service.createDatabase());
  const environment = {
    ...IDENTITY_ENVIRONMENT,
    GATEHOUSE_STORE_ENGINE: "postgres",
    GATEHOUSE_STORE_POSTGRES_URL: database.url,
    GATEHOUSE_KEYS_FILE: join(directory, "keys.json"),
    GATEHOUSE_IDENTITY_ORIGIN: ISSUER,
    ...differences,
  };
  const launch = async (name: string): Promise<ServerProcess> =>
    stack.use(await ServerProcess.launch({ data: join(directory, name), config: IDENTITY_CONFIG, environment }));
  const servers = [await launch("first"), await launch("second")] as const;
  await Promise.all(servers.map((server) => server.ready()));
  const kept = stack.move();
  return { servers, issuer: ISSUER, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
