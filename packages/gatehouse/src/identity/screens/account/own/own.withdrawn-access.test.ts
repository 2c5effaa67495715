/**
 * Access after its withdrawal: an application goes on with tokens of somebody who has taken back what they allowed, or
 * keeps their session because nobody told it. Tokens are void in the same transaction, and the application is told.
 */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import * as client from "openid-client";
import { z } from "zod";
import { ACCOUNT_PASSWORD, AccountSite } from "../../../../testing/account-site.ts";

describe("an application elsewhere whose access somebody withdraws", () => {
  let site: AccountSite;
  const ends = new EventEmitter();
  const application = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      response.writeHead(200).end();
      ends.emit("ended", new URLSearchParams(body).get("logout_token"));
    });
  });
  before(async () => {
    application.listen(0, "127.0.0.1");
    await once(application, "listening");
    site = await AccountSite.open();
  });
  after(async () => {
    await site[Symbol.asyncDispose]();
    application.close();
    application.closeAllConnections();
  });

  it("loses its tokens at once, and hears that the session is over", async () => {
    const address = application.address();
    assert.ok(address !== null && typeof address === "object");
    const own = `http://127.0.0.1:${address.port}`;
    const created = await site.gatehouse.operate("clients.create", {
      ...{ name: "Printing shop", redirectUris: [`${own}/callback`], backchannelLogoutUri: `${own}/ended` },
      ...{ grantTypes: ["authorization_code", "refresh_token"], scope: "openid offline_access" },
    });
    assert.ok(created.ok, JSON.stringify(created));
    const { id, secret } = z.object({ id: z.string(), secret: z.string() }).parse(created.value);
    const inProcess = site.gatehouse.services.backChannel.fetchFor();
    const shop = await client.discovery(new URL(site.origin), id, secret, undefined, {
      // The two descriptions of `fetch` name the same bodies differently.
      [client.customFetch]: (url, options) => inProcess(url, options as RequestInit),
    });
    const ada = await site.join("Ada");
    const browser = site.browser();
    const verifier = client.randomPKCECodeVerifier();
    const wanted = client.buildAuthorizationUrl(shop, {
      ...{ redirect_uri: `${own}/callback`, scope: "openid offline_access", prompt: "consent" },
      ...{ code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" },
    });
    const asked = await browser.open(wanted);
    const consent = await browser.submit(asked, "/password", { email: ada.email, password: ACCOUNT_PASSWORD });
    const back = await browser.submit(consent, "/consent");
    const tokens = await client.authorizationCodeGrant(shop, back.url, { pkceCodeVerifier: verifier });
    const { refresh_token: refresh = "" } = tokens;
    assert.notEqual(refresh, "");

    const page = await browser.open("/account/applications");
    assert.match(page.text, /Printing shop/);
    const heard = once(ends, "ended");
    const done = await browser.submit(page, "/withdraw");
    assert.match(done.text, /The access was withdrawn/);
    await assert.rejects(client.refreshTokenGrant(shop, refresh), { error: "invalid_grant" });
    const active = await client.tokenIntrospection(shop, tokens.access_token);
    assert.equal(active.active, false);
    const [logout] = await heard;
    const { sub, aud } = decodeJwt(String(logout));
    assert.deepEqual([sub, aud], [ada.id, id]);
    assert.equal((await browser.open("/account")).url.pathname, "/account", "the visit goes on");
  });
});
