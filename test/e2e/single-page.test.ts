import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { BrowserContext, Page } from "playwright-core";
import { describeBrowsers } from "../support/browsers.ts";
import { openSinglePageSite, type SinglePageSite } from "../support/single-page/site.ts";

describeBrowsers("a browser application that signs people in", (engine) => {
  let site: SinglePageSite;
  before(async () => {
    site = await openSinglePageSite();
  });
  after(() => site[Symbol.asyncDispose]());

  async function visit(work: (context: BrowserContext) => Promise<void>): Promise<void> {
    const context = await engine.browser.newContext();
    site.grants.length = 0;
    try {
      await work(context);
    } finally {
      await context.close();
    }
  }

  async function open(context: BrowserContext, address = "/app"): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(new URL(address, site.origin).href);
    return page;
  }

  const says = (page: Page, text: string): Promise<void> => page.locator("#status", { hasText: text }).waitFor();

  async function signIn(context: BrowserContext): Promise<Page> {
    const page = await open(context);
    await says(page, "nobody");
    await page.getByRole("button", { name: "Sign in" }).click();
    await says(page, "ada to /app/photos?page=2");
    return page;
  }

  /** Begins to sign in and stops at the way back: the address that the issuer sends the browser to. */
  async function wayBack(context: BrowserContext): Promise<string> {
    const page = await open(context);
    await says(page, "nobody");
    // The page that takes the answer in does not run.
    await page.route("**/app.js", (route) => route.abort());
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL((url) => url.searchParams.has("code"));
    const address = page.url();
    await page.close();
    return address;
  }

  const run = <Result>(page: Page, code: string): Promise<Result> => page.evaluate(code);

  it("redeems a code once although effects run twice, and leaves nothing of it in the address", () =>
    visit(async (context) => {
      const page = await signIn(context);
      assert.deepEqual(site.grants, ["authorization_code"]);
      assert.equal(page.url(), `${site.origin}/app`);
      await page.reload();
      await says(page, "ada to nowhere");
    }));

  it("gives two tabs with the same address the same", () =>
    visit(async (context) => {
      const address = await wayBack(context);
      const pages = await Promise.all([open(context, address), open(context, address)]);
      for (const page of pages) await says(page, "ada to /app/photos?page=2");
      assert.deepEqual(site.grants, ["authorization_code"]);
    }));

  it("does not take in an answer that it did not ask for", () =>
    visit(async (context) => {
      const address = await wayBack(context);
      await visitor(engine.browser, async (other) => {
        await says(await open(other, address), "failed: interrupted");
      });
      assert.deepEqual(site.grants, []);
    }));

  it("refreshes a token once for all tabs", () =>
    visit(async (context) => {
      const first = await signIn(context);
      const second = await open(context);
      await says(second, "ada");
      const before = await run<string>(first, "signIn.token()");
      await run(first, expire);
      const ask = "Promise.all([signIn.token(), signIn.token(), signIn.token()])";
      const tokens = (await Promise.all([run<string[]>(first, ask), run<string[]>(second, ask)])).flat();
      assert.deepEqual([tokens.length, new Set(tokens).size], [6, 1]);
      assert.notEqual(tokens[0], before);
      assert.deepEqual(site.grants, ["authorization_code", "refresh_token"]);
    }));

  it("binds tokens to a key that no script can read", () =>
    visit(async (context) => {
      const page = await signIn(context);
      assert.equal(await run(page, `signIn.fetch("/oauth/userinfo").then((answer) => answer.status)`), 200);
      const token = await run<string>(page, "signIn.token()");
      const stolen = await fetch(`${site.origin}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(stolen.status, 401);
      const [extractable, refused] = await run<[boolean, boolean]>(page, readKey);
      assert.deepEqual([extractable, refused], [false, true]);
    }));

  it("signs out in all tabs", () =>
    visit(async (context) => {
      const first = await signIn(context);
      const second = await open(context);
      await says(second, "ada");
      await run(first, "void signIn.signOut()");
      await says(second, "nobody");
      assert.equal(await run(second, "signIn.token()"), undefined);
    }));

  it("adds less than 14 KB to an application", () => {
    assert.ok(gzipSync(site.bytes).byteLength < 14 * 1024, `${gzipSync(site.bytes).byteLength}`);
  });
});

async function visitor(
  browser: { newContext(): Promise<BrowserContext> },
  work: (context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext();
  try {
    await work(context);
  } finally {
    await context.close();
  }
}

const database = `new Promise((resolve) => {
  const request = indexedDB.open(\`gatehouse sign-in spa \${location.origin}\`);
  request.onsuccess = () => resolve(request.result);
})`;

/** Has the tokens look as if their time was over. */
const expire = `${database}.then((opened) => new Promise((resolve) => {
  const transaction = opened.transaction("values", "readwrite");
  const store = transaction.objectStore("values");
  const request = store.get("session");
  request.onsuccess = () => store.put({ ...request.result, expiresAt: 0 }, "session");
  transaction.oncomplete = () => resolve();
}))`;

/** Whether the private key can be read, and whether the browser refuses to give it away. */
const readKey = `${database}.then((opened) => new Promise((resolve) => {
  const request = opened.transaction("values").objectStore("values").get("key");
  request.onsuccess = () => {
    const { privateKey } = request.result;
    crypto.subtle.exportKey("jwk", privateKey).then(
      () => resolve([privateKey.extractable, false]),
      () => resolve([privateKey.extractable, true]),
    );
  };
}))`;
