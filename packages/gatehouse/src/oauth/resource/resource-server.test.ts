import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { importJWK, SignJWT } from "jose";
import * as oauth4webapi from "oauth4webapi";
import { z } from "zod";
import { OAuthKit } from "../../testing/oauth-kit.ts";
import { remoteIssuer } from "./remote-issuer.ts";

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

  it("knows people by tokens of their clients, and how they have signed in", async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { access_token: token } = await kit.signIn();
    const answer: unknown = await (await ask(token, "/api/photos")).json();
    const { authentication, ...person } = z.record(z.string(), z.unknown()).parse(answer);
    assert.deepEqual(person, { type: "user", id: "ada", tenant: "default", grants: ["photos:read"] });
    const { at, secondFactor } = z.object({ at: z.number(), secondFactor: z.boolean() }).parse(authentication);
    assert.ok(at >= before && at <= Date.now(), `${before} ${at}`);
    assert.equal(secondFactor, false);
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

  it("publishes the metadata of each resource where its challenge says, for pages of any origin", async () => {
    for (const name of ["photos", "notes"]) {
      const refused = await fetch(`${kit.origin}/api/${name}`);
      const challenge = refused.headers.get("www-authenticate") ?? "";
      const address = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? "";
      assert.equal(address, `${kit.origin}/.well-known/oauth-protected-resource/api/${name}`);
      const resource = new URL(`${kit.origin}/api/${name}`);
      const discovered = await oauth4webapi.resourceDiscoveryRequest(resource, INSECURE);
      const metadata = await oauth4webapi.processResourceDiscoveryResponse(resource, discovered);
      assert.deepEqual(metadata.authorization_servers, [kit.origin]);
      assert.deepEqual(metadata.scopes_supported, [`${name}:read`, `${name}:write`]);
      assert.deepEqual(metadata.bearer_methods_supported, ["header"]);
      const fromPage = await fetch(address, { headers: { origin: "https://page.example" } });
      assert.equal(fromPage.headers.get("access-control-allow-origin"), "*");
      const headers = { origin: "https://page.example", "access-control-request-method": "GET" };
      const preflight = await fetch(address, { method: "OPTIONS", headers });
      assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-headers")], [204, "*"]);
    }
  });

  it("publishes nothing of others", async () => {
    for (const path of ["", "/api", "/api/photos/", "/api/photos?page=1"]) {
      const response = await fetch(`${kit.origin}/.well-known/oauth-protected-resource${path}`);
      assert.equal(response.status, 404, path);
    }
  });
});

describe("a resource server elsewhere", () => {
  let issuer: OAuthKit;
  let kit: OAuthKit;
  const questions: string[] = [];
  let answers = true;
  before(async () => {
    issuer = await OAuthKit.open();
    kit = await OAuthKit.open({
      audience: issuer.origin,
      isAgent: (client) => client === "machine",
      issuers: (services) => [
        remoteIssuer({
          ...{ ...services, issuer: issuer.origin },
          introspection: { clientId: "api", clientSecret: "s".repeat(64), remember: 600_000 },
          fetch: (url, init) => {
            questions.push(String(url));
            return answers ? fetch(url, init) : Promise.reject(new TypeError("fetch failed"));
          },
        }),
      ],
    });
  });
  after(async () => {
    await kit[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });

  const asked = () => questions.filter((url) => url.endsWith("/oauth/introspect")).length;
  const ask = (token: string, path: string) =>
    fetch(`${kit.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });

  it("checks signed tokens by itself, and asks once about others", async () => {
    const signed = await issuer.token();
    assert.deepEqual(await (await ask(signed, "/api/photos")).json(), {
      ...{ type: "agent", id: "machine", tenant: "default" },
      grants: ["photos:read"],
    });
    assert.equal(asked(), 0);
    const opaque = await issuer.token({ resource: "notes" });
    const responses = await Promise.all(Array.from({ length: 20 }, () => ask(opaque, "/api/notes")));
    assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
    assert.equal((await ask(opaque, "/api/notes")).status, 200);
    assert.equal(asked(), 1);
    assert.equal((await ask(opaque, "/api/photos")).status, 401, "another audience");
  });

  it("says of whom a program acts", async () => {
    const { access_token: token } = await issuer.signIn();
    const principal: unknown = await (await ask(token, "/api/photos")).json();
    assert.deepEqual(principal, { type: "user", id: "ada", tenant: "default", grants: ["photos:read"] });
  });

  it("allows a minute for clocks", async () => {
    const signWith = async (late: number): Promise<string> => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: issuer.origin, aud: issuer.resourceOf("photos"), sub: "ada", client_id: "app", jti: "one" };
      return new SignJWT({ ...claims, scope: "photos:read", iat: now - 600, exp: now - late })
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "first" })
        .sign(await importJWK(issuer.keys[0] ?? {}, "ES256"));
    };
    assert.equal((await ask(await signWith(40), "/api/photos")).status, 200);
    assert.equal((await ask(await signWith(61), "/api/photos")).status, 401);
  });

  it("checks proofs by the key the issuer names", async () => {
    const key = await oauth4webapi.generateKeyPair("ES256");
    for (const resource of ["photos", "notes"] as const) {
      const options = { ...INSECURE, DPoP: oauth4webapi.DPoP({}, key) };
      const token = await issuer.token({ resource, key });
      const address = new URL(`/api/${resource}`, kit.origin);
      const send = () => oauth4webapi.protectedResourceRequest(token, "GET", address, undefined, undefined, options);
      await assert.rejects(send(), (error) => oauth4webapi.isDPoPNonceError(error));
      assert.equal((await send()).status, 200);
      assert.equal((await ask(token, `/api/${resource}`)).status, 401);
    }
  });

  it("takes refresh tokens for nothing, though the issuer knows them", async () => {
    const { refresh_token: token } = await issuer.signIn();
    const response = await ask(token, "/api/photos");
    assert.match(response.headers.get("www-authenticate") ?? "", /error="invalid_token"/);
  });

  it("admits nobody while the issuer does not answer, and says that it passes", async () => {
    const token = await issuer.token({ resource: "notes" });
    answers = false;
    const response = await ask(token, "/api/notes");
    assert.deepEqual([response.status, response.headers.has("retry-after")], [503, true]);
    assert.equal((await ask("made-up", "/api/notes")).status, 503);
    answers = true;
    assert.equal((await ask(token, "/api/notes")).status, 200);
  });
});
