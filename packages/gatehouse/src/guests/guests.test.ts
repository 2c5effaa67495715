import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { anonymousPrincipal, type Principal } from "../kernel/attempt.ts";
import { FormBrowser } from "../testing/form-browser.ts";
import { comeIn, openGuestSite, whoIs, type GuestSite } from "../testing/guest-site.ts";

describe("guests with a join token", () => {
  let site: GuestSite;
  before(async () => {
    site = await openGuestSite();
  });
  after(() => site[Symbol.asyncDispose]());

  const shown = (id: string) => site.operate<{ guests: number; state: string }>("join-tokens.show", { id });

  it("come in by a click, each as somebody of their own, and are led away from the token", async () => {
    const { id, path } = await site.token();
    const pages = [await comeIn(site.browser(), path), await comeIn(site.browser(), path)];
    const guests = pages.map(whoIs);
    assert.deepEqual(
      pages.map(({ url }) => url.pathname),
      ["/album/party", "/album/party"],
    );
    assert.ok(guests.every(({ type, grants }) => type === "guest" && grants.includes(`join-token:${id}`)));
    assert.notEqual(guests[0]?.id, guests[1]?.id);
    assert.equal((await shown(id)).guests, 2);
  });

  it("change nothing by looking, as messengers do", async () => {
    const { id, path } = await site.token();
    const page = await site.browser().open(path);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get("referrer-policy"), "strict-origin");
    assert.equal((await shown(id)).guests, 0);
  });

  it("are one guest however often they click or scan in one browser", async () => {
    const { id, path } = await site.token();
    const browser = site.browser();
    const page = await browser.open(path);
    const clicks = await Promise.all([0, 1, 2].map(() => browser.submit(page, path)));
    const first = whoIs(await comeIn(browser, path));
    assert.ok(clicks.map(whoIs).every((guest) => guest.id === first.id));
    // A click on the page of before, whose security token is an old one by now.
    assert.equal(whoIs(await browser.submit(page, path)).id, first.id);
    // Days later the session has ended; the browser still knows who it was.
    browser.cookies.delete("gatehouse-loopback-8080");
    assert.equal(whoIs(await comeIn(browser, path)).id, first.id);
    assert.equal((await shown(id)).guests, 1);
  });

  it("are not taken for another guest by a mark that somebody has made up", async () => {
    const { id, path } = await site.token();
    const victim = whoIs(await comeIn(site.browser(), path));
    for (const mark of [`${victim.id}.${"A".repeat(22)}`, victim.id, `${victim.id}.`]) {
      const browser = site.browser();
      browser.cookies.set("gatehouse-guest", mark);
      assert.notEqual(whoIs(await comeIn(browser, path)).id, victim.id);
    }
    assert.equal((await shown(id)).guests, 4);
  });

  it("are no hosts: who is signed in with an account is asked to sign out, and stays who they are", async () => {
    const { path } = await site.token();
    const browser = site.browser();
    const { csrfToken } = whoIs(await browser.open("/album/party"));
    await browser.post("/sign-in", { _csrf_token: csrfToken });
    const page = await comeIn(browser, path);
    assert.deepEqual([page.status, /JOIN_AS_USER/.test(page.text)], [409, true]);
    assert.equal(whoIs(await browser.open("/album/party")).id, "host");
  });

  it("read German where their browser asks for it", async () => {
    const { id, path } = await site.token();
    const german = new FormBrowser("http://localhost:8080", {
      language: "de-AT,de;q=0.9,en;q=0.5",
      fetch: (address, init) =>
        site.gatehouse.handler(new Request(address, init), { address: "192.0.2.11", encrypted: false }),
    });
    const page = await german.open(path);
    assert.equal(page.title, "Sie sind eingeladen");
    assert.match(page.text, /<html lang="de">/);
    await site.operate("join-tokens.revoke", { id });
    const refused = await german.submit(page, path);
    assert.match(refused.text, /<html lang="de">[^]*Diese Einladung wurde zurückgezogen[^]*JOIN_TOKEN_REVOKED/);
  });

  it("stay who they are when they come in by another token", async () => {
    const [one, other] = [await site.token(), await site.token({ collection: "brunch" })];
    const browser = site.browser();
    const first = whoIs(await comeIn(browser, one.path));
    const second = whoIs(await comeIn(browser, other.path));
    assert.equal(second.id, first.id);
    assert.deepEqual(
      second.grants.filter((grant) => grant.startsWith("join-token:")).toSorted(),
      [one, other].map(({ id }) => `join-token:${id}`).toSorted(),
    );
  });

  it("are told why they do not get in", async () => {
    const full = await site.token({ guests: 1 });
    await comeIn(site.browser(), full.path);
    const revoked = await site.token();
    await site.operate("join-tokens.revoke", { id: revoked.id, reason: "posted in a forum" });
    const replaced = await site.token();
    const { path } = await site.operate<{ path: string }>("join-tokens.rotate", { id: replaced.id, graceHours: 0 });
    whoIs(await comeIn(site.browser(), path));
    const mistyped = `${full.path.slice(0, -1)}${full.path.endsWith("0") ? "1" : "0"}`;
    const answers = [];
    for (const way of [full.path, revoked.path, replaced.path, mistyped]) {
      const page = await comeIn(site.browser(), way);
      answers.push([page.status, /JOIN_TOKEN_\w+/.exec(page.text)?.[0]]);
    }
    assert.deepEqual(answers, [
      [409, "JOIN_TOKEN_FULL"],
      [410, "JOIN_TOKEN_REVOKED"],
      [410, "JOIN_TOKEN_REVOKED"],
      [404, "JOIN_TOKEN_UNKNOWN"],
    ]);
  });

  it("go on with the text of before for as long as a rotation says", async () => {
    const { id, path } = await site.token({ kind: "once" });
    const rotated = await site.operate<{ path: string }>("join-tokens.rotate", { id, graceHours: 1 });
    assert.notEqual(rotated.path, path);
    for (const way of [path, rotated.path]) whoIs(await comeIn(site.browser(), way));
    assert.equal((await shown(id)).guests, 2);
  });

  it("have a grant in the event of their token, until it is revoked", async () => {
    const { id, path } = await site.token({ scopes: ["view", "upload", "download"], files: 7, megabytes: 3 });
    const guest = whoIs(await comeIn(site.browser(), path));
    const principal: Principal = { type: "guest", id: guest.id, tenant: "default", grants: new Set(guest.grants) };
    const { guests, store } = site.gatehouse.services;
    const grantIn = (collection: string, holder = principal) =>
      store.read((reading) => guests.grants.of(reading, { principal: holder, collection }));
    const grant = await grantIn("party");
    assert.deepEqual([...(grant?.scopes ?? [])], ["view", "upload", "download"]);
    assert.deepEqual([grant?.generation, grant?.quota], [1, { files: 7, bytes: 3 * 1024 * 1024 }]);
    assert.deepEqual(grant?.share, { files: 1, bytes: Math.ceil((3 * 1024 * 1024) / 10) });
    assert.equal(await grantIn("brunch"), undefined);
    assert.equal(await grantIn("party", anonymousPrincipal("default")), undefined);
    assert.equal(await grantIn("party", { ...principal, tenant: "other" }), undefined);
    const generation = () => guests.grants.generation({ tenant: "default", id: grant?.id ?? "" });
    assert.equal(await generation(), 1);
    assert.equal(generation(), 1, "it is answered from memory");
    await site.operate("join-tokens.revoke", { id });
    assert.equal(await generation(), undefined);
    assert.equal(await grantIn("party"), undefined);
    assert.equal(await guests.grants.generation({ tenant: "other", id: grant?.id ?? "" }), undefined);
  });

  it("have no smaller share of what may be brought than an even division would give", async () => {
    const { path } = await site.token({ guests: 2, files: 100, megabytes: 4 });
    const guest = whoIs(await comeIn(site.browser(), path));
    const principal: Principal = { type: "guest", id: guest.id, tenant: "default", grants: new Set(guest.grants) };
    const { guests, store } = site.gatehouse.services;
    const grant = await store.read((reading) => guests.grants.of(reading, { principal, collection: "party" }));
    assert.deepEqual(grant?.share, { files: 50, bytes: 2 * 1024 * 1024 });
  });

  it("can have a derived token printed again, and one that was shown once not", async () => {
    const derived = await site.token();
    const again = await site.operate<{ path: string; svg: string }>("join-tokens.print", {
      id: derived.id,
      format: "svg",
    });
    assert.equal(again.path, derived.path);
    assert.match(again.svg, /^<svg /);
    const once = await site.token({ kind: "once" });
    const outcome = await site.gatehouse.operate("join-tokens.print", { id: once.id });
    assert.equal(outcome.ok ? "" : outcome.problem.code, "STATE_CONFLICT");
  });

  it("are counted in buckets of five minutes, with refusals by their reason", async () => {
    const { id, path } = await site.token({ guests: 2 });
    for (let count = 0; count < 4; count += 1) await comeIn(site.browser(), path);
    const { usage } = site.gatehouse.services.guests;
    usage.record(`join:${id}`, { uploads: 2, bytes: 5000 });
    usage.record("host:1", { uploads: 100 });
    await usage.flush();
    const { buckets } = await site.operate<{ buckets: Record<string, number>[] }>("join-tokens.usage", { id });
    const sum = (name: string) => buckets.reduce((total, bucket) => total + (bucket[name] ?? 0), 0);
    assert.deepEqual(["joins", "sessions", "uploads", "bytes", "refusedFull"].map(sum), [2, 2, 2, 5000, 2]);
  });
});
