import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { createTestAuthority, type TestAuthority } from "../../testing/authority.ts";
import { skipWithout, startOwnPostgres } from "../../testing/services.ts";
import { connectionConfig } from "./postgres-settings.ts";
import { openPostgresStore, type PostgresStore } from "./postgres-store.ts";

describe("connectionConfig", () => {
  it("takes everything from the address and nothing from the environment", () => {
    const { types: _, ...config } = connectionConfig({ url: "postgres://gate%40house:p%2Fw@[::1]:6000/main" });
    assert.deepEqual(config, {
      host: "::1",
      port: 6000,
      user: "gate@house",
      password: "p/w",
      database: "main",
      ssl: false,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: "gatehouse",
    });
  });

  it("understands Unix sockets", () => {
    const config = connectionConfig({ url: "postgres:///main?host=/var/run/postgresql&user=gate" });
    assert.equal(config.user, "gate");
    assert.equal(config.host, "/var/run/postgresql");
    assert.equal(config.ssl, false);
  });

  it("verifies in full on every machine but this one", () => {
    for (const suffix of ["", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full"]) {
      const config = connectionConfig({ url: `postgres://u:p@db.example/main${suffix}`, ca: "PEM" });
      assert.deepEqual(config.ssl, {
        minVersion: "TLSv1.2",
        rejectUnauthorized: true,
        servername: "db.example",
        ca: "PEM",
      });
    }
    assert.deepEqual(connectionConfig({ url: "postgres://u:p@10.0.0.1/main" }).ssl, {
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
    });
  });

  it("refuses addresses that would not be encrypted or not be verified", () => {
    const refused = (suffix: string): void => {
      assert.throws(
        () => connectionConfig({ url: `postgres://u:secret@db.example/main${suffix}` }),
        (error: Error) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, /Use sslmode=verify-full/);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
      );
    };
    for (const mode of ["disable", "allow", "prefer", "no-verify"]) refused(`?sslmode=${mode}`);
    const lax = connectionConfig({ url: "postgres://u:p@db.example/main?sslmode=disable", profile: "development" });
    assert.equal(lax.ssl, false);
  });

  it("names what is wrong with an address without repeating it", () => {
    assert.throws(() => connectionConfig({ url: "postgres://u:secret@:::/main" }), /is not a URL/);
    assert.throws(() => connectionConfig({ url: "mysql://localhost/main" }), /starts with postgres:/);
    assert.throws(() => connectionConfig({ url: "postgres://localhost" }), /does not name a database/);
    assert.throws(
      () => connectionConfig({ url: "postgres://localhost/main?ssl_mode=x" }),
      /unknown parameter "ssl_mode"/,
    );
  });
});

// Whoever sits between the server and its database could read and rewrite everything, sessions included.
// Only a certificate that chains to the configured authority and carries the host's name is accepted.
describe("machine in the middle of a PostgreSQL connection", { skip: await skipWithout("postgres") }, () => {
  async function startEncrypted(authority: TestAuthority, host: string) {
    const folder = await mkdtemp(join(tmpdir(), "gatehouse-postgres-tls-"));
    const { certificate, key } = await authority.issue(host);
    const files = { "server.crt": join(folder, "server.crt"), "server.key": join(folder, "server.key") };
    await writeFile(files["server.crt"], certificate);
    await writeFile(files["server.key"], key);
    try {
      return await startOwnPostgres({ durable: false, files, settings: { ssl: "on" } });
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  function open(url: string, ca?: string): Promise<PostgresStore> {
    const address = new URL(url);
    address.searchParams.set("sslmode", "verify-full");
    return openPostgresStore({
      url: address.href,
      clock: systemClock,
      migrations: [],
      ...(ca === undefined ? {} : { ca }),
    });
  }

  it("connects with the right authority, refuses another one and the system's", async () => {
    const authority = await createTestAuthority();
    await using service = await startEncrypted(authority, "127.0.0.1");
    await using store = await open(service.url, authority.certificate);
    const encrypted = { sqlite: "", postgres: "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()" };
    assert.deepEqual(await store.read((transaction) => transaction.execute(encrypted, [])), [{ ssl: 1 }]);
    const stranger = await createTestAuthority("Somebody else");
    await assert.rejects(open(service.url, stranger.certificate), StoreUnavailableError);
    await assert.rejects(open(service.url), StoreUnavailableError);
  });

  it("refuses a certificate of the right authority for another host", async () => {
    const authority = await createTestAuthority();
    await using service = await startEncrypted(authority, "other.example");
    await assert.rejects(open(service.url, authority.certificate), /altnames/);
  });

  it("refuses a server without encryption", async () => {
    const authority = await createTestAuthority();
    await using service = await startOwnPostgres({ durable: false });
    await assert.rejects(open(service.url, authority.certificate), /does not support SSL/);
  });
});
