import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Hono } from "hono";
import { html } from "../../html/html.ts";
import { openEdgeSetup, TEST_CONNECTION, type EdgeSetup } from "../../testing/edge-setup.ts";
import { formField } from "./field.ts";
import { Pages } from "./pages.ts";
import { screenTexts } from "./texts.ts";
import { createTheme } from "./theme.ts";

const THEME = createTheme({ name: "Acme & Söhne", logo: "/acme.svg", accent: "#7a0019" });

describe("pages of the identity provider", () => {
  let setup: EdgeSetup;
  let pages: Pages;
  let get: (path: string, headers?: Record<string, string>) => Promise<Response>;

  before(async () => {
    setup = await openEdgeSetup();
    const { edge } = setup;
    pages = new Pages({ edge, themeOf: () => THEME });
    const app = new Hono();
    app.get("/page", (context) => {
      const inbound = edge.of(context);
      const language = pages.languageFor(inbound, context.req.query("asked"));
      const words = screenTexts[language];
      const name = { name: "email", label: words.email, autocomplete: "username webauthn" };
      const body = html`<form method="post">
        ${formField({ ...name, value: '"><script>', error: words.emailMissing, hint: words.codeHint, focused: true })}
      </form>`;
      return pages.show(inbound, { language, title: words.signIn, alert: words.signInRefused, body }, { status: 422 });
    });
    app.get(
      "/sign-in/assets/*",
      (context) => pages.assets.answer(edge.of(context)) ?? new Response("", { status: 404 }),
    );
    const handler = edge.handler(app);
    get = (path, headers = {}) => handler(new Request(`https://id.example${path}`, { headers }), TEST_CONNECTION);
  });
  after(() => setup[Symbol.asyncDispose]());

  it("are in the language of whoever looks, and say so", async () => {
    const german = await get("/page", { "accept-language": "de" });
    assert.equal(german.headers.get("content-language"), "de");
    const text = await german.text();
    assert.match(text, /<html lang="de">/);
    assert.match(text, /<title>Fehler: Anmelden · Acme &amp; Söhne<\/title>/);
    assert.match(text, /lang="de"\s+aria-current="true"/);
    assert.match(await (await get("/page?asked=fr%20de")).text(), /<html lang="de">/);
  });

  it("stay in a language that was chosen on one of them", async () => {
    const chosen = await get("/page?ui_locales=de", { "accept-language": "en" });
    const [cookie = ""] = chosen.headers.getSetCookie();
    assert.match(cookie, /^gatehouse-language=de; .*Max-Age=31536000.*HttpOnly.*Secure.*SameSite=Lax/i);
    const later = await get("/page", { "accept-language": "en", cookie: "gatehouse-language=de" });
    assert.match(await later.text(), /<html lang="de">/);
    assert.deepEqual(later.headers.getSetCookie(), []);
  });

  it("are kept by no cache, framed by no site, and leave no trace at the next", async () => {
    const { headers } = await get("/page");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("referrer-policy"), "same-origin");
    assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    assert.match(headers.get("content-security-policy") ?? "", /form-action 'self';/);
  });

  it("have the look of the tenant, from elements that the policy lets through", async () => {
    const response = await get("/page");
    const nonce = /'nonce-([^']+)'/.exec(response.headers.get("content-security-policy") ?? "")?.[1] ?? "-";
    const text = await response.text();
    assert.ok(text.includes(`<style nonce="${nonce}">:root{--accent:#7a0019;--accent-ink:#ffffff}`));
    assert.match(text, /<img src="\/acme\.svg" alt="" \/>/);
    const [, stylesheet = ""] = /<link rel="stylesheet" href="([^"]+)"/.exec(text) ?? [];
    const sheet = await get(stylesheet);
    assert.equal(sheet.status, 200);
    assert.match(sheet.headers.get("cache-control") ?? "", /immutable/);
  });

  it("show a logo that the theme brings along", async () => {
    const logo = "data:image/svg+xml;base64,PHN2Zy8+";
    const own = new Pages({ edge: setup.edge, themeOf: () => createTheme({ name: "Acme", logo }) });
    const app = new Hono();
    app.get("/", (context) => own.show(setup.edge.of(context), { language: "en", title: "Page", body: undefined }));
    const response = await setup.edge.handler(app)(new Request("https://id.example/"), TEST_CONNECTION);
    assert.ok((await response.text()).includes(`<img src="${logo}" alt="" />`));
  });

  it("tie what is wrong to the field, and keep what was typed as text", async () => {
    const text = await (await get("/page")).text();
    assert.match(text, /<label for="email">E-mail address<\/label>/);
    assert.match(text, /aria-invalid="true"\s+aria-describedby="email-error email-hint"\s+autofocus/);
    assert.match(text, /<p class="field-error" id="email-error">Enter your e-mail address\.<\/p>/);
    assert.ok(text.includes('value="&#34;&gt;&lt;script&gt;"'));
    assert.match(text, /role="alert"/);
  });
});
