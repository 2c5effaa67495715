import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FormBrowser } from "../../testing/form-browser.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../testing/identity-site.ts";

const ADA = { email: "ada@example.org", password: SITE_PASSWORD };
const DEVICE = "television";
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

describe("what the engine has to show", () => {
  let site: IdentitySite;
  before(async () => {
    site = await openIdentitySite();
    await site.join(ADA.email);
    const device = { client_name: "Television", token_endpoint_auth_method: "none", application_type: "native" };
    await site.register(DEVICE, { ...device, client_secret: undefined, grant_types: [DEVICE_GRANT] });
  });
  after(() => site[Symbol.asyncDispose]());

  async function ask(path: string, fields: Record<string, string>): Promise<Record<string, unknown>> {
    const response = await fetch(site.origin + path, { method: "POST", body: new URLSearchParams(fields) });
    return Object(await response.json());
  }

  async function startDevice(): Promise<{ readonly code: string; readonly address: string; readonly secret: string }> {
    const started = await ask("/oauth/device", { client_id: DEVICE, scope: "openid" });
    const text = (name: string) => String(started[name]);
    return { code: text("user_code"), address: text("verification_uri_complete"), secret: text("device_code") };
  }

  function poll(secret: string): Promise<Record<string, unknown>> {
    return ask("/oauth/token", { grant_type: DEVICE_GRANT, client_id: DEVICE, device_code: secret });
  }

  it("connects a device over the code it shows", async () => {
    const { code, address, secret } = await startDevice();
    const browser = new FormBrowser(site.origin);
    const typed = await browser.open(address);
    assert.match(typed.title, /^Connect a device/);
    assert.equal(typed.forms[0]?.fields["user_code"], code, "the code of the address is in the field");
    const asked = await browser.submit(typed, "/device");
    assert.match(asked.title, /Connect Television\?/);
    assert.ok(asked.text.includes(code));
    assert.equal((await poll(secret))["error"], "authorization_pending");
    const page = await browser.submit(asked, "/device");
    const consent = await browser.submit(page, "/password", ADA);
    assert.match(consent.title, /Allow Television access\?/);
    assert.doesNotMatch(consent.text, /You will be taken to/);
    assert.match((await browser.submit(consent, "/consent")).title, /The device is connected/);
    assert.equal(typeof (await poll(secret))["id_token"], "string");
  });

  it("does not connect a device that somebody disowns", async () => {
    const { address, secret } = await startDevice();
    const browser = new FormBrowser(site.origin);
    const asked = await browser.submit(await browser.open(address), "/device");
    const abort = asked.forms.find(({ fields }) => "abort" in fields);
    const aborted = await browser.post("/device", { ...abort?.fields });
    assert.match(aborted.title, /was not connected/);
    assert.equal((await poll(secret))["error"], "access_denied");
  });

  it("says of a wrong code that it is wrong, and keeps it", async () => {
    const browser = new FormBrowser(site.origin);
    const page = await browser.submit(await browser.open("/device"), "/device", { user_code: "XXXX-YYYY" });
    assert.equal(page.status, 422);
    assert.match(page.text, /This code is wrong, used up or expired/);
    assert.match(page.forms[0]?.fields["user_code"] ?? "", /XXXX-?YYYY/);
  });

  it("signs out, or leaves somebody signed in who would rather stay", async () => {
    const browser = new FormBrowser(site.origin);
    await browser.submit(await browser.open((await site.begin({}, OWN_CLIENT)).url), "/password", ADA);
    const signedIn = async () =>
      (await browser.open((await site.begin({ prompt: "none" }, OWN_CLIENT)).url)).url.searchParams.has("code");
    const asked = await browser.open("/oauth/logout");
    assert.match(asked.title, /Sign out\?/);
    const [yes, no] = asked.forms;
    await browser.post("/oauth/logout/confirm", { ...no?.fields });
    assert.equal(await signedIn(), true);
    const again = await browser.open("/oauth/logout");
    assert.match((await browser.post("/oauth/logout/confirm", { ...yes?.fields })).title, /cannot be answered/);
    const out = await browser.submit(again, "/confirm");
    assert.match(out.title, /You are signed out/);
    assert.equal(await signedIn(), false);
  });

  it("leads back who is not signed in any more, without a script", async () => {
    const browser = new FormBrowser(site.origin);
    const query = new URLSearchParams({ client_id: OWN_CLIENT, post_logout_redirect_uri: site.callback });
    const page = await browser.open(`/oauth/logout?${query}`);
    assert.doesNotMatch(page.text, /<script/);
    const back = await browser.submit(page, "/confirm");
    assert.equal(back.url.href, site.callback);
  });

  it("lets a page of the engine's send a code where an application asks for it as a form, and nowhere else", async () => {
    const browser = new FormBrowser(site.origin);
    const request = await site.begin({ response_mode: "form_post" }, OWN_CLIENT);
    const page = await browser.submit(await browser.open(request.url), "/password", ADA);
    assert.equal(page.forms[0]?.action, site.callback);
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /script-src 'sha256-[^']+';/);
    assert.ok(policy.includes(`form-action ${new URL(site.callback).origin}`));
  });

  it("is in the language that the application asks for", async () => {
    const browser = new FormBrowser(site.origin, { language: "en" });
    const page = await browser.open((await site.begin({ ui_locales: "fr de" })).url);
    assert.match(page.text, /<html lang="de">/);
    const refused = await browser.submit(page, "/password", { ...ADA, password: "wrong" });
    assert.match(refused.title, /^Fehler: Anmelden/);
    assert.match((await browser.open("/oauth/logout?ui_locales=de")).text, /<html lang="de">/);
  });
});
