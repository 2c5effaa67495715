import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import { hasBrowser, launchBrowser, Visitor, type VisitorOptions } from "../support/browser.ts";
import { DeskSite } from "../support/desk-site.ts";

let browser: Browser;
let desk: DeskSite;

interface Entered {
  readonly visitor: Visitor;
  readonly page: Page;
}

async function enter(options: VisitorOptions = {}): Promise<Entered> {
  const visitor = await Visitor.arrive(browser, desk.url, options);
  const page = await visitor.open(await desk.door());
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL("**/console");
  await page.getByRole("link", { name: "Work orders" }).click();
  await page.getByRole("heading", { level: 1, name: "Work orders" }).waitFor();
  return { visitor, page };
}

/** The row of an order in the queue. */
function linkOf(page: Page, order: string) {
  return page.getByRole("link", { name: `…${order.slice(-12)}` });
}

/** Refusals are answers with a status of their own, of which browsers tell. */
function calm({ complaints }: Visitor): void {
  assert.deepEqual(
    complaints.filter((complaint) => !/\b(409|412|422)\b/.test(complaint)),
    [],
  );
}

describe("the review desk", { skip: !hasBrowser("chromium") }, () => {
  before(async () => {
    [browser, desk] = await Promise.all([launchBrowser(), DeskSite.open()]);
  });
  after(async () => {
    await browser?.close();
    await desk?.[Symbol.asyncDispose]();
  });

  it("takes an agent's order from the queue to applied by clicks, without scripts", async () => {
    await desk.setPhoto("p1", { caption: "a boat on the lake" });
    const headers = { "x-agent-name": "captioner", "x-agent-version": "1.2.0", "x-model-name": "rules" };
    const captions = {
      p1: {
        caption: "a red boat on the lake",
        evidence: [{ title: "A boat", text: "in the middle" }],
        notes: "the boat is red",
      },
    };
    const order = await desk.order({ captions, title: "Captions of Sunday", headers });
    const { visitor, page } = await enter({ javaScriptEnabled: false });
    await page
      .getByRole("region", { name: "Waiting for review" })
      .getByRole("link", { name: "Write captions" })
      .first()
      .click();
    await page
      .getByRole("row", { name: order.slice(-12) })
      .getByText("Captions of Sunday")
      .waitFor();
    await linkOf(page, order).click();
    await page.getByRole("heading", { name: "Captions of Sunday" }).waitFor();
    const change = page.getByRole("article", { name: /change p1/ });
    assert.equal(await change.locator("tr.changed ins").innerText(), "red ");
    assert.equal(await change.getByText("by the lake").first().isVisible(), false, "what stays as it is, is folded up");
    await change.getByText("3 unchanged members").click();
    assert.equal(await change.getByText("by the lake").first().isVisible(), true);
    const made = page.getByRole("region", { name: "What was asked for and handed in" });
    await made.getByText("p1 submitted").click();
    const words = (await made.innerText()).replaceAll(/\s+/g, " ");
    for (const said of [
      "a red boat on the lake",
      "A boat in the middle",
      "the boat is red",
      "captioner 1.2.0, model rules",
      "passes its checks",
    ])
      assert.ok(words.includes(said), `${said} in ${words}`);
    await page.getByRole("form", { name: "Approve" }).getByLabel("Notes").fill("Fine.");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("status").getByText("Approved.").waitFor();
    await desk.until(order, "completed");
    await page.goto(`${desk.url}/console/work/${order}`);
    await page.getByText("What it has changed").waitFor();
    await page.getByRole("region", { name: "Reviews" }).getByText("Fine.").waitFor();
    assert.equal((await desk.photo("p1"))?.caption, "a red boat on the lake");
    await page.getByRole("button", { name: "Propose to take it back" }).click();
    await page.getByRole("status").getByText("Somebody else has to approve it.").waitFor();
    assert.notEqual(page.url().split("?")[0]?.slice(-36), order);
    calm(visitor);
  });

  it("takes one from the queue to applied by keys, which lead to buttons and decide nothing by themselves", async () => {
    await desk.setPhoto("k1");
    await desk.setPhoto("k2");
    const risk = "low";
    const first = await desk.order({ captions: { k1: { caption: "one" } }, risk });
    const second = await desk.order({ captions: { k2: { caption: "two" } }, risk });
    const { visitor, page } = await enter();
    await page.goto(`${desk.url}/console/work?risk=low`);
    const press = (...keys: readonly string[]) =>
      keys.reduce((last, key) => last.then(() => page.keyboard.press(key)), Promise.resolve());
    await press("j", "j", "k", "j");
    assert.equal(await page.evaluate("document.activeElement.textContent"), `…${second.slice(-12)}`);
    await press("x");
    assert.equal(await page.getByRole("checkbox", { name: `Tick ${second.slice(-12)}` }).isChecked(), true);
    await press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await press("Escape", "k", "Enter");
    await page.waitForURL(`**/console/work/${first}`);
    await press("j");
    assert.match(String(await page.evaluate("document.activeElement.textContent")), /k1/);
    await press("r");
    assert.equal(await page.evaluate("document.activeElement.name"), "notes");
    await page.keyboard.type("a");
    assert.equal(await page.evaluate("document.activeElement.value"), "a", "what is typed is typed");
    await page.getByRole("heading", { level: 1 }).click();
    await press("a");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Approve");
    await press("Enter");
    await page.getByRole("status").getByText("Approved.").waitFor();
    await desk.until(first, "completed");
    await press("?");
    await page.getByRole("button", { name: "Switch these keys off" }).click();
    await press("Escape", "u");
    assert.match(page.url(), new RegExp(first));
    visitor.satisfied();
  });

  it("sends items back with notes of their own, which the agent is told, and shows what was said before", async () => {
    for (const id of ["r1", "r2", "r3"]) await desk.setPhoto(id);
    const captions = { r1: { caption: "ok" }, r2: { caption: "too short" }, r3: { caption: "also ok" } };
    const order = await desk.order({ captions, title: "To be reworked" });
    const { visitor, page } = await enter();
    await page.goto(`${desk.url}/console/work/${order}`);
    const form = page.getByRole("form", { name: "Have it done again" });
    await form.getByRole("button", { name: "Send back" }).click();
    await page.getByRole("alert").getByText("Say why").waitFor();
    await form.getByRole("group", { name: "r2" }).getByLabel("Note").fill("Say who is in it.");
    await form.getByRole("group", { name: "r3" }).getByLabel("Do again").check();
    await form.getByLabel("What has to be better").fill("Whole sentences, please.");
    await form.getByRole("button", { name: "Send back" }).click();
    await page.getByRole("status").getByText("Sent back.").waitFor();
    const made = page.getByRole("region", { name: "What was asked for and handed in" });
    const stateOf = async (key: string) =>
      (await made.locator("summary", { hasText: key }).innerText()).replaceAll(/\s+/g, " ");
    assert.match(await stateOf("r1"), /r1 submitted/);
    assert.match(await stateOf("r2"), /r2 queued/);
    assert.match(await stateOf("r3"), /r3 queued/);
    await made.locator("summary", { hasText: "r2" }).click();
    await made.getByText("Say who is in it.").waitFor();
    assert.equal(await made.locator("details", { hasText: "r3" }).getByText("Say who is in it.").count(), 0);
    await desk.work(order, { r2: { caption: "Ada and Ben on the jetty." }, r3: { caption: "A cake." } });
    await page.reload();
    await page.getByRole("region", { name: "Reviews" }).getByText("Whole sentences, please.").waitFor();
    await page
      .getByRole("region", { name: /What it would change/ })
      .getByText("Ada and Ben on the jetty.")
      .waitFor();
    calm(visitor);
  });

  it("refuses the plan that was looked at once the world has moved on, and shows the new one", async () => {
    await desk.setPhoto("s1", { caption: "before" });
    const order = await desk.order({ captions: { s1: { caption: "after" } } });
    const { visitor, page } = await enter();
    await page.goto(`${desk.url}/console/work/${order}`);
    const old = await page.locator(".digest").innerText();
    await desk.setPhoto("s1", { place: "in the hall" });
    await page.reload();
    await page.getByRole("alert").getByText("The world has moved on.").waitFor();
    await page.getByRole("alert").getByText("photo s1").waitFor();
    await desk.approveElsewhere(order);
    await desk.until(order, "awaiting_review");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("alert").getByText("The plan is another one than you have looked at.").waitFor();
    const fresh = await page.locator(".digest").innerText();
    assert.notEqual(fresh, old);
    assert.equal((await desk.photo("s1"))?.caption, "before");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("status").getByText("Approved.").waitFor();
    await desk.until(order, "completed");
    calm(visitor);
  });

  it("tells who approves in a second tab that it was done meanwhile", async () => {
    await desk.setPhoto("t1");
    const order = await desk.order({ captions: { t1: { caption: "twice" } } });
    const { visitor, page } = await enter();
    const second = await visitor.open(`/console/work/${order}`);
    await page.goto(`${desk.url}/console/work/${order}`);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("status").getByText("Approved.").waitFor();
    await desk.until(order, "completed");
    await second.getByRole("button", { name: "Approve" }).click();
    await second.getByRole("alert").getByText("not in a state in which this can be done").waitFor();
    await second.getByText("What it has changed").waitFor();
    calm(visitor);
  });

  it("masks what is sensitive until somebody says why they look, which the audit trail tells", async () => {
    await desk.setPhoto("m1", { guest: "Grace Hopper" });
    const order = await desk.order({ captions: { m1: { caption: "somebody at a desk" } }, subject: "grace" });
    const { visitor, page } = await enter();
    await page.goto(`${desk.url}/console/work/${order}`);
    const source = await page.content();
    assert.ok(!source.includes("Grace Hopper"), "masked values are not in the page");
    const made = page.getByRole("region", { name: "What was asked for and handed in" });
    assert.ok(!(await made.innerText()).includes("somebody at a desk"), "what is a subject's is masked as a whole");
    const change = page.getByRole("article", { name: /m1/ });
    await change.getByText("Show what is masked").click();
    await change.getByLabel("Why you have to see it").fill("to tell two guests apart");
    await change.getByRole("button", { name: "Show it" }).click();
    await page.getByRole("status").getByText("The audit trail tells that you have looked.").waitFor();
    await change.getByText("unchanged members").click();
    await change.getByText("Grace Hopper").first().waitFor();
    await made.getByText("Show all of this").click();
    await made.getByLabel("Why you have to see it").fill("to compare with the photo");
    await made.getByRole("button", { name: "Show it" }).click();
    await made.locator("summary", { hasText: "m1" }).click();
    await made.getByText("somebody at a desk").waitFor();
    const told = desk.site.events.filter(({ name, target }) => name === "work_value_revealed" && target === order);
    assert.deepEqual(
      told.map(({ context, actor }) => [context["reason"], context["members"], actor.id]),
      [
        ["to tell two guests apart", "/guest", "administrator"],
        ["to compare with the photo", "payloads", "administrator"],
      ],
    );
    await page.goto(`${desk.url}/console/work/${order}`);
    assert.ok(!(await page.content()).includes("Grace Hopper"), "the next page is masked again");
    visitor.satisfied();
  });

  it("approves several orders in one go, those alone that were ticked below their plans, as they stood there", async () => {
    for (const id of ["b1", "b2", "b3", "b4"]) await desk.setPhoto(id, { caption: "none yet" });
    const orders: string[] = [];
    for (const id of ["b1", "b2", "b3", "b4"])
      orders.push(await desk.order({ captions: { [id]: { caption: `caption of ${id}` } }, title: `Batch ${id}` }));
    const [first = "", second = "", third = "", fourth = ""] = orders;
    const { visitor, page } = await enter();
    for (const order of orders) await page.getByRole("checkbox", { name: `Tick ${order.slice(-12)}` }).check();
    await page.getByRole("button", { name: "Look at the ticked ones together" }).click();
    await page.getByRole("heading", { level: 1, name: "Review together" }).waitFor();
    assert.equal(
      await page.getByRole("checkbox", { checked: true }).count(),
      0,
      "nothing is ticked before it was seen",
    );
    for (const id of ["b1", "b2", "b4"])
      await page
        .getByRole("region", { name: `Batch ${id}` })
        .getByRole("checkbox")
        .check();
    // While they are looked at, one is approved elsewhere and goes stale: its plan is another one by now.
    await desk.setPhoto("b2", { place: "elsewhere" });
    await desk.approveElsewhere(second);
    await desk.until(second, "awaiting_review");
    await page.getByRole("button", { name: "Approve the ticked plans" }).click();
    const outcome = page.getByRole("status");
    await outcome.getByText("2 of 3 approved.").waitFor();
    await outcome.getByText("The plan is another one than you have looked at.").waitFor();
    await desk.until(first, "completed");
    await desk.until(fourth, "completed");
    assert.equal((await desk.photo("b2"))?.caption, "none yet");
    assert.equal((await desk.photo("b3"))?.caption, "none yet", third);
    visitor.satisfied();
  });

  it("counts approvals of two people where two have to approve, and nobody's twice", async () => {
    await desk.setPhoto("h1");
    const order = await desk.order({ captions: { h1: { caption: "high" } }, risk: "high" });
    const { visitor, page } = await enter();
    await page.goto(`${desk.url}/console/work/${order}`);
    await page.getByText("0 of 2").waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("1 of 2").waitFor();
    await page.getByText("You have approved it. Somebody else has to as well.").waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("alert").getByText("You have approved it already.").waitFor();
    await desk.approveElsewhere(order);
    await desk.until(order, "completed");
    assert.deepEqual(
      visitor.complaints.filter((complaint) => !complaint.includes("403")),
      [],
    );
  });

  it("stops an agent with a reason, lets it go on, rejects, requeues and cancels", async () => {
    const { visitor, page } = await enter({ javaScriptEnabled: false });
    await page.getByRole("link", { name: /^Stopped/ }).click();
    const stop = page.getByRole("form", { name: "Stop" });
    await stop.getByLabel("Which").fill("captions.write");
    await stop.getByLabel("What").selectOption("type");
    await stop.getByLabel("Reason").fill("writes nonsense");
    await stop.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("region", { name: "Stopped" }).getByText("writes nonsense").waitFor();
    await page.getByRole("link", { name: "Back to the queue" }).click();
    await page.getByText("Some work is stopped.").waitFor();
    await page.getByRole("link", { name: "See what, and why" }).click();
    await page.getByRole("button", { name: /^Let it go on/ }).click();
    await page.getByText("Nothing is stopped.").waitFor();
    await desk.setPhoto("x1");
    const order = await desk.order({ captions: { x1: { caption: "rejected" } } });
    await page.goto(`${desk.url}/console/work/${order}`);
    await page.getByLabel("Why", { exact: true }).fill("Wrong photo.");
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByRole("status").getByText("Rejected.").waitFor();
    await page.goto(`${desk.url}/console/work?view=ended`);
    await linkOf(page, order).waitFor();
    await page.getByLabel("Show").selectOption("rejected");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByText("rejected. Those of highest priority first").waitFor();
    await linkOf(page, order).click();
    await page.getByRole("button", { name: "Requeue" }).click();
    await page.getByRole("status").getByText("Put to work again.").waitFor();
    await page.getByRole("form", { name: "Cancel" }).getByLabel("Reason").fill("not wanted");
    await page.getByRole("button", { name: "Cancel the order" }).click();
    await page.getByRole("status").getByText("Cancelled.").waitFor();
    calm(visitor);
  });

  it("can be read and used by everybody, at a desk and on a phone, in light and dark", async () => {
    await desk.setPhoto("a1", {
      title: "A-title-without-any-space-that-goes-on-and-on-and-on-for-longer-than-a-phone-is-wide",
    });
    await desk.setPhoto("a2", { caption: `${"The same words again and again. ".repeat(60)}End.` });
    const captions = {
      a1: {
        caption: `A boat ${"w".repeat(3000)}`,
        notes: "see evidence",
        evidence: [{ title: "Seen", text: "a1", url: "https://photos.example/a1" }],
      },
      a2: { caption: `${"The same words again and again. ".repeat(60)}The end.` },
    };
    const order = await desk.order({ captions, title: "Looked at by everybody" });
    const { page } = await enter();
    await inspect(page, "queue");
    const shots = process.env["GATEHOUSE_SCREENSHOTS"];
    const shoot = async (name: string) => {
      if (shots === undefined) return;
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.emulateMedia({ colorScheme: "light" });
      await page.screenshot({ path: `${shots}/${name}-desk.png`, fullPage: true });
      await page.setViewportSize({ width: 390, height: 844 });
      await page.emulateMedia({ colorScheme: "dark" });
      await page.screenshot({ path: `${shots}/${name}-phone.png`, fullPage: true });
      await page.setViewportSize({ width: 1280, height: 900 });
    };
    await shoot("work-queue");
    await page.goto(`${desk.url}/console/work/${order}`);
    for (const folded of await page.locator("details").all())
      await folded.evaluate((element) => element.setAttribute("open", ""));
    await inspect(page, "order");
    await shoot("work-order");
    await page.keyboard.press("?");
    await inspect(page, "keys");
    await page.goto(`${desk.url}/console/work/batch?order=${order}`);
    await inspect(page, "batch");
    await shoot("work-batch");
    await page.goto(`${desk.url}/console/work/stops`);
    await inspect(page, "stops");
  });
});
