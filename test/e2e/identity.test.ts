import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as client from "openid-client";
import { runCommand, startServer, type ServerProcess } from "../support/server-process.ts";

const SECRET = "a-secret-of-a-machine-that-nobody-guesses";
const API = "https://api.example/";

const environment = {
  GATEHOUSE_IDENTITY_CLIENTS: JSON.stringify([
    { id: "machine", secret: SECRET, name: "A machine" },
    { id: "api", secret: SECRET },
  ]),
  GATEHOUSE_IDENTITY_RESOURCES: JSON.stringify([
    { resource: API, scopes: ["photos:read"], format: "jwt", lifetime: "5m", lookedUpBy: ["api"] },
  ]),
};

describe("the identity provider of a started server", () => {
  let server: ServerProcess;

  before(async () => {
    server = await startServer({ environment });
  });
  after(() => server[Symbol.asyncDispose]());

  function discover(id: string): Promise<client.Configuration> {
    const execute = [client.allowInsecureRequests];
    return client.discovery(new URL(server.url), id, SECRET, client.ClientSecretBasic(SECRET), { execute });
  }

  async function describeServer(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(new URL(path, server.url));
    assert.equal(response.status, 200);
    return Object(await response.json());
  }

  it("describes itself under the server's own address, in both customary places", async () => {
    const openId = await describeServer("/.well-known/openid-configuration");
    const oauth = await describeServer("/.well-known/oauth-authorization-server");
    assert.deepEqual(openId, oauth);
    assert.equal(openId["issuer"], server.url);
    assert.equal(openId["token_endpoint"], `${server.url}/oauth/token`);
    assert.deepEqual(openId["code_challenge_methods_supported"], ["S256"]);
  });

  it("publishes public keys alone", async () => {
    const { keys } = await describeServer("/.well-known/jwks.json");
    assert.ok(Array.isArray(keys) && keys.length === 1);
    assert.deepEqual([keys[0].alg, keys[0].d], ["ES256", undefined]);
  });

  it("gives a configured client a token, tells what it means, and takes it back", async () => {
    const machine = await discover("machine");
    const api = await discover("api");
    const asked = { resource: API, scope: "photos:read" };
    const token = await client.clientCredentialsGrant(machine, asked);
    assert.equal(token.expires_in, 300);
    const found = await client.tokenIntrospection(api, token.access_token);
    assert.deepEqual([found.active, found.client_id, found.scope], [true, "machine", "photos:read"]);
    await client.tokenRevocation(machine, token.access_token);
    assert.equal((await client.tokenIntrospection(api, token.access_token)).active, false);
  });

  it("keeps tokens over a restart, and signs with the same keys", async () => {
    const token = await client.clientCredentialsGrant(await discover("machine"), { resource: API });
    const { keys } = await describeServer("/.well-known/jwks.json");
    await server.stop();
    const again = await startServer({ environment, data: server.data, port: server.port });
    try {
      const found = await client.tokenIntrospection(await discover("api"), token.access_token);
      assert.equal(found.active, true);
      assert.deepEqual((await describeServer("/.well-known/jwks.json"))["keys"], keys);
    } finally {
      await again.stop();
    }
  });

  it("refuses a wrong secret, and records it", async () => {
    await using other = await startServer({ environment });
    const response = await fetch(`${other.url}/oauth/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa("machine:wrong")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    assert.equal(response.status, 401);
    const refusal: unknown = await response.json();
    assert.equal(Object(refusal).error, "invalid_client");
    const { stdout } = await runCommand(["audit", "list", "--name", "oauth_client_authn_fail", "--json"], other);
    assert.match(stdout, /oauth\.token/);
  });

  it("shows no secrets of clients in the configuration", async () => {
    const { stdout } = await runCommand(["config"], { environment });
    assert.match(stdout, /identity\.clients/);
    assert.ok(!stdout.includes(SECRET));
  });
});
