import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig, type ConfigInput } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { skipWithout, startOwnValkey, startPostgres, type PostgresService } from "../testing/services.ts";
import { createTemporaryDirectory } from "../testing/sqlite-fixture.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const SECRET = "a-secret-of-a-machine-that-nobody-guesses";
const API = "https://api.example/";
const ISSUER = "http://localhost:8080";
const CREDENTIALS = `Basic ${btoa(`machine:${SECRET}`)}`;
const WITHOUT_SERVICES = (await skipWithout("postgres")) || (await skipWithout("valkey"));
const CONNECTION = { address: "127.0.0.1", encrypted: false };

/** What servers of one installation share. */
interface Installation {
  readonly directory: string;
  readonly url: string;
  /** The address of a Valkey, which then is also what they hear of each other by. */
  readonly valkeyUrl?: string;
}

function open({ directory, url, valkeyUrl }: Installation, name: string): Promise<Gatehouse> {
  const file: ConfigInput = {
    ...{ profile: "development", dataDirectory: join(directory, name), keys: { file: join(directory, "keys.json") } },
    // What the driver's type says of URLs, the service's does too.
    store: { engine: "postgres", postgresUrl: url },
    ...(valkeyUrl === undefined ? {} : { counters: { engine: "valkey", valkeyUrl } }),
    identity: {
      algorithms: ["ES256"],
      clients: [{ id: "machine", secret: SECRET }],
      resources: [{ resource: API, scopes: ["photos:read"], format: "jwt" }],
    },
  };
  const config = requireConfig({ file, clock: systemClock });
  return openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
}

function ask(server: Gatehouse, path: string, form?: Readonly<Record<string, string>>): Promise<Response> {
  const init =
    form === undefined
      ? {}
      : { method: "POST", headers: { authorization: CREDENTIALS }, body: new URLSearchParams(form) };
  return server.handler(new Request(ISSUER + path, init), CONNECTION);
}

async function documentOf(response: Response): Promise<Record<string, unknown>> {
  assert.equal(response.status, 200);
  return Object(await response.json());
}

async function keySet(server: Gatehouse) {
  const { keys } = await documentOf(await ask(server, "/.well-known/jwks.json"));
  assert.ok(Array.isArray(keys));
  return { keys, kids: keys.map(({ kid }) => String(kid)) };
}

async function issue(server: Gatehouse): Promise<{ readonly token: string; readonly kid: string }> {
  const answer = await documentOf(
    await ask(server, "/oauth/token", { grant_type: "client_credentials", resource: API }),
  );
  const token = String(answer["access_token"]);
  return { token, kid: decodeProtectedHeader(token).kid ?? "" };
}

async function isActive(server: Gatehouse, token: string): Promise<unknown> {
  return (await documentOf(await ask(server, "/oauth/introspect", { token })))["active"];
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

// A key that was rotated or has leaked counts on every server at once. One that went on with what it had read at its
// start would sign with a key that is gone, or believe a thief.
describe("the signing keys of two servers on one PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  let service: PostgresService;
  let directory: string;
  let servers: readonly [first: Gatehouse, second: Gatehouse];

  before(async () => {
    service = await startPostgres();
    directory = await mkdtemp(join(tmpdir(), "gatehouse-signing-keys-"));
    const { url } = await service.createDatabase();
    servers = [await open({ directory, url }, "first"), await open({ directory, url }, "second")];
  });
  after(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  it("are made once, although both start with none", async () => {
    const [first, second] = servers;
    const [one, other] = await Promise.all([issue(first), issue(second)]);
    assert.equal(one.kid, other.kid);
  });

  it("are rotated on both, published and verified without a restart", async () => {
    const [first, second] = servers;
    const before = await issue(first);
    assert.equal((await first.operate("oauth.keys.rotate", { now: true })).ok, true);
    const after = await issue(first);
    assert.notEqual(after.kid, before.kid);
    await until(async () => (await keySet(second)).kids.includes(after.kid));
    const published = await keySet(second);
    assert.deepEqual(published.kids, [after.kid, before.kid]);
    const verify = createLocalJWKSet({ keys: published.keys });
    for (const { token } of [before, after]) {
      await jwtVerify(token, verify, { issuer: ISSUER, audience: API });
      assert.equal(await isActive(second, token), true);
    }
    assert.equal((await issue(second)).kid, after.kid);
  });

  it("are withdrawn from both when one is compromised, and what it signed with them", async () => {
    const [first, second] = servers;
    const lost = await issue(second);
    assert.equal((await first.operate("oauth.keys.compromise", { kid: lost.kid })).ok, true);
    await until(async () => !(await keySet(second)).kids.includes(lost.kid));
    for (const server of servers) {
      assert.equal(await isActive(server, lost.token), false);
      assert.ok(!(await keySet(server)).kids.includes(lost.kid));
      const { token, kid } = await issue(server);
      assert.notEqual(kid, lost.kid);
      assert.equal(await isActive(second, token), true);
    }
  });

  it("can be kept by others for minutes, not longer", async () => {
    const response = await ask(servers[1], "/.well-known/jwks.json");
    const [, seconds] = /^public, max-age=(\d+)$/.exec(response.headers.get("cache-control") ?? "") ?? [];
    assert.ok(Number(seconds) > 0 && Number(seconds) <= 600);
  });
});

// Whoever checks a token fetches the keys from any server behind the load balancer. One that has not heard yet of the key
// that has just signed on another would have valid tokens refused, by itself and by everybody who asks it.
describe("the signing keys of two servers that do not hear each other", { skip: WITHOUT_SERVICES }, () => {
  it("are known on the other from the first text they sign", async () => {
    await using stack = new AsyncDisposableStack();
    const service = stack.use(await startPostgres());
    const valkey = stack.use(await startOwnValkey());
    const directory = stack.use(createTemporaryDirectory()).path;
    const { url } = stack.use(await service.createDatabase());
    const installation = { directory, url, valkeyUrl: valkey.url };
    const servers = [stack.use(await open(installation, "first")), stack.use(await open(installation, "second"))];
    await Promise.all(servers.map(issue));
    await valkey.process.stop();
    for (const [one, other] of [servers, servers.toReversed()]) {
      assert.ok(one !== undefined && other !== undefined);
      assert.equal((await one.operate("oauth.keys.rotate", { now: true })).ok, true);
      const { token, kid } = await issue(one);
      assert.equal(await isActive(other, token), true, "looked up");
      await one.operate("oauth.keys.rotate", { now: true });
      const newest = await issue(one);
      assert.notEqual(newest.kid, kid);
      const { kids } = await keySet(other);
      assert.deepEqual(kids.slice(0, 2), [newest.kid, kid], "published");
    }
  });
});
