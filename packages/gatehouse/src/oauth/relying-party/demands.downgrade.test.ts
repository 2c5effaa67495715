/**
 * Which demand a sign-in is to meet is in an address, which whoever signs in can change. They choose one that asks for
 * less than the application always does, and come in with a weaker or an older sign-in.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openRelyingPartyKit, TestBrowser, type RelyingPartyKit } from "../../testing/relying-party-kit.ts";

describe("a demand that asks for less than the application always does", () => {
  let kit: RelyingPartyKit;
  before(async () => {
    kit = await openRelyingPartyKit({
      requirement: { maxAge: 120, acrValues: ["aal2"] },
      demands: { relaxed: { maxAge: 3600, acrValues: ["aal1", "aal2"] }, quick: { maxAge: 30 } },
    });
  });
  after(() => kit[Symbol.asyncDispose]());

  it("lowers nothing", async () => {
    const now = Math.floor(kit.clock.now() / 1000);
    const weak = [
      { acr: "aal1", auth_time: now },
      { acr: "aal2", auth_time: now - 1800 },
    ];
    for (const claims of weak) {
      const browser = new TestBrowser(kit);
      const response = await browser.get(kit.party.startAt("/wanted", "relaxed"));
      const location = new URL(response.headers.get("location") ?? "");
      assert.deepEqual(
        ["max_age", "acr_values"].map((name) => location.searchParams.get(name)),
        ["120", "aal2"],
      );
      kit.issuer.mischief = { claims };
      const answer = await browser.finish(kit.issuer.authorize(location.href));
      assert.ok(answer.status === 401 || answer.status === 403, JSON.stringify(claims));
      assert.equal(await browser.who(), "anonymous -");
    }
  });

  it("adds what is stricter", async () => {
    const response = await new TestBrowser(kit).get(kit.party.startAt("/wanted", "quick"));
    const { searchParams } = new URL(response.headers.get("location") ?? "");
    assert.deepEqual([searchParams.get("max_age"), searchParams.get("acr_values")], ["30", "aal2"]);
  });

  it("is refused at the start where nothing can meet both", async () => {
    const impossible = { requirement: { acrValues: ["aal2"] }, demands: { weak: { acrValues: ["aal1"] } } };
    await assert.rejects(openRelyingPartyKit(impossible), TypeError);
  });
});
