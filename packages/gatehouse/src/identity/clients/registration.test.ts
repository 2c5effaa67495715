import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CLIENT_KIT_API, CLIENT_KIT_TENANT, openClientKit, type ClientKit } from "../../testing/client-kit.ts";

const HOUR = 3_600_000;
const APP = { client_name: "App", redirect_uris: ["https://app.example/callback"], scope: "openid profile admin" };

describe("registration of clients", () => {
  let kit: ClientKit;
  before(async () => {
    const resources = [{ resource: CLIENT_KIT_API, scopes: ["photos:read", "photos:write"] }];
    const policy = { resources: { [CLIENT_KIT_API]: ["photos:read"] }, secretLifetime: 90 * 24 * HOUR };
    kit = await openClientKit({ clients: { resources, policy } });
  });
  after(() => kit[Symbol.asyncDispose]());

  const issue = (uses: number, lifetime = HOUR) =>
    kit.write((writing) =>
      kit.clients.tokens.issue(writing, { tenant: CLIENT_KIT_TENANT, label: "Partner", uses, lifetime }),
    );
  const send = (method: string, path: string, token: string | undefined, document?: object) =>
    kit.ask(path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        "content-type": "application/json",
      },
      ...(document === undefined ? {} : { body: JSON.stringify(document) }),
    });
  async function register(document: object) {
    const { token } = await issue(1);
    return send("POST", "/oauth/clients", token, document);
  }

  it("takes a token of an operator, as often as it says", async () => {
    const { token } = await issue(2);
    assert.equal((await send("POST", "/oauth/clients", undefined, APP)).status, 401);
    assert.equal((await send("POST", "/oauth/clients", "wrong", APP)).status, 401);
    const together = await Promise.all(Array.from({ length: 8 }, () => send("POST", "/oauth/clients", token, APP)));
    assert.equal(together.filter(({ status }) => status === 201).length, 2);
    assert.equal((await send("POST", "/oauth/clients", (await issue(1, 1)).token, APP)).status, 401, "expired");
  });

  it("answers with a name, a secret and the scopes that are allowed", async () => {
    const { status, body } = await register({ ...APP, scope: "openid profile admin photos:read photos:write" });
    assert.equal(status, 201);
    assert.match(String(body["client_id"]), /^client_[0-9a-f]{32}$/);
    assert.match(String(body["client_secret"]), /^[0-9a-f]{64}$/);
    assert.equal(body["scope"], "openid profile photos:read");
    assert.ok(Number(body["client_id_issued_at"]) > 0);
    assert.ok(Number(body["client_secret_expires_at"]) > Date.now() / 1000 + 80 * 86_400);
  });

  it("lets clients read, change and remove what they have registered, with a new token after each change", async () => {
    const { body } = await register(APP);
    const { client_id: id, client_secret: secret, registration_access_token: first } = body;
    const path = new URL(String(body["registration_client_uri"])).pathname;
    const read = await send("GET", path, String(first));
    assert.equal(read.body["client_name"], "App");
    assert.equal("client_secret" in read.body, false, "nobody knows it any more");
    const named = { client_id: id, client_name: "New name", redirect_uris: ["https://app.example/other"] };
    assert.equal((await send("PUT", path, String(first), { ...named, client_secret: "wrong" })).status, 400);
    const changed = await send("PUT", path, String(first), { ...named, client_secret: secret });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.body["client_name"], "New name");
    const second = String(changed.body["registration_access_token"]);
    assert.notEqual(second, first);
    assert.equal((await send("GET", path, String(first))).status, 401);
    assert.equal((await send("DELETE", path, second)).status, 204);
    assert.equal((await send("GET", path, second)).status, 401);
    const { store } = kit.gatehouse.services;
    const key = { tenant: CLIENT_KIT_TENANT, id: String(id) };
    assert.equal(await store.read((reading) => kit.clients.registry.find(reading, key)), undefined);
  });

  it("knows programs on people's machines by their addresses", async () => {
    const document = { client_name: "Tool", token_endpoint_auth_method: "none" };
    const { body } = await register({ ...document, redirect_uris: ["http://127.0.0.1:8765/callback"] });
    assert.equal(body["application_type"], "native");
    const { body: web } = await register({ ...document, redirect_uris: ["https://app.example/callback"] });
    assert.equal(web["application_type"], "web");
  });

  it("refuses what the policy does not allow, and says why", async () => {
    const redirect = APP.redirect_uris;
    for (const [document, error] of [
      [{ ...APP, software_statement: "e30.e30." }, "invalid_software_statement"],
      [{ ...APP, grant_types: ["client_credentials"], response_types: [] }, "invalid_client_metadata"],
      [{ ...APP, redirect_uris: ["http://app.example/"] }, "invalid_redirect_uri"],
      [{ ...APP, redirect_uris: ["https://localhost/"] }, "invalid_redirect_uri"],
      [
        { ...APP, redirect_uris: Array.from({ length: 21 }, (_, at) => `https://app.example/${at}`) },
        "invalid_client_metadata",
      ],
      [{ redirect_uris: redirect, scope: "admin" }, "invalid_client_metadata"],
      [{ ...APP, logo_uri: "http://127.0.0.1/logo" }, "invalid_client_metadata"],
      [{ ...APP, client_name: "Bank\u202e" }, "invalid_client_metadata"],
      [{ ...APP, sector_identifier_uri: "https://app.example/sector" }, "invalid_client_metadata"],
    ] as const) {
      const { status, body } = await register(document);
      assert.deepEqual([status, body["error"]], [400, error], JSON.stringify(body));
    }
  });

  it("is not there when it is off, and needs no token when it is open", async () => {
    await using off = await openClientKit({ clients: { registration: "off" } });
    assert.equal((await off.ask("/oauth/clients", { method: "POST" })).status, 404);
    const described = await off.ask("/.well-known/oauth-authorization-server");
    assert.equal("registration_endpoint" in described.body, false);
    await using open = await openClientKit({ clients: { registration: "open" } });
    const headers = { "content-type": "application/json" };
    const answer = await open.ask("/oauth/clients", { method: "POST", headers, body: JSON.stringify(APP) });
    assert.equal(answer.status, 201);
    assert.equal(answer.body["client_secret_expires_at"], 0);
  });
});
