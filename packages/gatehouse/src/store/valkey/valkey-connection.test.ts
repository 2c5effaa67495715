import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { createTestAuthority, type IssuedCertificate, type TestAuthority } from "../../testing/authority.ts";
import { freePort } from "../../testing/service-process.ts";
import { skipWithout, startOwnValkey } from "../../testing/services.ts";
import { defineScript, openValkeyConnection, type ValkeyConnection } from "./valkey-connection.ts";

const skip = await skipWithout("valkey");

async function untilReady(connection: ValkeyConnection): Promise<void> {
  const deadline = systemClock.monotonic() + 5000;
  while (!connection.ready) {
    assert.ok(systemClock.monotonic() < deadline, "the connection did not come back within 5 s");
    await delay(10);
  }
}

async function timed(work: PromiseLike<unknown>): Promise<{ error: unknown; milliseconds: number }> {
  const started = systemClock.monotonic();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, milliseconds: systemClock.monotonic() - started };
}

describe("openValkeyConnection", { skip }, () => {
  it("sends commands and runs scripts by their digest", async () => {
    await using service = await startOwnValkey();
    await using connection = await openValkeyConnection({ url: service.url, clock: systemClock });
    const script = defineScript("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}");
    assert.equal(await connection.command("SET", "a", "1"), "OK");
    assert.deepEqual(await connection.script(script, ["a"], ["x"]), ["a", "x", 2]);
    assert.deepEqual(await connection.script(script, ["a"], ["y"]), ["a", "y", 3]);
    await assert.rejects(connection.command("LPUSH", "a", "1"), /WRONGTYPE/);
    const health = await connection.health();
    assert.equal(health.state, "up");
    assert.match(health.detail, /^version \d/);
  });

  it("starts while the server is away, refuses commands at once and connects once it is there", async () => {
    await using service = await startOwnValkey();
    await service.process.stop();
    await using connection = await openValkeyConnection({ url: service.url, clock: systemClock });
    const { error, milliseconds } = await timed(connection.command("PING"));
    assert.ok(error instanceof StoreUnavailableError);
    assert.ok(milliseconds < 20, `took ${milliseconds} ms`);
    assert.equal((await connection.health()).state, "down");
    await service.process.start();
    await untilReady(connection);
    assert.equal(await connection.command("PING"), "PONG");
  });

  it("answers within the time-out while the server is frozen, and recovers", async () => {
    await using service = await startOwnValkey();
    await using connection = await openValkeyConnection({ url: service.url, clock: systemClock, commandTimeout: 100 });
    await service.process.pause();
    const { error, milliseconds } = await timed(connection.command("PING"));
    assert.ok(error instanceof StoreUnavailableError);
    assert.ok(milliseconds >= 95 && milliseconds < 400, `took ${milliseconds} ms`);
    await delay(300);
    const later = await timed(connection.command("PING"));
    assert.ok(later.error instanceof StoreUnavailableError);
    assert.ok(later.milliseconds < 20, "a connection that gave no answer is not used again");
    await service.process.resume();
    await untilReady(connection);
    assert.equal(await connection.command("PING"), "PONG");
  });

  it("never sends a command twice: what was refused during an outage stays refused", async () => {
    await using service = await startOwnValkey();
    await using connection = await openValkeyConnection({ url: service.url, clock: systemClock });
    await service.process.stop("crash");
    const refused = await Promise.allSettled(Array.from({ length: 50 }, () => connection.command("INCR", "hits")));
    assert.ok(refused.every((result) => result.status === "rejected"));
    await service.process.start();
    await untilReady(connection);
    await delay(100);
    assert.equal(await connection.command("GET", "hits"), null);
  });

  it("closes at once whatever state the server is in", async () => {
    await using service = await startOwnValkey();
    const connected = await openValkeyConnection({ url: service.url, clock: systemClock });
    await service.process.pause();
    assert.ok((await timed(connected[Symbol.asyncDispose]())).milliseconds < 500);
    await service.process.stop("crash");
    const reconnecting = await openValkeyConnection({ url: service.url, clock: systemClock });
    assert.ok((await timed(reconnecting[Symbol.asyncDispose]())).milliseconds < 500);
    await assert.rejects(reconnecting.command("PING"), StoreUnavailableError);
  });

  it("refuses to start with a password the server does not accept", async () => {
    await using service = await startOwnValkey({ arguments: ["--requirepass", "right"] });
    const address = (password: string): string => service.url.replace("//", `//:${password}@`);
    await using connection = await openValkeyConnection({ url: address("right"), clock: systemClock });
    assert.equal(await connection.command("PING"), "PONG");
    await assert.rejects(openValkeyConnection({ url: address("wrong"), clock: systemClock }), /WRONGPASS/);
    await assert.rejects(openValkeyConnection({ url: service.url, clock: systemClock }), /NOAUTH/);
  });

  it("refuses an unencrypted connection to another machine in production", async () => {
    const url = "redis://cache.example:6379/0";
    await assert.rejects(openValkeyConnection({ url, clock: systemClock }), /would not be encrypted. Use rediss:/);
    await assert.rejects(
      openValkeyConnection({ url: "http://cache.example", clock: systemClock }),
      /starts with redis:/,
    );
  });
});

// A machine between server and store could read and change every counter and message.
// Only a certificate that chains to the configured authority and carries the server's name is accepted.
describe("machine in the middle of a Valkey connection", { skip }, () => {
  let folder: string;
  let authority: TestAuthority;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-valkey-tls-"));
    authority = await createTestAuthority();
  });
  after(() => rm(folder, { recursive: true }));

  async function startEncrypted(issued: IssuedCertificate) {
    const certificate = join(folder, "server.crt");
    const key = join(folder, "server.key");
    await writeFile(certificate, issued.certificate);
    await writeFile(key, issued.key);
    const port = await freePort();
    const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"];
    const service = await startOwnValkey({ arguments: ["--tls-port", String(port), ...files] });
    return { service, url: `rediss://127.0.0.1:${port}/0` };
  }

  it("accepts the right authority and name, refuses another authority", async () => {
    const { service, url } = await startEncrypted(await authority.issue("127.0.0.1"));
    await using _running = service;
    await using connection = await openValkeyConnection({ url, ca: authority.certificate, clock: systemClock });
    assert.equal(await connection.command("PING"), "PONG");
    const stranger = await createTestAuthority("Somebody else");
    await assert.rejects(openValkeyConnection({ url, ca: stranger.certificate, clock: systemClock }), /refused/);
    await assert.rejects(openValkeyConnection({ url, clock: systemClock }), /refused/);
  });

  it("refuses a certificate of the right authority for another host", async () => {
    const { service, url } = await startEncrypted(await authority.issue("other.example"));
    await using _running = service;
    await assert.rejects(openValkeyConnection({ url, ca: authority.certificate, clock: systemClock }), /altnames/);
  });
});
