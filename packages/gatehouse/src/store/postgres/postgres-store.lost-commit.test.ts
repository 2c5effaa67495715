import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { contractMigrations, INSERT_NOTE, noteIds } from "../../testing/store-contract-fixture.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { openPostgresStore } from "./postgres-store.ts";

interface CuttingLine extends AsyncDisposable {
  readonly port: number;
  /** Cuts the connection that next sends a COMMIT: `before` or `after` the server has received it. */
  cutAt: "before" | "after" | undefined;
}

/** A line to the server that can be cut at the worst moment. */
async function openLine(target: number): Promise<CuttingLine> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket.on("error", () => undefined));
      socket.setNoDelay(true);
    }
    near.on("data", (chunk) => {
      const cut = chunk.includes("COMMIT") ? line.cutAt : undefined;
      if (cut === "before") return void near.destroy();
      far.write(chunk);
      if (cut === "after") near.destroy();
    });
    far.on("data", (chunk) => void near.write(chunk));
    near.on("close", () => void far.end());
    far.on("close", () => void near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const line: CuttingLine = {
    port: address.port,
    cutAt: undefined,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return line;
}

// When the answer to a commit is lost, the change has been made or it has not. Reporting it as refused invites a
// caller to repeat it, reporting it as done loses it: it must be reported as unknown, and never be repeated.
describe("lost answer to a commit", { skip: await skipWithout("postgres") }, () => {
  it("is reported as an unknown outcome, whichever way it went", async () => {
    await using service = await startPostgres();
    await using database = await service.createDatabase();
    await using line = await openLine(Number(new URL(database.url).port));
    const url = new URL(database.url);
    url.port = String(line.port);
    await using store = await openPostgresStore({ url: url.href, clock: systemClock, migrations: contractMigrations });
    for (const cut of ["before", "after"] as const) {
      let runs = 0;
      line.cutAt = cut;
      const write = store.write(async (transaction) => {
        runs += 1;
        await transaction.execute(INSERT_NOTE, [cut, 1]);
      });
      await assert.rejects(write, (error) => error instanceof StoreUnavailableError && error.outcome === "unknown");
      assert.equal(runs, 1);
      line.cutAt = undefined;
    }
    const deadline = systemClock.monotonic() + 3000;
    while ((await noteIds(store)).length === 0) assert.ok(systemClock.monotonic() < deadline);
    assert.deepEqual(await noteIds(store), ["after"]);
  });

  it("before the commit is reported as unchanged", async () => {
    await using service = await startPostgres();
    await using database = await service.createDatabase();
    await using line = await openLine(Number(new URL(database.url).port));
    const url = new URL(database.url);
    url.port = String(line.port);
    await using store = await openPostgresStore({ url: url.href, clock: systemClock, migrations: contractMigrations });
    const stop = { sqlite: "", postgres: "SELECT pg_terminate_backend(pg_backend_pid())" };
    const write = store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["never", 1]);
      await transaction.execute(stop, []);
    });
    await assert.rejects(write, (error) => error instanceof StoreUnavailableError && error.outcome === "unchanged");
    assert.deepEqual(await noteIds(store), []);
  });
});
