import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { AccountSite } from "../../testing/account-site.ts";
import { defineOrderType } from "../../work/order-type.ts";
import { defineApplication } from "../application.ts";

const MINUTE = 60_000;
const type = defineOrderType({
  ...{ type: "nothing.change", version: 1, title: "Change nothing", description: "Changes nothing.", risk: "high" },
  input: z.strictObject({}),
  item: z.strictObject({}),
  result: z.strictObject({}),
  items: () => [],
  preview: async () => undefined,
});
const APPLICATION = defineApplication({ open: () => ({ work: { types: [type] } }) });
const NOTICE = /needs a sign-in of the last ten minutes/;

/*
 * Somebody finds the browser of an operator who has signed in hours ago, and lets the console begin a new session: the
 * issuer still knows the browser and asks for nothing. The session is new and the proof is old, so that what needs a fresh
 * one is refused.
 */
describe("a session that began with an old sign-in", () => {
  it("approves nothing that needs a fresh one, and does once its person has proven who they are", async () => {
    await using site = await AccountSite.open(APPLICATION, { works: true });
    const rita = await site.join("Rita", ["operator"]);
    const secret = await site.addTotp(rita);
    const order = await planned(site);
    const browser = site.browser();
    const start = `/console/auth/start?return=/console/work/${order}`;
    const fresh = await site.signIn(browser, rita, { path: start, secret });
    assert.deepEqual([fresh.status, NOTICE.test(fresh.text)], [200, false], fresh.title);

    site.pass(30 * MINUTE);
    const old = await browser.open(`/console/work/${order}`);
    assert.match(old.text, NOTICE);
    const anew = await browser.open(start);
    assert.equal(anew.url.pathname, `/console/work/${order}`, "nobody was asked anything");
    assert.match(anew.text, NOTICE);
    const refused = await browser.submit(anew, "/approve");
    assert.match(refused.text, /fresh|anew/i);
    const counted = await site.gatehouse.operate("work.preview", { order });
    assert.ok(counted.ok);
    assert.match(JSON.stringify(counted.value), /"standing":0/);

    const other = site.browser();
    const proven = await site.signIn(other, rita, { path: start, secret });
    await other.submit(proven, "/approve");
    const approved = await site.gatehouse.operate("work.preview", { order });
    assert.ok(approved.ok);
    assert.match(JSON.stringify(approved.value), /"standing":1/);
  });
});

/** An order with a plan that waits for two reviewers. */
async function planned({ gatehouse }: AccountSite): Promise<string> {
  const proposed = await gatehouse.operate("work.propose", { type: type.type, input: {} });
  assert.ok(proposed.ok, JSON.stringify(proposed));
  const { order } = z.object({ order: z.string() }).parse(proposed.value);
  for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
    const { ok } = await gatehouse.operate("work.preview", { order });
    if (ok) return order;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return assert.fail("The order never had a plan.");
}
