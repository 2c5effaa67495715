import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { hasBrowser } from "../../support/browser.ts";
import { CLIENT_SECRET, openClientSite, PERSON, signIn, type ClientSite } from "../../support/client-site.ts";

const INSECURE = { [oauth.allowInsecureRequests]: true };

describe("clients at an issuer that wants its nonces in proofs", { skip: !hasBrowser("chromium") }, () => {
  let site: ClientSite;
  before(async () => {
    site = await openClientSite({
      environment: { GATEHOUSE_IDENTITY_PROOF_NONCES: "true" },
      clients: (application) => [
        { id: "shop", secret: CLIENT_SECRET, name: "Shop", redirectUris: [`${application}/callback`] },
      ],
    });
  });
  after(() => site[Symbol.asyncDispose]());

  it("sign somebody in, refresh and ask who it is with openid-client, which fetches them", async () => {
    const authentication = client.ClientSecretBasic(CLIENT_SECRET);
    const execute = [client.allowInsecureRequests];
    const shop = await client.discovery(new URL(site.issuer), "shop", undefined, authentication, { execute });
    const refused: string[] = [];
    shop[client.customFetch] = async (address, init) => {
      const response = await fetch(address, { ...init, body: init.body ?? null });
      if (response.status >= 400) refused.push(Object(await response.clone().json()).error);
      return response;
    };
    const DPoP = client.getDPoPHandle(shop, await client.randomDPoPKeyPair("ES256"));
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const expectedState = client.randomState();
    const parameters = {
      ...{ redirect_uri: `${site.application}/callback`, scope: "openid offline_access email" },
      ...{ prompt: "consent", state: expectedState, code_challenge_method: "S256" },
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    };
    const page = await site.newPage();
    await page.goto((await client.buildAuthorizationUrlWithPAR(shop, parameters, { DPoP })).href);
    const back = await signIn(page, site);
    const checks = { pkceCodeVerifier, expectedState };
    const tokens = await client.authorizationCodeGrant(shop, back, checks, undefined, { DPoP });
    const refreshed = await client.refreshTokenGrant(shop, tokens.refresh_token ?? "", undefined, { DPoP });
    assert.equal(refreshed.token_type, "dpop");
    assert.equal(
      (await client.fetchUserInfo(shop, refreshed.access_token, site.account, { DPoP })).email,
      PERSON.email,
    );
    assert.deepEqual(refused, ["use_dpop_nonce"], "once, and then they have it");
  });

  it("read of oauth4webapi that a nonce is wanted, and ask again with it", async () => {
    const issuer = new URL(site.issuer);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, INSECURE));
    const shop: oauth.Client = { client_id: "shop" };
    const DPoP = oauth.DPoP(shop, await oauth.generateKeyPair("ES256"));
    const parameters = {
      ...{ response_type: "code", redirect_uri: `${site.application}/callback`, scope: "openid" },
      ...{ code_challenge: await oauth.calculatePKCECodeChallenge("x".repeat(43)), code_challenge_method: "S256" },
    };
    const push = async (): Promise<oauth.PushedAuthorizationResponse> => {
      const options = { ...INSECURE, DPoP };
      const authentication = oauth.ClientSecretBasic(CLIENT_SECRET);
      const response = await oauth.pushedAuthorizationRequest(server, shop, authentication, parameters, options);
      return oauth.processPushedAuthorizationResponse(server, shop, response);
    };
    await assert.rejects(push(), (error) => oauth.isDPoPNonceError(error));
    assert.match((await push()).request_uri, /^urn:/);
  });
});
