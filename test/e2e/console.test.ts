import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, ready, settled, startSite, Visitor } from "../support/browser.ts";
import { Client } from "../support/client.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

async function command(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(words, { data: server.data });
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

/** An operator in the console, and the page that shows it. */
async function enter(): Promise<{ visitor: Visitor; page: Page }> {
  const visitor = await Visitor.arrive(browser, server.url);
  const page = await visitor.open(new URL(await command("link", "console")).pathname);
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL("**/console");
  return { visitor, page };
}

async function go(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await ready(page);
}

/** The texts of a table's rows, without the headings. */
async function rows(page: Page): Promise<string[]> {
  const texts = await page.locator("tbody tr").allTextContents();
  return texts.map((text) => text.replaceAll(/\s+/g, " ").trim());
}

describe("the console's door", () => {
  it("stays shut without a link, and names none", async () => {
    const visitor = await Visitor.arrive(browser, server.url);
    for (const path of [
      "/console",
      "/console/events",
      "/console/bans",
      "/console/monitors",
      "/console/playbooks",
      "/console/guards",
    ]) {
      const page = await visitor.tab();
      const answer = await page.goto(server.url + path);
      assert.equal(answer?.status(), 401);
      assert.match((await page.textContent("main")) ?? "", /one-time link/);
      await page.close();
    }
  });

  it("opens once for a link, by the click and not by looking at it", async () => {
    const path = new URL(await command("link", "console")).pathname;
    const visitor = await Visitor.arrive(browser, server.url);
    const looked = await visitor.open(path);
    const page = await visitor.open(path);
    await page.getByRole("button", { name: "Enter" }).click();
    await page.waitForURL("**/console");
    const stranger = await Visitor.arrive(browser, server.url);
    const late = await stranger.open(path);
    await late.getByRole("button", { name: "Enter" }).click();
    await late.getByText("This link was used already or has expired.").waitFor();
    assert.equal((await stranger.open("/console")).url(), `${server.url}/console`);
    assert.equal(await looked.title(), "Enter · Gatehouse console");
    visitor.satisfied();
  });

  it("is closed behind who signs out; their cookie is worth nothing then", async () => {
    const { visitor, page } = await enter();
    const before = await visitor.context.cookies();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await visitor.context.addCookies(before);
    const answer = await page.goto(`${server.url}/console`);
    assert.equal(answer?.status(), 401);
    visitor.satisfied();
  });

  it("is shut for guests", async () => {
    const visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open(new URL(await command("link", "guest")).pathname);
    await page.getByRole("button", { name: "Come in" }).click();
    await page.waitForURL("**/events/anna-and-ben");
    const answer = await page.goto(`${server.url}/console/events`);
    assert.equal(answer?.status(), 403);
    assert.doesNotMatch((await page.textContent("body")) ?? "", /guest\.join|one_time_link_issued/);
  });
});

describe("the console", () => {
  it("shows at a glance how stores and guards are doing", async () => {
    const { visitor, page } = await enter();
    const state = page.getByRole("region", { name: "State" });
    assert.match((await state.textContent()) ?? "", /Store\s+sqlite\s+up[\s\S]*Answers in\s+\d+\.\d ms/);
    assert.match((await state.textContent()) ?? "", /Guards not enforcing\s+0/);
    const latest = page.getByRole("region", { name: "Latest events" });
    assert.match((await latest.textContent()) ?? "", /operator_signed_in/);
    visitor.satisfied();
  });

  it("finds events by name, outcome, address, time and request", async () => {
    using client = new Client({ url: server.url, headers: { "x-forwarded-for": "198.51.100.20" } });
    await client.open("/events/anna-and-ben");
    await client.act("guestbook", "sign", { author: "Ada", message: "To be found." });
    const refused = await client.act("guestbook", "sign", { author: "Ada", message: "x" }, { token: "wrong" });
    assert.equal(refused.status, 403);
    const { visitor, page } = await enter();
    await go(page, "Events");

    const filter = async (fields: Readonly<Record<string, string>>): Promise<string[]> => {
      await page.getByRole("link", { name: "Clear" }).click();
      for (const [label, value] of Object.entries(fields)) {
        if (label === "Outcome") await page.getByRole("combobox", { name: label }).selectOption(value);
        else await page.getByLabel(label, { exact: true }).fill(value);
      }
      await page.getByRole("button", { name: "Filter" }).click();
      await page.waitForLoadState();
      return rows(page);
    };

    const denied = await filter({ Outcome: "denied", Address: "198.51.100.20" });
    assert.equal(denied.length, 1);
    assert.match(denied[0] ?? "", /CSRF_TOKEN_INVALID malicious_csrf guestbook\.sign/);
    const signed = await filter({ Action: "guestbook.sign", Outcome: "success" });
    assert.match(signed[0] ?? "", /live, 198\.51\.100\.20/);
    assert.doesNotMatch(signed.join(), /To be found/);
    const minute = (offset: number): string => new Date(Date.now() + offset * 60_000).toISOString().slice(0, 16);
    assert.ok((await filter({ "From (UTC)": minute(-60) })).length > 3);
    assert.deepEqual(await filter({ "From (UTC)": minute(60) }), []);
    await page.getByText("No event matches this filter.").waitFor();
    assert.deepEqual(await filter({ "Until (UTC)": minute(-60) }), []);
    assert.ok((await filter({ "From (UTC)": minute(-60), "Until (UTC)": minute(60) })).length > 3);

    await filter({ Address: "198.51.100.20", Outcome: "denied" });
    await page.getByRole("link", { name: /^…/ }).click();
    await page.waitForURL("**requestId=**");
    assert.equal((await rows(page)).length, 1);
    assert.equal(await page.getByLabel("Request", { exact: true }).inputValue(), refused.headers["x-request-id"]);
    visitor.satisfied();
  });

  it("goes through long lists page by page", async () => {
    using client = new Client({ url: server.url, headers: { "x-forwarded-for": "198.51.100.30" } });
    await client.open("/events/anna-and-ben");
    for (let count = 0; count < 60; count += 1) assert.equal((await client.act("guestbook", "more")).status, 200);
    const { page } = await enter();
    await page.goto(`${server.url}/console/events?ip=198.51.100.30`);
    const newest = await rows(page);
    assert.equal(newest.length, 50);
    await page.getByRole("link", { name: "Older" }).click();
    await page.waitForURL("**before=**");
    const older = await rows(page);
    assert.equal(older.length, 10);
    assert.equal(await page.getByRole("link", { name: "Older" }).count(), 0);
    await page.getByRole("link", { name: "Newest" }).click();
    await page.waitForURL((url) => !url.search.includes("before"));
    assert.deepEqual(await rows(page), newest);
  });

  it("lifts a ban, and the banned may go on", async () => {
    await command("bans", "add", "ip", "198.51.100.40", "--reason", "scraping", "--minutes", "30");
    await command("bans", "add", "ip", "198.51.100.41", "--reason", "stays");
    using banned = new Client({ url: server.url, headers: { "x-forwarded-for": "198.51.100.40" } });
    await banned.open("/events/anna-and-ben");
    const greeting = { author: "Ban Ned", message: "Am I allowed?" };
    assert.equal((await banned.act("guestbook", "sign", greeting)).json.code, "SOURCE_BANNED");
    const { visitor, page } = await enter();
    await go(page, "Bans");
    assert.match((await rows(page)).join("\n"), /ip 198\.51\.100\.40 all scraping/);
    await page.getByRole("button", { name: "Lift the ban of 198.51.100.40" }).click();
    await page.getByText("The ban of 198.51.100.40 is lifted.").waitFor();
    await settled(page);
    const left = await rows(page);
    assert.equal(left.length, 1);
    assert.match(left[0] ?? "", /198\.51\.100\.41/);
    assert.doesNotMatch(await command("bans", "list"), /198\.51\.100\.40/);
    assert.equal((await banned.act("guestbook", "sign", greeting)).status, 200);
    const lifted = await page.goto(`${server.url}/console/events?name=source_ban_lifted`);
    assert.equal(lifted?.status(), 200);
    assert.match((await rows(page))[0] ?? "", /console-bans\.lift.*user administrator/);
    visitor.satisfied();
  });

  it("bans a source by a form that needs no scripts, and keeps what was typed when it is wrong", async () => {
    const visitor = await Visitor.arrive(browser, server.url, { javaScriptEnabled: false });
    const page = await visitor.open(new URL(await command("link", "console")).pathname);
    await page.getByRole("button", { name: "Enter" }).click();
    await page.goto(`${server.url}/console/bans`);
    const refused = async (value: string, minutes: string, said: string): Promise<void> => {
      await page.getByLabel("Address or identifier").fill(value);
      await page.getByLabel("Reason").fill('spam & "more"');
      await page.getByLabel("Minutes").fill(minutes);
      const sent = page.waitForResponse((response) => response.request().method() === "POST");
      await page.getByRole("button", { name: "Ban", exact: true }).click();
      assert.equal((await sent).status(), 422);
      await page.getByText(said).waitFor();
      assert.equal(await page.locator('[aria-invalid="true"]').count(), 1);
      const tops = ["Address or identifier", "Reason"].map(
        async (name) => (await page.getByLabel(name).boundingBox())?.y,
      );
      assert.equal(new Set(await Promise.all(tops)).size, 1, "an error leaves the fields beside it in their row");
      assert.equal(await page.getByLabel("Reason").inputValue(), 'spam & "more"');
      assert.equal(await page.getByLabel("Address or identifier").inputValue(), value);
      assert.equal(await page.getByLabel("Minutes").inputValue(), minutes);
    };
    await refused("198.51.100.999", "60", "an address must be a whole one");
    await refused("198.51.100.77", "soon", "Enter a whole number of minutes");
    await page.getByLabel("Address or identifier").fill("198.51.100.77");
    await page.getByLabel("Minutes").fill("90");
    await page.getByRole("button", { name: "Ban", exact: true }).click();
    await page.getByText('spam & "more"').waitFor();
    assert.match((await rows(page)).join("\n"), /ip 198\.51\.100\.77 all spam & "more"/);
    const listed = await command("audit", "list", "--name", "source_ban_added", "--limit", "1");
    assert.match(listed, /bans\.add +user:administrator .* ip:198\.51\.100\.77 minutes=90/);
    visitor.satisfied();
  });

  it("offers the names of events to filter by", async () => {
    const { page } = await enter();
    await page.goto(`${server.url}/console/events`);
    const list = await page.getByLabel("Event", { exact: true }).getAttribute("list");
    const names = await page
      .locator(`#${list} option`)
      .evaluateAll((options) => options.map((option) => option.getAttribute("value")));
    for (const name of ["authz_fail", "request_refused", "operator_signed_in"]) assert.ok(names.includes(name), name);
  });

  it("marks times of the filter that are none, or in the wrong order, and keeps them", async () => {
    const { page } = await enter();
    const none = await page.goto(`${server.url}/console/events?from=yesterday&action=guestbook.sign`);
    assert.equal(none?.status(), 422);
    const from = page.getByLabel("From (UTC)");
    assert.equal(await from.inputValue(), "yesterday");
    assert.equal(await from.getAttribute("aria-invalid"), "true");
    assert.equal(await page.getByLabel("Action", { exact: true }).inputValue(), "guestbook.sign");
    await page.getByText("Enter a date and a time such as").waitFor();
    const order = await page.goto(`${server.url}/console/events?from=2026-03-02T10:00&until=2026-03-01T10:00`);
    assert.equal(order?.status(), 422);
    await page.getByText("This is after the end of the time asked for").waitFor();
  });

  it("shows what it refuses in its own frame, with the way back", async () => {
    const { page } = await enter();
    for (const [path, status, said] of [
      ["/console/nowhere", 404, "There is no such page in the console."],
      ["/console/events?outcome=maybe", 422, "This was not done."],
    ] as const) {
      assert.equal((await page.goto(server.url + path))?.status(), status);
      await page.getByText(said).waitFor();
      await page.getByRole("navigation", { name: "Console" }).waitFor();
      await page.getByRole("link", { name: "Back to the overview" }).click();
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    }
  });

  it("shows which guards stand before which action", async () => {
    const { visitor, page } = await enter();
    await go(page, "Guards");
    const passage = page.locator("details").filter({ hasText: "guestbook.sign over live" });
    await passage.locator("summary").click();
    const guards = await passage.locator("tbody tr td:nth-child(2)").allTextContents();
    assert.deepEqual(guards, [
      "admit",
      "signature",
      "origin",
      "csrf",
      "authenticate",
      "admit-principal",
      "limit",
      "validate",
      "authorise",
      "idempotency",
      "audit",
    ]);
    const modes = new Set(await page.locator("details tbody tr td:nth-child(3)").allTextContents());
    assert.deepEqual([...modes], ["enforce"]);
    visitor.satisfied();
  });
});
