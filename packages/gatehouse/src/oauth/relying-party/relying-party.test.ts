import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { decodeJwt } from "jose";
import { openRelyingPartyKit, TestBrowser, type RelyingPartyKit } from "../../testing/relying-party-kit.ts";

describe("a relying party", () => {
  let kit: RelyingPartyKit;
  before(async () => {
    kit = await openRelyingPartyKit({ scopes: ["offline_access"], keepTokens: true });
  });
  after(() => kit[Symbol.asyncDispose]());
  beforeEach(() => {
    kit.issuer.mischief = {};
    kit.issuer.lifetime = 3600;
  });

  it("signs somebody in under a new session cookie and leads to where they wanted", async () => {
    const browser = new TestBrowser(kit);
    assert.equal(await browser.who(), "anonymous -");
    const before = browser.cookies.get("__Host-gatehouse");
    const back = await browser.begin("/wanted?tab=2#top");
    const response = await browser.finish(back);
    assert.equal(response.headers.get("refresh"), "0; url=/wanted?tab=2#top");
    assert.notEqual(browser.cookies.get("__Host-gatehouse"), before);
    assert.equal(await browser.who(), "user ada");
    assert.deepEqual([...browser.cookies.keys()], ["__Host-gatehouse"], "nothing is left of the sign-in");
  });

  it("ends the session of before when somebody signs in again", async () => {
    const browser = new TestBrowser(kit);
    await browser.signIn();
    const before = new TestBrowser(kit);
    for (const [name, value] of browser.cookies) before.cookies.set(name, value);
    const back = await browser.begin();
    const response = await browser.get(back.pathname + back.search);
    assert.deepEqual([response.status, response.headers.get("location")], [303, "/wanted"], "on one site");
    assert.deepEqual([await browser.who(), await before.who()], ["user ada", "anonymous -"]);
  });

  it("lets several tabs sign in at once", async () => {
    const browser = new TestBrowser(kit);
    const [first, second] = [await browser.begin("/first"), await browser.begin("/second")];
    assert.equal((await browser.finish(second)).headers.get("refresh"), "0; url=/second");
    assert.equal((await browser.finish(first)).headers.get("refresh"), "0; url=/first");
    assert.equal(await browser.who(), "user ada");
  });

  it("keeps the cookies of eight sign-ins, and lets the oldest go", async () => {
    const browser = new TestBrowser(kit);
    const first = await browser.begin();
    for (let count = 0; count < 8; count += 1) {
      await kit.clock.advance(1);
      await browser.begin();
    }
    assert.equal([...browser.cookies.keys()].filter((name) => name.includes("sign-in")).length, 8);
    assert.equal((await browser.finish(first)).status, 400);
  });

  it("loses nothing by a reload whose first answer never arrived, and shows the code once", async () => {
    const browser = new TestBrowser(kit);
    const back = await browser.begin();
    kit.issuer.mischief = { slow: 200 };
    const twin = new TestBrowser(kit);
    for (const [name, value] of browser.cookies) twin.cookies.set(name, value);
    const [lost, seen] = await Promise.all([twin.finish(back), browser.finish(back)]);
    assert.deepEqual([lost.status, seen.status], [200, 200]);
    const code = back.searchParams.get("code");
    assert.equal(kit.issuer.redeemed.filter((each) => each === code).length, 1);
    const people = await Promise.all([browser.who(), twin.who()]);
    assert.deepEqual(people.toSorted(), ["anonymous -", "user ada"], "one session takes the place of the other");
  });

  it("leads whoever comes to its address again to the start page", async () => {
    const browser = new TestBrowser(kit);
    const back = await browser.begin();
    await browser.finish(back);
    const again = await browser.get(back.pathname + back.search);
    assert.deepEqual([again.status, again.headers.get("location")], [303, "/"]);
  });

  it("says that the issuer is away, and goes on where it was when that is over", async () => {
    const browser = new TestBrowser(kit);
    const back = await browser.begin();
    kit.issuer.mischief = { away: true };
    const away = await browser.finish(back);
    assert.equal(away.status, 503);
    assert.match(await away.text(), /SIGN_IN_UNAVAILABLE/);
    kit.issuer.mischief = {};
    assert.equal((await browser.finish(back)).status, 200);
    assert.equal(await browser.who(), "user ada");
  });

  it("shows what the issuer refused as a page that begins again only when asked", async () => {
    const browser = new TestBrowser(kit);
    const back = await browser.begin("/wanted");
    back.searchParams.delete("code");
    back.searchParams.set("error", "access_denied");
    const response = await browser.finish(back);
    const text = await response.text();
    assert.equal(response.status, 403);
    assert.match(text, /SIGN_IN_DECLINED/);
    assert.match(text, /href="\/auth\/start\?return=%2Fwanted"/);
    assert.equal(response.headers.get("refresh"), null);
  });

  it("lets nobody in whom the application does not know", async () => {
    const browser = new TestBrowser(kit);
    kit.issuer.mischief = { claims: { sub: "nobody" } };
    assert.equal((await browser.finish(await browser.begin())).status, 403);
    assert.equal(await browser.who(), "anonymous -");
  });

  it("signs out here and at the issuer", async () => {
    const browser = new TestBrowser(kit);
    await browser.signIn();
    const response = await browser.post("/auth/sign-out");
    assert.equal(response.status, 200, await response.text());
    const { origin, searchParams } = new URL((response.headers.get("refresh") ?? "").slice("0; url=".length));
    assert.equal(origin, kit.issuer.url);
    assert.equal(searchParams.get("post_logout_redirect_uri"), "https://app.example/");
    assert.notEqual(searchParams.get("id_token_hint"), null);
    assert.equal(await browser.who(), "anonymous -");
  });

  it("signs out here although the issuer is away", async () => {
    await using other = await openRelyingPartyKit();
    const browser = new TestBrowser(other);
    await browser.signIn();
    await other.issuer[Symbol.asyncDispose]();
    assert.ok((await browser.post("/auth/sign-out")).status < 400);
    assert.equal(await browser.who(), "anonymous -");
  });

  it("asks resources with the person's token, which is refreshed once for all who ask", async () => {
    const browser = new TestBrowser(kit);
    kit.issuer.lifetime = 60;
    await browser.signIn();
    const first = (await (await browser.get("/resource")).json()) as { authorization: string };
    assert.match(first.authorization, /^Bearer access-/);
    await kit.clock.advance(45_000);
    const before = kit.issuer.refreshed.length;
    const answers = await Promise.all(Array.from({ length: 8 }, () => browser.get("/resource")));
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    assert.equal(new Set(bodies).size, 1);
    assert.notEqual(bodies[0], JSON.stringify(first));
    assert.equal(kit.issuer.refreshed.length, before + 1);
  });

  it("ends the sessions that the issuer ended", async () => {
    const browser = new TestBrowser(kit);
    kit.issuer.mischief = { claims: { sid: "ended-there" } };
    await browser.signIn();
    const other = new TestBrowser(kit);
    kit.issuer.mischief = { claims: { sid: "lasting-there" } };
    await other.signIn();
    const token = await kit.issuer.sign(kit.issuer.logoutDraft("app", { sid: "ended-there" }));
    const body = new URLSearchParams({ logout_token: token });
    const request = new Request("https://app.example/auth/back-channel-logout", { method: "POST", body });
    const response = await new TestBrowser(kit).send(request);
    assert.equal(response.status, 200, await response.text());
    assert.equal((await browser.get("/who")).status, 200);
    assert.equal(await browser.who(), "anonymous -");
    assert.equal(await other.who(), "user ada");
  });
});

describe("a relying party that keeps no tokens", () => {
  it("has none to ask resources with", async () => {
    await using kit = await openRelyingPartyKit();
    const browser = new TestBrowser(kit);
    await browser.signIn();
    assert.equal((await browser.get("/resource")).status, 401);
  });

  it("lets nobody in who signed in more weakly than is demanded", async () => {
    await using kit = await openRelyingPartyKit({ requirement: { acrValues: ["aal2"] } });
    const browser = new TestBrowser(kit);
    kit.issuer.mischief = { claims: { acr: "aal1" } };
    const weak = await browser.finish(await browser.begin());
    assert.match(await weak.text(), /SIGN_IN_TOO_WEAK/);
    kit.issuer.mischief = { claims: { acr: "aal2" } };
    await browser.signIn();
    assert.equal(await browser.who(), "user ada");
  });
});

describe("a relying party whose tokens are bound to a key", () => {
  it("proves possession of it to resources", async () => {
    await using kit = await openRelyingPartyKit({ keepTokens: true, dpop: true });
    const browser = new TestBrowser(kit);
    await browser.signIn();
    const answer = (await (await browser.get("/resource")).json()) as { authorization: string; dpop: string };
    assert.match(answer.authorization, /^DPoP access-/);
    const { htu, ath } = decodeJwt(answer.dpop);
    assert.equal(htu, `${kit.issuer.url}/resource`);
    assert.equal(ath, createHash("sha256").update(answer.authorization.slice("DPoP ".length)).digest("base64url"));
  });
});
