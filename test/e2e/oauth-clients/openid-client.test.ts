import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as client from "openid-client";
import { hasBrowser } from "../../support/browser.ts";
import {
  CLIENT_SECRET,
  enterPassword,
  openClientSite,
  PERSON,
  signIn,
  type ClientSite,
} from "../../support/client-site.ts";

const PHOTOS = "https://photos.example/api/photos";
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const config = fileURLToPath(new URL("../../support/applications/photos.ts", import.meta.url));

describe("openid-client at a started server", { skip: !hasBrowser("chromium") }, () => {
  let site: ClientSite;
  before(async () => {
    site = await openClientSite({
      config,
      clients: (application) => [
        {
          ...{ id: "shop", secret: CLIENT_SECRET, name: "Shop" },
          ...{ redirectUris: [`${application}/callback`], postLogoutRedirectUris: [`${application}/out`] },
        },
        { id: "machine", secret: CLIENT_SECRET },
        { id: "television", name: "Television", type: "native", grantTypes: [DEVICE_GRANT, "refresh_token"] },
      ],
    });
  });
  after(() => site[Symbol.asyncDispose]());

  function discover(id: string, authentication = client.ClientSecretBasic(CLIENT_SECRET)) {
    const execute = [client.allowInsecureRequests];
    return client.discovery(new URL(site.issuer), id, undefined, authentication, { execute });
  }

  /** What an authorization request says, and what is checked of its answer. */
  async function request() {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const parameters = {
      ...{ redirect_uri: `${site.application}/callback`, scope: "openid offline_access profile email" },
      ...{ prompt: "consent", state: expectedState, nonce: expectedNonce, code_challenge_method: "S256" },
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    };
    return { parameters, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
  }

  it("signs somebody in, asks who it is, refreshes, and signs them out", async () => {
    const shop = await discover("shop");
    const page = await site.newPage();
    const { parameters, checks } = await request();
    await page.goto(client.buildAuthorizationUrl(shop, parameters).href);
    const tokens = await client.authorizationCodeGrant(shop, await signIn(page, site), checks);
    assert.equal(tokens.claims()?.sub, site.account);
    const told = await client.fetchUserInfo(shop, tokens.access_token, site.account);
    assert.deepEqual([told.name, told.email, told.email_verified], ["Ada", PERSON.email, false]);

    const refreshed = await client.refreshTokenGrant(shop, tokens.refresh_token ?? "");
    assert.notEqual(refreshed.access_token, tokens.access_token);
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal(refreshed.claims()?.sub, site.account);

    const hint = {
      id_token_hint: tokens.id_token ?? "",
      state: "out",
      post_logout_redirect_uri: `${site.application}/out`,
    };
    await page.goto(client.buildEndSessionUrl(shop, hint).href);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${site.application}/out?state=out`);
    await page.goto(client.buildAuthorizationUrl(shop, { ...parameters, prompt: "none" }).href);
    const silent = new URL(page.url());
    assert.equal(silent.searchParams.get("error"), "login_required");
  });

  it("pushes a request, binds tokens to a key, and refreshes them with it", async () => {
    const shop = await discover("shop");
    const { parameters, checks } = await request();
    const key = await client.randomDPoPKeyPair("ES256");
    const DPoP = client.getDPoPHandle(shop, key);
    const start = await client.buildAuthorizationUrlWithPAR(shop, parameters, { DPoP });
    assert.deepEqual([...start.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    const page = await site.newPage();
    await page.goto(start.href);
    const back = await signIn(page, site);
    const tokens = await client.authorizationCodeGrant(shop, back, checks, undefined, { DPoP });
    assert.equal(tokens.token_type, "dpop");
    const refreshed = await client.refreshTokenGrant(shop, tokens.refresh_token ?? "", undefined, { DPoP });
    const told = await client.fetchUserInfo(shop, refreshed.access_token, site.account, { DPoP });
    assert.equal(told.email, PERSON.email);
    const asBearer = client.fetchUserInfo(shop, refreshed.access_token, site.account);
    await assert.rejects(asBearer, { code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE", status: 401 });
  });

  it("fetches the nonce that a protected resource wants in proofs", async () => {
    const machine = await discover("machine");
    const DPoP = client.getDPoPHandle(machine, await client.randomDPoPKeyPair("ES256"));
    const asked = { resource: PHOTOS, scope: "photos:read" };
    const { access_token: token } = await client.clientCredentialsGrant(machine, asked, { DPoP });
    const url = new URL("/api/photos", site.issuer);
    const answers: (number | string)[][] = [];
    machine[client.customFetch] = async (address, init) => {
      const response = await fetch(address, { ...init, body: init.body ?? null });
      answers.push([response.status, response.headers.has("dpop-nonce") ? "nonce" : ""]);
      return response;
    };
    const response = await client.fetchProtectedResource(machine, token, url, "GET", undefined, undefined, { DPoP });
    assert.deepEqual(await response.json(), { for: "client machine", photos: ["harbour.jpg"] });
    assert.deepEqual(
      answers.map(([status]) => status),
      [401, 200],
    );
    assert.equal(answers[0]?.[1], "nonce");
  });

  it("connects a device by its code", async () => {
    const television = await discover("television", client.None());
    const started = await client.initiateDeviceAuthorization(television, { scope: "openid profile" });
    const waiting = client.pollDeviceAuthorizationGrant(television, started);
    const page = await site.newPage();
    await page.goto(started.verification_uri);
    await page.locator("[name=user_code]").fill(started.user_code);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Connect Television?" }).waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
    await enterPassword(page);
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.getByRole("heading", { name: "The device is connected" }).waitFor();
    const tokens = await waiting;
    assert.equal(tokens.claims()?.sub, site.account);
    assert.equal((await client.fetchUserInfo(television, tokens.access_token, site.account)).name, "Ada");
  });

  it("gets tokens for itself, looks them up and takes them back", async () => {
    const machine = await discover("machine");
    const { access_token: token, expires_in: seconds } = await client.clientCredentialsGrant(machine);
    assert.equal(seconds, 3600);
    const found = await client.tokenIntrospection(machine, token);
    assert.deepEqual([found.active, found.client_id], [true, "machine"]);
    await client.tokenRevocation(machine, token);
    assert.deepEqual(await client.tokenIntrospection(machine, token), { active: false });
  });
});
