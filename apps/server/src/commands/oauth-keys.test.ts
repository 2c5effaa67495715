import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  runCommand,
  startServer,
  type CommandResult,
  type ServerProcess,
} from "../../../../test/support/server-process.ts";

const SECRET = "a-secret-of-a-machine-that-nobody-guesses";
const API = "https://api.example/";
const environment = {
  GATEHOUSE_IDENTITY_CLIENTS: JSON.stringify([{ id: "machine", secret: SECRET }]),
  GATEHOUSE_IDENTITY_RESOURCES: JSON.stringify([{ resource: API, scopes: ["photos:read"], format: "jwt" }]),
};

interface ListedKey {
  readonly kid: string;
  readonly state: string;
  readonly signed: number;
  readonly signedAt?: number;
  readonly seenAt?: number;
  readonly safeToPrune: boolean;
  readonly why: string;
}

describe("gatehouse oauth", () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServer({ environment });
  });
  after(() => server[Symbol.asyncDispose]());

  async function run(...words: readonly string[]): Promise<CommandResult> {
    const result = await runCommand(["--data", server.data, "oauth", ...words], { environment });
    assert.equal(result.code, 0, result.stderr);
    return result;
  }

  async function list(): Promise<readonly ListedKey[]> {
    const { stdout } = await run("list-keys", "--json");
    return JSON.parse(stdout).keys;
  }

  async function ask(path: string, form: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    const headers = { authorization: `Basic ${btoa(`machine:${SECRET}`)}` };
    const response = await fetch(server.url + path, { method: "POST", headers, body: new URLSearchParams(form) });
    return Object(await response.json());
  }

  async function publishedKeys(): Promise<readonly string[]> {
    const response = await fetch(`${server.url}/.well-known/jwks.json`);
    const { keys }: { keys: { kid: string }[] } = Object(await response.json());
    return keys.map(({ kid }) => kid);
  }

  it("says of each key what it has signed, and who has shown that since", async () => {
    const { access_token: token } = await ask("/oauth/token", { grant_type: "client_credentials", resource: API });
    let [key] = await list();
    assert.deepEqual([key?.state, key?.signed, key?.seenAt], ["active", 1, undefined]);
    assert.equal((await ask("/oauth/introspect", { token: String(token) }))["active"], true);
    [key] = await list();
    assert.ok(key?.signedAt !== undefined && key.seenAt !== undefined && key.seenAt >= key.signedAt);
    assert.deepEqual([key.safeToPrune, key.why], [false, "signs"]);
    const { stdout } = await run("list-keys");
    assert.match(stdout, /^KID +ALGORITHM +STATE .*SAFE TO PRUNE\n/);
    assert.match(stdout, /The keys change by themselves at /);
  });

  it("publishes the next keys, and has them sign at once where that is wanted", async () => {
    const [before] = await publishedKeys();
    const { stdout: soon } = await run("rotate-keys");
    assert.match(soon, /is published, and signs later/);
    assert.equal((await publishedKeys()).length, 2);
    assert.match((await run("rotate-keys")).stdout, /published already/);
    const { stdout: now } = await run("rotate-keys", "--now");
    assert.match(now, /signs no more[\s\S]*signs from now on/);
    const [after, retiring] = await publishedKeys();
    assert.notEqual(after, before);
    assert.equal(retiring, before);
    const { why } = (await list()).find(({ kid }) => kid === before) ?? { why: "" };
    assert.match(why, /^what it signed may be valid until /);
    assert.match((await run("prune-keys", "--dry-run")).stdout, /nothing to prune/);
    assert.deepEqual(JSON.parse((await run("prune-keys", "--json")).stdout), { changes: [] });
  });

  it("withdraws a key at once, and refuses what it has signed", async () => {
    const { access_token: token } = await ask("/oauth/token", { grant_type: "client_credentials", resource: API });
    const [lost = ""] = await publishedKeys();
    const { stdout } = await run("compromise", "--", lost);
    assert.match(stdout, /is withdrawn and destroyed[\s\S]*a new key for ES256, signs from now on/);
    assert.ok(!(await publishedKeys()).includes(lost));
    assert.equal((await ask("/oauth/introspect", { token: String(token) }))["active"], false);
    assert.match((await run("compromise", "--", lost)).stdout, /was withdrawn before/);
    const trail = await runCommand(["audit", "list", "--name", "oauth_key_compromised", "--json"], server);
    assert.ok(trail.stdout.includes(lost), "the trail names the key");
  });

  it("asks which key is meant, and says where there is none of that name", async () => {
    const nothing = await runCommand(["oauth", "compromise"], { data: server.data, environment });
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /Say which key/);
    const unknown = await runCommand(["oauth", "compromise", "nope"], { data: server.data, environment });
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /There is no signing key nope/);
  });

  it("works on a stopped installation, which the next start goes by", async () => {
    await server.stop();
    const counted = (await list()).reduce((sum, { signed }) => sum + signed, 0);
    assert.equal(counted, 2, "counts were written at the end");
    await run("rotate-keys", "--now");
    const active = (await list()).find(({ state }) => state === "active");
    await using again = await startServer({ environment, data: server.data });
    const response = await fetch(`${again.url}/.well-known/jwks.json`);
    assert.equal(Object(await response.json()).keys[0].kid, active?.kid);
  });
});
