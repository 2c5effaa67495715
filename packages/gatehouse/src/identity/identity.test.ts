import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from "jose";
import * as client from "openid-client";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";
import { browserOrigin } from "../http/browser-origin.ts";
import { listen, type Listening } from "../http/server.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { createOAuthGrants } from "../store/sql/identity/oauth-grants.ts";
import { finishInteraction } from "./engine/interaction.ts";
import { LIFETIMES } from "./engine/configuration.ts";
import { UnitOfWork } from "./engine/unit-of-work.ts";
import { createIdentity, type Identity } from "./identity.ts";

const SECRET = "s".repeat(64);
const API = "https://api.example/";
const CALLBACK = "https://app.example/callback";

/** A browser, as far as the protocol needs one: it keeps cookies and follows redirects within the issuer. */
class Browser {
  readonly #cookies = new Map<string, string>();

  /** Follows redirects until one leads elsewhere. */
  async follow(start: URL): Promise<URL> {
    let url = start;
    for (let hops = 0; hops < 12; hops += 1) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(url, { headers: { cookie }, redirect: "manual" });
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "") this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
      const location = response.headers.get("location");
      assert.ok(location !== null, `${response.status} at ${url}: ${await response.text()}`);
      url = new URL(location, url);
      if (url.origin !== start.origin) return url;
    }
    throw new Error("The redirects do not end.");
  }
}

describe("an identity provider", () => {
  let directory: string;
  let gatehouse: Gatehouse;
  let server: Listening;
  let identity: Identity;
  let origin: string;
  let keys: JWK[];
  const artifacts = createOAuthArtifacts();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-identity-"));
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    keys = [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" }];
    const file = {
      profile: "development",
      dataDirectory: directory,
      console: { enabled: false },
      identity: { enabled: false },
      limits: { trustedCidrs: ["127.0.0.1/32"] },
    };
    gatehouse = await openGatehouse({
      config: requireConfig({ file, clock: systemClock }),
      clock: systemClock,
      random: systemRandom,
      log: "quiet",
      application: {
        open: (services) => {
          identity = createIdentity({
            ...services,
            artifacts,
            grants: createOAuthGrants(),
            keys: { version: 1, all: () => keys, ready: () => Promise.resolve() },
            originOf: () => origin,
            lifetimes: LIFETIMES,
            resources: [{ resource: API, scopes: ["photos:read"], format: "jwt", lookedUpBy: ["api"] }],
            publicClients: true,
            findAccount: () => async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
            interactionPath: (uid) => `/test/sign-in/${uid}`,
            grace: 10_000,
          });
          // Stands for the pages on which people sign in: everybody is Ada, and agrees.
          identity.routes.get("/test/sign-in/:uid", async (context) => {
            const inbound = services.edge.of(context);
            const { engine, codec } = identity.issuers.of(inbound.tenant);
            const { store, clock } = services;
            const work = new UnitOfWork({
              codec,
              artifacts,
              read: (look) => store.read(look),
              now: () => clock.now(),
              grace: 0,
            });
            const { headers } = inbound.request;
            const url = new URL(inbound.url.pathname, origin);
            const request = { method: "GET", url, headers, body: undefined, ip: inbound.peer.ip };
            const location = await engine.within(work, async () => {
              const grant = new engine.provider.Grant({ accountId: "ada", clientId: "app" });
              grant.addOIDCScope("openid offline_access profile");
              const grantId = await grant.save();
              return finishInteraction(
                { engine, work, request },
                { login: { accountId: "ada" }, consent: { grantId } },
              );
            });
            await store.write((transaction) => work.commit(transaction));
            return new Response(null, { status: 303, headers: { location: location ?? "/" } });
          });
          return { actions: identity.actions, routes: () => identity.routes };
        },
      },
    });
    server = await listen({ handler: gatehouse.handler, port: 0 });
    origin = browserOrigin(server.url);
    const machine = {
      client_secret: SECRET,
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
    };
    for (const id of ["machine", "api", "stranger"]) await register(id, machine);
    await register("app", {
      client_secret: SECRET,
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [CALLBACK],
      scope: "openid offline_access profile",
    });
  });
  after(async () => {
    await server.close();
    await gatehouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function register(id: string, metadata: object): Promise<void> {
    const { codec } = identity.issuers.of("default");
    const { store } = gatehouse.services;
    const work = new UnitOfWork({
      codec,
      artifacts,
      read: (look) => store.read(look),
      now: () => systemClock.now(),
      grace: 0,
    });
    work.put({ kind: "Client", id, payload: { client_id: id, ...metadata } });
    await store.write((transaction) => work.commit(transaction));
  }

  async function discover(id = "app"): Promise<client.Configuration> {
    const options = { execute: [client.allowInsecureRequests] };
    return client.discovery(new URL(origin), id, SECRET, undefined, options);
  }

  /** Signs in and returns the address the browser ends at, and what the client keeps meanwhile. */
  async function authorize(config: client.Configuration) {
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: "openid offline_access profile",
      prompt: "consent",
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
    });
    return { location: await new Browser().follow(url), verifier, state };
  }

  async function signIn(config: client.Configuration) {
    const { location, verifier, state } = await authorize(config);
    return client.authorizationCodeGrant(config, location, { pkceCodeVerifier: verifier, expectedState: state });
  }

  it("takes a client through a login, to userinfo, a refresh, introspection and revocation", async () => {
    const config = await discover();
    const tokens = await signIn(config);
    assert.equal(tokens.claims()?.sub, "ada");
    const info = await client.fetchUserInfo(config, tokens.access_token, "ada");
    assert.equal(info.sub, "ada");
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? "");
    assert.notEqual(renewed.refresh_token, tokens.refresh_token);
    const looked = await client.tokenIntrospection(config, renewed.access_token);
    assert.equal(looked.active, true);
    await client.tokenRevocation(config, renewed.refresh_token ?? "");
    assert.equal((await client.tokenIntrospection(config, renewed.access_token)).active, false);
  });

  it("issues tokens of 256 random bits, each another", async () => {
    const config = await discover();
    const tokens = [await signIn(config), await signIn(config)].flatMap((pair) => [
      pair.access_token,
      pair.refresh_token ?? "",
    ]);
    assert.equal(new Set(tokens).size, 4);
    for (const token of tokens) assert.match(token, /^[\w-]{43}$/);
  });

  it("issues tokens that live as long as they say", async () => {
    const config = await discover();
    const tokens = await signIn(config);
    assert.equal(tokens.expires_in, 3600);
    const { iat = 0, exp } = tokens.claims() ?? {};
    assert.equal(exp, iat + 3600);
    const lifetimeOf = async (token = "") => {
      const { iat: issued = 0, exp: ends = 0 } = await client.tokenIntrospection(config, token);
      return ends - issued;
    };
    assert.equal(await lifetimeOf(tokens.access_token), 3600);
    assert.equal(await lifetimeOf(tokens.refresh_token), 30 * 86_400);
    assert.equal(LIFETIMES.authorizationCode, 600);
  });

  it("answers a refresh whose answer was lost with the same tokens, to all who ask at once", async () => {
    const config = await discover();
    const tokens = await signIn(config);
    const asked = Array.from({ length: 32 }, () => client.refreshTokenGrant(config, tokens.refresh_token ?? ""));
    const pairs = new Set((await Promise.all(asked)).map((pair) => `${pair.access_token} ${pair.refresh_token}`));
    assert.equal(pairs.size, 1);
  });

  it("redeems a code once, and takes the tokens back when it comes again", async () => {
    const config = await discover();
    const { location, verifier, state } = await authorize(config);
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    const asked = Array.from({ length: 32 }, () => client.authorizationCodeGrant(config, location, checks));
    const results = await Promise.allSettled(asked);
    const redeemed = results.filter((result) => result.status === "fulfilled");
    assert.equal(redeemed.length, 1);
    assert.equal((await client.tokenIntrospection(config, redeemed[0]?.value.access_token ?? "")).active, false);
  });

  it("looks up and revokes access tokens that are signed texts, by the whole token alone", async () => {
    const [config, api, stranger] = await Promise.all(["machine", "api", "stranger"].map(discover));
    assert.ok(config !== undefined && api !== undefined && stranger !== undefined);
    const { access_token: token } = await client.clientCredentialsGrant(config, {
      resource: API,
      scope: "photos:read",
    });
    const claims = decodeJwt(token);
    assert.deepEqual([claims.aud, claims["scope"], decodeProtectedHeader(token).typ], [API, "photos:read", "at+jwt"]);
    const active = async (by: client.Configuration, text: string) => (await client.tokenIntrospection(by, text)).active;
    assert.equal(await active(config, token), true);
    assert.equal(await active(api, token), true, "a server of the resource");
    assert.equal(await active(stranger, token), false, "another client");
    assert.equal(await active(config, String(claims.jti)), false, "its identifier alone");
    const [head = "", , signature = ""] = token.split(".");
    const forged = Buffer.from(JSON.stringify({ ...claims, scope: "photos:write" })).toString("base64url");
    assert.equal(await active(config, `${head}.${forged}.${signature}`), false, "tampered with");
    await client.tokenRevocation(stranger, token).catch(() => undefined);
    assert.equal(await active(config, token), true, "after another client's revocation");
    await client.tokenRevocation(config, token);
    assert.equal(await active(api, token), false, "after its own client's");
  });
});
