import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SignJWT } from "jose";
import { isDenial } from "../../kernel/outcome.ts";
import { openClientKit, CLIENT_KIT_API, CLIENT_KIT_TENANT, type ClientKit } from "../../testing/client-kit.ts";
import type { ClientSettings } from "./client-settings.ts";

const BY = { by: "user:operator" };
const MACHINE: ClientSettings = { name: "Machine", grantTypes: ["client_credentials"] };

describe("clients", () => {
  let kit: ClientKit;
  before(async () => {
    kit = await openClientKit({
      clients: {
        configured: [{ id: "api", secret: "s".repeat(64), grantTypes: ["client_credentials"] }],
      },
    });
  });
  after(() => kit[Symbol.asyncDispose]());

  const keyOf = (id: string) => ({ tenant: CLIENT_KIT_TENANT, id });
  const credentials = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
  });
  const ask = (id: string, secret: string, form: Readonly<Record<string, string>> = {}) =>
    kit.token({ grant_type: "client_credentials", ...form }, credentials(id, secret));

  it("are made with a name and a secret of their own, and get tokens", async () => {
    const { id, secret } = await kit.client(MACHINE);
    assert.match(id, /^client_[0-9a-f]{32}$/);
    assert.match(secret, /^[0-9a-f]{64}$/);
    assert.equal((await ask(id, secret)).status, 200);
    assert.equal((await ask(id, secret.replace(/.$/, "x"))).status, 401);
    const found = await kit.gatehouse.services.store.read((reading) => kit.clients.registry.find(reading, keyOf(id)));
    assert.equal(found?.settings.name, "Machine");
    assert.ok((found?.usedAt ?? 0) > 0);
    assert.ok((found?.secrets[0]?.usedAt ?? 0) > 0);
  });

  it("of the configuration get tokens, are listed, and cannot be changed", async () => {
    assert.equal((await ask("api", "s".repeat(64))).status, 200);
    assert.equal((await ask("api", "t".repeat(64))).status, 401);
    const { store } = kit.gatehouse.services;
    const page = { tenant: CLIENT_KIT_TENANT, limit: 10 };
    const [first] = await store.read((reading) => kit.clients.registry.list(reading, page));
    assert.deepEqual([first?.id, first?.origin], ["api", "configuration"]);
    const refused = await kit.write((writing) => kit.clients.registry.remove(writing, keyOf("api"), BY));
    assert.equal(refused?.problem.code, "CLIENT_FIXED");
  });

  it("change a secret without a moment in which none works", async () => {
    const { id, secret } = await kit.client(MACHINE);
    const rotate = (overlap: number) =>
      kit.write((writing) => kit.clients.registry.rotateSecret(writing, keyOf(id), { overlap }));
    const second = await rotate(60_000);
    assert.ok("secret" in second);
    assert.deepEqual([(await ask(id, secret)).status, (await ask(id, second.secret)).status], [200, 200]);
    const third = await rotate(0);
    assert.ok("secret" in third);
    assert.deepEqual([(await ask(id, second.secret)).status, (await ask(id, third.secret)).status], [401, 200]);
    await kit.write((writing) => kit.clients.registry.retireSecret(writing, keyOf(id), third.id));
    assert.equal((await ask(id, third.secret)).status, 401);
  });

  it("sign with any of their secrets", async () => {
    const { id, secret } = await kit.client({ ...MACHINE, authentication: "client_secret_jwt" });
    const assertion = (text: string) =>
      new SignJWT({ jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer(id)
        .setSubject(id)
        .setAudience(kit.origin)
        .setExpirationTime("1m")
        .sign(new TextEncoder().encode(text));
    const sign = async (text: string) =>
      kit.token({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: await assertion(text),
      });
    const second = await kit.write((writing) =>
      kit.clients.registry.rotateSecret(writing, keyOf(id), { overlap: 60_000 }),
    );
    assert.ok("secret" in second);
    assert.equal((await sign(secret)).status, 200, "the first");
    assert.equal((await sign(second.secret)).status, 200, "the second");
    assert.equal((await sign("x".repeat(64))).status, 401, "another");
    assert.equal((await ask(id, secret)).status, 401, "the secret itself");
  });

  it("lose what they have when they are disabled, and get it anew when they are enabled", async () => {
    const { id, secret } = await kit.client(MACHINE);
    const { body } = await ask(id, secret, { resource: CLIENT_KIT_API });
    const look = async () => {
      const form = new URLSearchParams({ token: String(body["access_token"]) });
      const headers = credentials("api", "s".repeat(64));
      return (await kit.ask("/oauth/introspect", { method: "POST", headers, body: form })).body["active"];
    };
    const set = (state: "active" | "disabled") =>
      kit.write((writing) => kit.clients.registry.setState(writing, keyOf(id), { ...BY, state }));
    assert.equal(await look(), true);
    assert.equal(await set("disabled"), undefined);
    assert.equal((await ask(id, secret)).status, 401);
    assert.equal(await look(), false);
    assert.equal(await set("active"), undefined);
    assert.equal((await ask(id, secret)).status, 200);
    assert.equal(await kit.write((writing) => kit.clients.registry.remove(writing, keyOf(id), BY)), undefined);
    assert.equal((await ask(id, secret)).status, 401);
  });

  it("have scopes by resource", async () => {
    const resources = { [CLIENT_KIT_API]: ["photos:read"] };
    const { id, secret } = await kit.client({ ...MACHINE, resources });
    const asked = { resource: CLIENT_KIT_API, scope: "photos:read photos:write" };
    assert.equal((await ask(id, secret, asked)).body["scope"], "photos:read");
    const none = await kit.client({ ...MACHINE, resources: {} });
    assert.equal((await ask(none.id, none.secret, asked)).body["error"], "invalid_target");
  });

  it("are sealed: the rows show neither addresses nor scopes nor secrets", async () => {
    const redirectUris = ["https://secretive.example/callback"];
    const { id, secret } = await kit.client({ name: "Secretive", redirectUris, authentication: "client_secret_jwt" });
    const { store } = kit.gatehouse.services;
    const rows = await store.read(async (reading) => [
      ...(await reading.execute({ sqlite: "SELECT * FROM oauth_clients", postgres: "" }, [])),
      ...(await reading.execute({ sqlite: "SELECT * FROM oauth_client_secrets", postgres: "" }, [])),
    ]);
    const text = JSON.stringify(rows);
    assert.ok(text.includes(id));
    for (const hidden of ["ecretive", "openid", secret]) assert.ok(!text.includes(hidden), hidden);
  });

  it("are refused with every reason at once", async () => {
    const refused = await kit.write((writing) =>
      kit.clients.registry.create(writing, CLIENT_KIT_TENANT, {
        name: "Bad",
        redirectUris: ["http://app.example/", "https://app.example/#x"],
        authentication: "none",
        grantTypes: ["client_credentials", "authorization_code"],
      }),
    );
    assert.ok(isDenial(refused));
    assert.deepEqual(
      refused.violations?.map(({ pointer }) => pointer),
      ["/redirectUris/0", "/redirectUris/1", "/grantTypes"],
    );
  });
});
