import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CLIENT_KIT_API, openClientKit, type ClientKit } from "../../testing/client-kit.ts";

const READS = [
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
  "/.well-known/jwks.json",
];

describe("reads of the endpoints", () => {
  let kit: ClientKit;
  before(async () => {
    kit = await openClientKit();
  });
  after(() => kit[Symbol.asyncDispose]());

  async function rows(): Promise<number> {
    const { trail, store } = kit.gatehouse.services;
    return (await store.read((reading) => trail.find(reading, { limit: 500 }))).length;
  }

  it("leave no row in the trail, of pages of other origins neither", async () => {
    const before = await rows();
    for (const path of READS) {
      assert.equal((await kit.ask(path)).status, 200, path);
      const asked = { method: "OPTIONS", headers: { origin: "https://app.example" } };
      assert.equal((await kit.ask(path, asked)).status, 204, path);
    }
    assert.equal(await rows(), before);
  });

  it("leave a row a minute of a client that looks tokens up", async () => {
    const { id, secret } = await kit.client({ name: "Machine" });
    const credentials = { client_id: id, client_secret: secret };
    const grant = { grant_type: "client_credentials", resource: CLIENT_KIT_API, ...credentials };
    const { access_token: token } = (await kit.token(grant)).body;
    const before = await rows();
    for (let count = 0; count < 5; count += 1) {
      const form = new URLSearchParams({ token: String(token), ...credentials });
      const { body } = await kit.ask("/oauth/introspect", { method: "POST", body: form });
      assert.equal(body["active"], true);
    }
    assert.equal(await rows(), before, "the request for the token was of this minute");
    await kit.token(grant);
    assert.equal(await rows(), before + 1);
  });
});
