import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { runStatement } from "../store/postgres/postgres-statement.ts";
import { acceptsConnections } from "./service-process.ts";
import {
  MissingServiceError,
  skipWithout,
  startOwnPostgres,
  startOwnValkey,
  startPostgres,
  startValkey,
} from "./services.ts";

describe("startOwnPostgres", { skip: await skipWithout("postgres") }, () => {
  it("runs a server of its own that can be stopped, started, frozen and resumed", async () => {
    let port: number;
    {
      await using service = await startOwnPostgres();
      port = Number(new URL(service.url).port);
      await using database = await service.createDatabase();
      await runStatement(database.url, "CREATE TABLE kept (id integer)");
      await service.process.stop("crash");
      assert.equal(await acceptsConnections(port), false);
      await service.process.start();
      await runStatement(database.url, "SELECT id FROM kept");
      await service.process.pause();
      const frozen = runStatement(database.url, "SELECT 1");
      assert.equal(
        await Promise.race([frozen, new Promise((resolve) => setTimeout(resolve, 200, "frozen"))]),
        "frozen",
      );
      await service.process.resume();
      await frozen;
    }
    assert.equal(await acceptsConnections(port), false);
  });

  it("starts again at once after a crash in the middle of a long statement", async () => {
    await using service = await startOwnPostgres();
    const counting = runStatement(service.url, "SELECT count(*) FROM generate_series(1, 8000000)");
    const isUnderWay = "SELECT 1 / count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM gen%'";
    const found = (): Promise<boolean> =>
      runStatement(service.url, isUnderWay).then(
        () => true,
        () => false,
      );
    while (!(await found())) await new Promise((resolve) => setTimeout(resolve, 10));
    await service.process.stop("crash");
    await service.process.start();
    await Promise.allSettled([counting]);
    await runStatement(service.url, "SELECT 1");
  });

  it("gives every caller an empty database and drops it afterwards", async () => {
    await using service = await startPostgres();
    await using first = await service.createDatabase();
    const second = await service.createDatabase();
    await runStatement(first.url, "CREATE TABLE a (id integer)");
    await assert.rejects(runStatement(second.url, "SELECT id FROM a"), { code: "42P01" });
    await second[Symbol.asyncDispose]();
    await assert.rejects(runStatement(second.url, "SELECT 1"), { code: "3D000" });
  });
});

describe("startOwnValkey", { skip: await skipWithout("valkey") }, () => {
  it("runs a server of its own on a free port and ends it", async () => {
    let port: number;
    {
      await using service = await startOwnValkey();
      port = Number(new URL(service.url).port);
      assert.notEqual(service.freshPrefix(), service.freshPrefix());
      assert.equal(await acceptsConnections(port), true);
    }
    assert.equal(await acceptsConnections(port), false);
  });
});

describe("startPostgres and startValkey", () => {
  it("take a running server from the environment", async () => {
    const environment = {
      TEST_POSTGRES_URL: "postgres://db/x",
      TEST_VALKEY_URL: "redis://cache/0",
    };
    assert.equal((await startPostgres({ environment })).url, "postgres://db/x");
    assert.equal((await startValkey({ environment })).url, "redis://cache/0");
  });

  it("name the package to install when nothing is found", () => {
    const error = new MissingServiceError("PostgreSQL", "postgresql", "TEST_POSTGRES_URL");
    assert.match(error.message, /Install the package "postgresql", or set TEST_POSTGRES_URL/);
  });
});
