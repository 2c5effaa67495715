import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort, ServiceProcess, type ServiceControl } from "./service-process.ts";
import { postgresAnswers, postgresPrograms, postgresSettings, runProgram, unprivilegedOwner } from "./services.ts";

/** A hot standby that follows another server of a test by streaming. */
export interface PostgresStandby extends AsyncDisposable {
  /** The same database as that of the address given, there. */
  urlOf(primary: string): string;
  readonly process: ServiceControl;
}

/** Copies a server of the test's own, while it runs, and follows it from there on. */
export async function startStandby(primary: string): Promise<PostgresStandby> {
  const programs = await postgresPrograms(process.env);
  const owner = await unprivilegedOwner();
  const parent = await mkdtemp(join(tmpdir(), "gatehouse-standby-"));
  if (owner !== undefined) await chown(parent, owner.uid, owner.gid);
  const data = join(parent, "data");
  const copy = ["--dbname", primary, "--pgdata", data, "--write-recovery-conf", "--wal-method=stream"];
  const quick = ["--checkpoint=fast", "--no-sync"];
  await runProgram(join(programs, "pg_basebackup"), [...copy, ...quick], { cwd: parent, ...owner });
  const port = await freePort();
  const urlOf = (url: string): string => {
    const address = new URL(url);
    address.port = String(port);
    return address.href;
  };
  const server = new ServiceProcess({
    executable: join(programs, "postgres"),
    arguments: ["-D", data, ...postgresSettings(port, parent, { durable: false })],
    directory: parent,
    owner,
    stopSignal: "SIGINT",
    ready: () => postgresAnswers(urlOf(primary)),
  });
  await server.start();
  return {
    urlOf,
    process: server,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(parent, { recursive: true, force: true });
    },
  };
}
