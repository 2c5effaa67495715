import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { openRelyingPartyKit, TestBrowser, type RelyingPartyKit } from "../../testing/relying-party-kit.ts";

describe("a sign-in of which more is demanded than of others", () => {
  let kit: RelyingPartyKit;
  before(async () => {
    kit = await openRelyingPartyKit({ demands: { strong: { maxAge: 240, acrValues: ["aal2"] } } });
  });
  after(() => kit[Symbol.asyncDispose]());
  beforeEach(() => void (kit.issuer.mischief = {}));

  async function begin(browser: TestBrowser, demand?: string): Promise<{ asked: URLSearchParams; back: URL }> {
    const response = await browser.get(kit.party.startAt("/wanted", demand));
    const location = new URL(response.headers.get("location") ?? "");
    return { asked: location.searchParams, back: kit.issuer.authorize(location.href) };
  }

  it("asks the issuer for it, and not at other times", async () => {
    const browser = new TestBrowser(kit);
    const { asked } = await begin(browser, "strong");
    assert.deepEqual([asked.get("max_age"), asked.get("acr_values")], ["240", "aal2"]);
    for (const other of [undefined, "unheard-of", "constructor"]) {
      const plain = await begin(browser, other);
      assert.deepEqual([plain.asked.get("max_age"), plain.asked.get("acr_values")], [null, null]);
    }
  });

  it("is refused where the issuer's answer falls short, with a way to try again that demands the same", async () => {
    const browser = new TestBrowser(kit);
    const now = Math.floor(kit.clock.now() / 1000);
    for (const claims of [{ acr: "aal1", auth_time: now }, { acr: "aal2", auth_time: now - 3600 }, { acr: "aal2" }]) {
      kit.issuer.mischief = { claims };
      const response = await browser.finish((await begin(browser, "strong")).back);
      assert.ok(response.status === 401 || response.status === 403, JSON.stringify(claims));
      assert.match(await response.text(), /demand=strong/);
      assert.equal(await browser.who(), "anonymous -");
    }
    kit.issuer.mischief = { claims: { acr: "aal2", auth_time: now } };
    assert.equal((await browser.finish((await begin(browser, "strong")).back)).status, 200);
    assert.equal(await browser.who(), "user ada");
  });
});
