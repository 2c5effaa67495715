import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as oauth from "oauth4webapi";
import { hasBrowser } from "../../support/browser.ts";
import { openClientSite, PERSON, signIn, type ClientSite } from "../../support/client-site.ts";

const CLIENT: oauth.Client = { client_id: "command-line" };
const INSECURE = { [oauth.allowInsecureRequests]: true };

/** What somebody is given who has signed in, and the key that it is bound to. */
interface BoundTokens {
  readonly tokens: oauth.TokenEndpointResponse;
  readonly DPoP: oauth.DPoPHandle;
}

describe("oauth4webapi at a started server, without a secret", { skip: !hasBrowser("chromium") }, () => {
  let site: ClientSite;
  let server: oauth.AuthorizationServer;
  before(async () => {
    site = await openClientSite({
      clients: (application) => [
        { id: "command-line", name: "Command line", type: "native", redirectUris: [`${application}/callback`] },
      ],
    });
    const issuer = new URL(site.issuer);
    server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, INSECURE));
  });
  after(() => site[Symbol.asyncDispose]());

  async function newKey(): Promise<oauth.DPoPHandle> {
    return oauth.DPoP(CLIENT, await oauth.generateKeyPair("ES256"));
  }

  async function obtain(): Promise<BoundTokens> {
    const DPoP = await newKey();
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const redirect = `${site.application}/callback`;
    const parameters = {
      ...{ response_type: "code", redirect_uri: redirect, scope: "openid offline_access email", prompt: "consent" },
      ...{ state, nonce, code_challenge_method: "S256" },
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    };
    const options = { ...INSECURE, DPoP };
    const pushed = await oauth.processPushedAuthorizationResponse(
      ...([server, CLIENT] as const),
      await oauth.pushedAuthorizationRequest(server, CLIENT, oauth.None(), parameters, options),
    );
    const start = new URL(server.authorization_endpoint ?? "");
    start.search = String(new URLSearchParams({ client_id: CLIENT.client_id, request_uri: pushed.request_uri }));
    const page = await site.newPage();
    await page.goto(start.href);
    const answer = oauth.validateAuthResponse(server, CLIENT, await signIn(page, site), state);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, CLIENT, oauth.None(), answer, redirect, verifier, options] as const),
    );
    const expected = { expectedNonce: nonce, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(server, CLIENT, response, expected);
    await oauth.validateApplicationLevelSignature(server, response, INSECURE);
    return { tokens, DPoP };
  }

  async function refresh({ tokens, DPoP }: BoundTokens): Promise<oauth.TokenEndpointResponse> {
    const token = tokens.refresh_token ?? "";
    const options = { ...INSECURE, DPoP };
    const response = await oauth.refreshTokenGrantRequest(server, CLIENT, oauth.None(), token, options);
    return oauth.processRefreshTokenResponse(server, CLIENT, response);
  }

  async function whoIs({ tokens, DPoP }: BoundTokens): Promise<oauth.UserInfoResponse> {
    const response = await oauth.userInfoRequest(server, CLIENT, tokens.access_token, { ...INSECURE, DPoP });
    return oauth.processUserInfoResponse(server, CLIENT, site.account, response);
  }

  it("signs somebody in with a pushed request and a proof of a key, and refreshes", async () => {
    const { tokens, DPoP } = await obtain();
    assert.equal(tokens.token_type, "dpop");
    assert.equal(oauth.getValidatedIdTokenClaims(tokens)?.sub, site.account);
    const refreshed = await refresh({ tokens, DPoP });
    assert.equal(refreshed.token_type, "dpop");
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal((await whoIs({ tokens: refreshed, DPoP })).email, PERSON.email);
  });

  it("gets nothing for tokens with a proof of another key, and still does with that of the right one", async () => {
    const { tokens, DPoP } = await obtain();
    const stolen = { tokens, DPoP: await newKey() };
    await assert.rejects(refresh(stolen), { code: oauth.RESPONSE_BODY_ERROR, error: "invalid_grant" });
    await assert.rejects(whoIs(stolen), { code: oauth.WWW_AUTHENTICATE_CHALLENGE, status: 401 });
    assert.equal((await whoIs({ tokens, DPoP })).email, PERSON.email);
    assert.equal((await refresh({ tokens, DPoP })).token_type, "dpop");
  });
});
