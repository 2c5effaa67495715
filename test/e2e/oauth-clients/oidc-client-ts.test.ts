import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { hasBrowser } from "../../support/browser.ts";
import { openClientSite, PERSON, signIn, type ClientSite } from "../../support/client-site.ts";

const library = readFileSync(
  fileURLToPath(new URL("../browser/oidc-client-ts.min.js", import.meta.resolve("oidc-client-ts"))),
);

const PAGE = `<!doctype html>
<title>Application</title>
<link rel="icon" href="data:,">
<p id="status">one moment</p>
<script src="/library.js"></script>
<script src="/app.js"></script>`;

/** An application of a page alone, that says who is there. */
function scriptOf(authority: string): string {
  return `
const manager = new oidc.UserManager({
  authority: ${JSON.stringify(authority)},
  client_id: "single-page",
  redirect_uri: location.origin + "/callback",
  post_logout_redirect_uri: location.origin + "/out",
  scope: "openid offline_access profile email",
  loadUserInfo: true,
  automaticSilentRenew: false,
  revokeTokensOnSignout: true,
});
async function start() {
  if (location.pathname === "/callback") await manager.signinRedirectCallback();
  if (location.pathname === "/out") await manager.signoutRedirectCallback();
  const user = await manager.getUser();
  return user === null ? "nobody" : user.profile.sub + " " + user.profile.email;
}
start().catch(String).then((text) => (document.querySelector("#status").textContent = text));`;
}

function answer({ issuer }: Pick<ClientSite, "issuer">): RequestListener {
  const script = scriptOf(issuer);
  return ({ url }, response) => {
    const isScript = url?.endsWith(".js") === true;
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? (url === "/app.js" ? script : library) : PAGE);
  };
}

describe("oidc-client-ts at a started server, in Chromium", { skip: !hasBrowser("chromium") }, () => {
  let site: ClientSite;
  before(async () => {
    site = await openClientSite({
      clients: (application) => [
        {
          ...{ id: "single-page", name: "Single page", redirectUris: [`${application}/callback`] },
          postLogoutRedirectUris: [`${application}/out`],
        },
      ],
      answer,
    });
  });
  after(() => site[Symbol.asyncDispose]());

  const says = (page: Page, text: string): Promise<void> =>
    page.locator("#status", { hasText: new RegExp(`^${text}$`) }).waitFor();
  const run = <Result>(page: Page, code: string): Promise<Result> => page.evaluate(code);

  async function userInfoStatus(token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${site.issuer}/oauth/userinfo`, { headers })).status;
  }

  it("signs somebody in from another site, renews by a refresh token, and signs them out", async () => {
    const page = await site.newPage();
    const asked: string[] = [];
    page.on("request", (request) => {
      const grant = new URLSearchParams(request.postData() ?? "").get("grant_type");
      if (grant !== null) asked.push(grant);
    });
    await page.goto(site.application);
    await says(page, "nobody");
    await run(page, `void manager.signinRedirect({ prompt: "consent" })`);
    await signIn(page, site);
    await says(page, `${site.account} ${PERSON.email}`);

    const token = "manager.getUser().then((user) => user.access_token)";
    const before = await run<string>(page, token);
    await run(page, "manager.signinSilent().then(() => undefined)");
    const renewed = await run<string>(page, token);
    assert.notEqual(renewed, before);
    assert.deepEqual(asked, ["authorization_code", "refresh_token"]);
    assert.equal(page.frames().length, 1);
    assert.equal(await userInfoStatus(renewed), 200);

    await run(page, "void manager.signoutRedirect()");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${site.application}/out*`);
    await says(page, "nobody");
    assert.equal(await userInfoStatus(renewed), 401);
    await run(page, "void manager.signinRedirect()");
    await page.locator("#password").waitFor();
  });
});
