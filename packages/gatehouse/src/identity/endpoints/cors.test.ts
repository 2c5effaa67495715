import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openClientKit, type ClientKit } from "../../testing/client-kit.ts";

const APP = "https://spa.example";
const LISTED = "https://listed.example";
const EVIL = "https://evil.example";

describe("pages of other origins", () => {
  let kit: ClientKit;
  let id: string;
  before(async () => {
    kit = await openClientKit({ clients: { origins: [LISTED] } });
    ({ id } = await kit.client({ name: "Page", authentication: "none", redirectUris: [`${APP}/callback`] }));
  });
  after(() => kit[Symbol.asyncDispose]());

  const allowed = (headers: Headers): string | null => headers.get("access-control-allow-origin");
  const ask = (path: string, origin: string, fields?: Record<string, string>) =>
    kit.ask(path, {
      headers: { origin },
      ...(fields === undefined ? {} : { method: "POST", body: new URLSearchParams(fields) }),
    });
  const redeem = (origin: string, client = id) =>
    ask("/oauth/token", origin, { grant_type: "authorization_code", client_id: client, code: "x" });

  it("read what is public, without credentials", async () => {
    for (const path of [
      ...["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"],
    ]) {
      const { headers } = await ask(path, EVIL);
      assert.equal(allowed(headers), "*", path);
      assert.equal(headers.get("access-control-allow-credentials"), null);
      assert.match(headers.get("access-control-expose-headers") ?? "", /x-ratelimit-remaining/);
    }
  });

  it("read what the token endpoint answers to their own client, and its limits", async () => {
    const { headers, body } = await redeem(APP);
    assert.deepEqual([body["error"], allowed(headers)], ["invalid_grant", APP]);
    assert.match(headers.get("access-control-expose-headers") ?? "", /x-ratelimit-limit.*retry-after/);
    assert.match(headers.get("vary") ?? "", /origin/i);
    assert.equal(headers.get("access-control-allow-credentials"), null);
    assert.equal(allowed((await redeem(LISTED)).headers), LISTED);
  });

  it("read of a revocation that it was done, and no media type of nothing", async () => {
    const { status, headers } = await ask("/oauth/revoke", APP, { token: "x", client_id: id });
    assert.deepEqual([status, allowed(headers), headers.get("content-type")], [200, APP, null]);
  });

  it("of the server's own origin are no strangers", async () => {
    const { id: elsewhere } = await kit.client({ name: "Other", authentication: "none", redirectUris: [`${EVIL}/`] });
    assert.equal((await redeem(kit.origin, elsewhere)).body["error"], "invalid_grant");
  });

  it("do not read what it answers to another's", async () => {
    for (const origin of [EVIL, "null", `${APP}:8443`, "http://spa.example", `${APP}.evil.example`]) {
      const { headers, body } = await redeem(origin);
      assert.deepEqual([body["error"], allowed(headers)], ["invalid_request", null], origin);
    }
  });

  it("do not read answers to clients with a secret, of look-ups, or of registrations", async () => {
    const { id: confidential, secret } = await kit.client({ name: "Server", redirectUris: [`${APP}/server`] });
    const credentials = { client_id: confidential, client_secret: secret };
    const code = { grant_type: "authorization_code", code: "x", ...credentials };
    assert.equal(allowed((await ask("/oauth/token", APP, code)).headers), null);
    assert.equal(allowed((await ask("/oauth/introspect", LISTED, { token: "x", ...credentials })).headers), null);
    assert.equal(allowed((await ask("/oauth/clients", LISTED, {})).headers), null);
  });

  it("may ask before they send, for a day at a time", async () => {
    const preflight = (path: string) =>
      kit.ask(path, { method: "OPTIONS", headers: { origin: APP, "access-control-request-method": "POST" } });
    for (const path of ["/oauth/token", "/oauth/userinfo", "/oauth/revoke"]) {
      const { status, headers } = await preflight(path);
      assert.deepEqual([status, allowed(headers), headers.get("access-control-max-age")], [204, "*", "86400"], path);
      assert.match(headers.get("access-control-allow-headers") ?? "", /dpop/);
    }
    assert.equal(allowed((await preflight("/oauth/clients")).headers), null);
    assert.equal(allowed((await preflight("/oauth/introspect")).headers), null);
  });
});
