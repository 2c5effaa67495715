import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import { OAuthKit } from "../../testing/oauth-kit.ts";

/*
 * Somebody who has a genuine token uses it for something it was not given for: at another resource, in place of another
 * kind of token, after it was taken back, or where sessions alone count. A token counts for the resource that is its
 * audience, as what it is, while its issuer knows it, and in one place of the request.
 */
describe("a token used for something else", () => {
  let kit: OAuthKit;
  const held = new Set<string>();
  before(async () => {
    kit = await OAuthKit.open({ isActive: async ({ id }) => !held.has(id) });
  });
  after(() => kit[Symbol.asyncDispose]());

  async function ask(token: string | undefined, path = "/api/photos", method = "GET"): Promise<Response> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const body = method === "GET" ? {} : { body: "{}", headers: { ...headers, "content-type": "application/json" } };
    return fetch(`${kit.origin}${path}`, { method, headers, ...body });
  }

  async function refused(response: Promise<Response>, status: number, error: string | undefined): Promise<void> {
    const { status: actual, headers } = await response;
    const challenge = headers.get("www-authenticate") ?? "";
    assert.equal(actual, status, challenge);
    assert.equal(/error="([a-z_]+)"/.exec(challenge)?.[1], error);
    assert.match(challenge, /resource_metadata="http/);
  }

  it("is refused at another resource, and without one", async () => {
    await refused(ask(await kit.token({ resource: "notes" })), 401, "invalid_token");
    await refused(ask(await kit.token(), "/api/notes"), 401, "invalid_token");
    await refused(ask(await kit.token({ resource: "none" })), 401, "invalid_token");
  });

  it("is refused where it lacks a scope, which is named", async () => {
    const response = ask(await kit.token(), "/api/photos", "POST");
    await refused(response, 403, "insufficient_scope");
    assert.match((await response).headers.get("www-authenticate") ?? "", /scope="photos:read photos:write"/);
    const both = await kit.token({ scope: "photos:read photos:write" });
    assert.equal((await ask(both, "/api/photos", "POST")).status, 200);
  });

  it("is refused when it is an id token or a refresh token", async () => {
    const { access_token, id_token, refresh_token } = await kit.signIn();
    assert.equal((await ask(access_token)).status, 200);
    await refused(ask(id_token), 401, "invalid_token");
    await refused(ask(refresh_token), 401, "invalid_token");
  });

  it("is refused at another tenant", async () => {
    for (const resource of ["photos", "notes"] as const) {
      const authorization = `Bearer ${await kit.token({ resource })}`;
      const headers = { authorization, "x-tenant": "other" };
      await refused(fetch(`${kit.origin}/api/${resource}`, { headers }), 401, "invalid_token");
    }
  });

  it("is refused when only the identifier of a signed one is there", async () => {
    const { jti = "" } = decodeJwt(await kit.token());
    await refused(ask(jti), 401, "invalid_token");
  });

  it("is refused once it was taken back, whichever kind it is", async () => {
    for (const resource of ["photos", "notes"] as const) {
      const token = await kit.token({ resource });
      assert.equal((await ask(token, `/api/${resource}`)).status, 200);
      await kit.revoke(token);
      await refused(ask(token, `/api/${resource}`), 401, "invalid_token");
    }
  });

  it("is refused while its account is disabled", async () => {
    const { access_token: token } = await kit.signIn();
    held.add("ada");
    await refused(ask(token), 401, "invalid_token");
    held.clear();
    assert.equal((await ask(token)).status, 200);
  });

  it("does not open what asks for no token", async () => {
    const response = await ask(await kit.token(), "/api/plain");
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("www-authenticate"), null);
  });

  it("counts in the header alone", async () => {
    const token = await kit.token();
    await refused(ask(undefined, `/api/photos?access_token=${token}`), 401, undefined);
    const body = new URLSearchParams({ access_token: await kit.token({ scope: "photos:read photos:write" }) });
    await refused(fetch(`${kit.origin}/api/photos`, { method: "POST", body }), 401, undefined);
  });

  // Two parties on the way may look at different ones of two.
  it("is refused beside another", async () => {
    const token = await kit.token();
    const lines = [`Bearer ${token}`, `Bearer ${await kit.token({ resource: "notes" })}`];
    for (const authorization of [lines, lines.toReversed()]) {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const raw = authorization.flatMap((line) => ["authorization", line]);
        const { host } = new URL(kit.origin);
        request(`${kit.origin}/api/photos`, { headers: ["host", host, ...raw] }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on("error", reject)
          .end();
      });
      assert.equal(status, 400);
    }
  });
});
