/**
 * Whoever gets hold of an address that an issuer sent a browser back to, or makes a victim's browser open one of their
 * own, signs in as somebody else. What comes back must therefore belong to a sign-in that this browser has begun, at
 * this issuer, and count once.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { openRelyingPartyKit, TestBrowser, type RelyingPartyKit } from "../../testing/relying-party-kit.ts";

describe("an answer of the issuer", () => {
  let kit: RelyingPartyKit;
  before(async () => {
    kit = await openRelyingPartyKit();
  });
  after(() => kit[Symbol.asyncDispose]());
  beforeEach(() => {
    kit.issuer.mischief = {};
  });

  async function refused(browser: TestBrowser, back: URL, code: string): Promise<void> {
    const response = await browser.finish(back);
    const text = await response.text();
    assert.ok(response.status >= 400 && text.includes(code), `${response.status} ${text}`);
    assert.equal(await browser.who(), "anonymous -");
  }

  // An address is read from a history or log, and opened again with all cookies of before. It is worth nothing.
  it("signs nobody in a second time, not even with the cookies of the first", async () => {
    const browser = new TestBrowser(kit);
    const back = await browser.begin();
    const cookies = new Map(browser.cookies);
    assert.equal((await browser.finish(back)).status, 200);
    await kit.clock.advance(11_000);
    const thief = new TestBrowser(kit);
    for (const [name, value] of cookies) thief.cookies.set(name, value);
    await refused(thief, back, "SIGN_IN_INTERRUPTED");
    assert.equal(await browser.who(), "user ada", "whoever signed in stays so");
  });

  // Within the time in which a reload is answered again, the person signs out. The address must not undo that.
  it("does not bring a session back that was signed out of", async () => {
    const browser = new TestBrowser(kit);
    const back = await browser.begin();
    const cookies = new Map(browser.cookies);
    await browser.finish(back);
    await browser.post("/auth/sign-out");
    const thief = new TestBrowser(kit);
    for (const [name, value] of cookies) thief.cookies.set(name, value);
    await refused(thief, back, "SIGN_IN_INTERRUPTED");
  });

  // An attacker begins to sign in, stops at the way back, and has the victim open that address. The victim would act in
  // the attacker's account without knowing.
  it("means nothing to another browser than the one that asked", async () => {
    const attacker = new TestBrowser(kit);
    const back = await attacker.begin();
    const victim = new TestBrowser(kit);
    await victim.begin();
    await refused(victim, back, "SIGN_IN_INTERRUPTED");
  });

  // A code that was stolen on its way to another browser is put into an answer to one's own sign-in. The verifier
  // of the browser that began (PKCE) does not go with it.
  it("cannot carry a code of another sign-in", async () => {
    const attacker = new TestBrowser(kit);
    const back = await attacker.begin();
    back.searchParams.set("code", kit.issuer.foreignCode());
    await refused(attacker, back, "SIGN_IN_INTERRUPTED");
  });

  // A client of two issuers is led to the dishonest one and believes to be at the other (RFC 9207). The honest one's code
  // would be handed to the dishonest one.
  it("comes from the issuer that was asked", async () => {
    for (const iss of ["https://evil.example", undefined]) {
      const browser = new TestBrowser(kit);
      const back = await browser.begin();
      if (iss === undefined) back.searchParams.delete("iss");
      else back.searchParams.set("iss", iss);
      const shown = kit.issuer.redeemed.length;
      await refused(browser, back, "SIGN_IN_FAILED");
      assert.equal(kit.issuer.redeemed.length, shown, "the code was not shown to anybody");
    }
  });

  // Links to the sign-in of a trusted site end at a site that looks like it. Wherever somebody wants to go on, it is here.
  it("leads to paths of this server alone", async () => {
    const elsewhere = [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "javascript:alert(1)",
      "/\t/evil.example",
    ];
    for (const returnTo of elsewhere) {
      const browser = new TestBrowser(kit);
      const response = await browser.finish(await browser.begin(returnTo));
      assert.equal(response.headers.get("refresh"), "0; url=/", returnTo);
    }
  });

  // The cookie of a sign-in is moved to the name of another, or altered by whoever owns the browser. It opens in its place alone.
  it("needs a cookie of this server, under its own name", async () => {
    const browser = new TestBrowser(kit);
    const [first, second] = [await browser.begin(), await browser.begin()];
    const nameOf = (back: URL): string => `__Host-sign-in.auth.${back.searchParams.get("state")}`;
    browser.cookies.set(nameOf(second), browser.cookies.get(nameOf(first)) ?? "");
    await refused(browser, second, "SIGN_IN_INTERRUPTED");
  });
});
