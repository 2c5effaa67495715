import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import express from "express";
import openid from "express-openid-connect";
import { hasBrowser } from "../../support/browser.ts";
import { CLIENT_SECRET, openClientSite, PERSON, signIn, type ClientSite } from "../../support/client-site.ts";

/** An application as its readme shows it, that says who is there. */
function applicationOf({ issuer, application }: Pick<ClientSite, "issuer" | "application">): express.Express {
  const app = express();
  app.use(
    openid.auth({
      ...{ issuerBaseURL: issuer, baseURL: application, secret: "a secret that seals the cookie of the session" },
      ...{ clientID: "express", clientSecret: CLIENT_SECRET, idTokenSigningAlg: "ES256" },
      ...{ authRequired: false, idpLogout: true },
      authorizationParams: { response_type: "code", scope: "openid offline_access profile email", prompt: "consent" },
    }),
  );
  app.get("/", ({ oidc }, response) => void response.send(oidc.isAuthenticated() ? "somebody" : "nobody"));
  app.get("/profile", openid.requiresAuth(), async ({ oidc }, response) => {
    const before = oidc.accessToken?.access_token;
    const refreshed = await oidc.accessToken?.refresh();
    const { sub, email } = await oidc.fetchUserInfo();
    response.json({ sub, email, refreshed: refreshed !== undefined && refreshed.access_token !== before });
  });
  return app;
}

describe("express-openid-connect at a started server", { skip: !hasBrowser("chromium") }, () => {
  let site: ClientSite;
  before(async () => {
    site = await openClientSite({
      clients: (application) => [
        {
          ...{ id: "express", secret: CLIENT_SECRET, name: "Express" },
          ...{ redirectUris: [`${application}/callback`], postLogoutRedirectUris: [application] },
        },
      ],
      answer: applicationOf,
    });
  });
  after(() => site[Symbol.asyncDispose]());

  it("signs somebody in who asks for a page, refreshes, asks who it is, and signs them out", async () => {
    const page = await site.newPage();
    await page.goto(`${site.application}/profile`);
    const back = await signIn(page, site);
    assert.equal(back.href, `${site.application}/profile`);
    const shown: unknown = JSON.parse((await page.textContent("body")) ?? "");
    assert.deepEqual(shown, { sub: site.account, email: PERSON.email, refreshed: true });

    await page.goto(`${site.application}/logout`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${site.application}/`);
    assert.equal(await page.textContent("body"), "nobody");
    await page.goto(`${site.application}/profile`);
    await page.locator("#password").waitFor();
    assert.equal(new URL(page.url()).origin, site.issuer);
  });
});
