import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as oauth4webapi from "oauth4webapi";
import { OAuthKit } from "../../testing/oauth-kit.ts";

const INSECURE = { [oauth4webapi.allowInsecureRequests]: true };

describe("a resource server beside its issuer", () => {
  let kit: OAuthKit;
  before(async () => {
    kit = await OAuthKit.open();
  });
  after(() => kit[Symbol.asyncDispose]());

  const ask = (
    token: string,
    path: string,
    init: { readonly method?: string; readonly DPoP?: oauth4webapi.DPoPHandle } = {},
  ) => {
    const { method = "GET", DPoP } = init;
    const options = DPoP === undefined ? INSECURE : { ...INSECURE, DPoP };
    return oauth4webapi.protectedResourceRequest(
      token,
      method,
      new URL(path, kit.origin),
      undefined,
      undefined,
      options,
    );
  };

  it("knows clients by tokens that are signed texts, and by those that say nothing themselves", async () => {
    const photos = await ask(await kit.token(), "/api/photos");
    assert.deepEqual(await photos.json(), {
      type: "client",
      id: "machine",
      tenant: "default",
      grants: ["photos:read"],
    });
    const notes = await ask(await kit.token({ resource: "notes" }), "/api/notes");
    assert.deepEqual(await notes.json(), { type: "client", id: "machine", tenant: "default", grants: ["notes:read"] });
  });

  it("knows people by tokens of their clients", async () => {
    const { access_token: token } = await kit.signIn();
    assert.deepEqual(await (await ask(token, "/api/photos")).json(), {
      ...{ type: "user", id: "ada", tenant: "default" },
      grants: ["photos:read"],
    });
  });

  it("takes a client with a key through the nonce to the resource", async () => {
    const key = await oauth4webapi.generateKeyPair("ES256");
    for (const resource of ["photos", "notes"] as const) {
      const token = await kit.token({ resource, key });
      const DPoP = oauth4webapi.DPoP({}, key);
      await assert.rejects(ask(token, `/api/${resource}`, { DPoP }), (error) => oauth4webapi.isDPoPNonceError(error));
      assert.equal((await ask(token, `/api/${resource}`, { DPoP })).status, 200);
      assert.equal((await ask(token, `/api/${resource}`, { DPoP })).status, 200);
    }
  });
});
