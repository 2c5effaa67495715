import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { ready, settled, startSite, Visitor } from "../support/browser.ts";
import { describeBrowsers, siteOf, type Engine } from "../support/browsers.ts";
import { Client } from "../support/client.ts";
import { issueLink, runCommand, type ServerProcess } from "../support/server-process.ts";

let server: ServerProcess;

const like = (page: Page) => page.getByRole("button", { name: /^Like/ });
const signature = (page: Page) => page.getByRole("button", { name: "Sign the guestbook" });

async function write(page: Page, author: string, message: string): Promise<void> {
  await page.getByLabel("Your name").fill(author);
  await page.getByLabel("Your message").fill(message);
}

async function sign(page: Page, author: string, message: string): Promise<void> {
  await write(page, author, message);
  await signature(page).click();
  await page.getByRole("listitem").filter({ hasText: message }).waitFor();
  await settled(page);
}

/** Entries with a text. */
function entries(page: Page, message: string): Promise<number> {
  return page.getByRole("listitem").filter({ hasText: message }).count();
}

async function arrive({ browser }: Engine): Promise<{ visitor: Visitor; page: Page }> {
  const visitor = await Visitor.arrive(browser, server.url);
  const page = await visitor.open();
  await ready(page);
  return { visitor, page };
}

/** Lets a visitor in as a guest, whose attempts are counted alone. */
async function letIn(visitor: Visitor): Promise<Page> {
  const page = await visitor.open(await issueLink(server, "guest"));
  await page.getByRole("button", { name: "Come in" }).click();
  await page.waitForURL("**/events/anna-and-ben");
  await ready(page);
  return page;
}

describeBrowsers("the gallery", (engine) => {
  before(async () => {
    server = await siteOf(engine);
  });
  it("takes an entry for the guestbook and shows it after a reload", async () => {
    const { visitor, page } = await arrive(engine);
    await sign(page, "Grandma Edith", "The cake was the best I ever had.");
    assert.equal(await page.getByLabel("Your message").inputValue(), "");
    assert.equal(await page.getByLabel("Your name").inputValue(), "");
    await page.getByText("Your entry is in the guestbook").waitFor();
    await page.reload();
    const entry = page.getByRole("listitem").filter({ hasText: "The cake was the best I ever had." });
    assert.equal(await entry.count(), 1);
    assert.match((await entry.textContent()) ?? "", /Grandma Edith/);
    visitor.satisfied();
  });

  it("takes a double click for one entry", async () => {
    const { visitor, page } = await arrive(engine);
    await write(page, "Quick Fingers", "Clicked twice.");
    await signature(page).dblclick();
    await page.getByRole("listitem").filter({ hasText: "Clicked twice." }).waitFor();
    await settled(page);
    await page.reload();
    assert.equal(await entries(page, "Clicked twice."), 1);
    assert.equal(visitor.actions.length, 1);
    visitor.satisfied();
  });

  // Each tab was given its own security tokens. Where a newer token ends the older ones, the second tab of
  // every visitor is broken.
  it("works in two tabs at the same time, each with the tokens it was given", async () => {
    const visitor = await Visitor.arrive(engine.browser, server.url);
    await visitor.context.addInitScript("delete window.BroadcastChannel");
    const [first, second] = [await visitor.open(), await visitor.open()];
    await Promise.all([ready(first), ready(second)]);
    await sign(first, "Tab one", "From the first tab.");
    await like(second).click();
    await second.getByText("You like this.").waitFor();
    await sign(second, "Tab two", "From the second tab.");
    // It may have heard of the like in the other tab, and take it back now.
    const answered = first.waitForResponse((response) => response.url().endsWith("/action"));
    await like(first).click();
    await answered;
    await settled(first);
    await sign(first, "Tab one", "The first tab again.");
    const statuses = await Promise.all(visitor.actions.map(async (request) => (await request.response())?.status()));
    assert.deepEqual(statuses, [200, 200, 200, 200, 200]);
    const tokens = await Promise.all(visitor.actions.map((request) => request.headerValue("x-csrf-token")));
    assert.equal(new Set(tokens).size, 5);
    await second.reload();
    for (const text of ["From the first tab.", "From the second tab.", "The first tab again."]) {
      assert.equal(await entries(second, text), 1, text);
    }
    visitor.satisfied();
  });

  it("takes a like once from everybody, and back", async () => {
    const { visitor, page } = await arrive(engine);
    const before = Number(/\d+/.exec((await like(page).textContent()) ?? "")?.[0]);
    await like(page).click();
    await page.getByText("You like this.").waitFor();
    assert.equal(await like(page).getAttribute("aria-pressed"), "true");
    const other = await arrive(engine);
    assert.equal(await like(other.page).getAttribute("aria-pressed"), "false");
    assert.match((await like(other.page).textContent()) ?? "", new RegExp(`Like this event, ${before + 1}\\s`));
    await page.reload();
    await ready(page);
    assert.equal(await like(page).getAttribute("aria-pressed"), "true");
    await like(page).click();
    await page.getByText("Give the hosts a heart.").waitFor();
    assert.equal(await like(page).getAttribute("aria-pressed"), "false");
    assert.match((await like(page).textContent()) ?? "", new RegExp(`Like this event, ${before}\\s`));
    visitor.satisfied();
    other.visitor.satisfied();
  });

  it("says next to the field what is wrong with it, and keeps what was typed", async () => {
    const { visitor, page } = await arrive(engine);
    await write(page, "   ", "A message without a name.");
    await signature(page).click();
    const name = page.getByLabel("Your name");
    await page.getByText("Please tell us your name.").first().waitFor();
    assert.equal(await name.getAttribute("aria-invalid"), "true");
    const description =
      "document.getElementById(document.activeElement.getAttribute('aria-describedby'))?.textContent ?? ''";
    assert.equal(await page.evaluate("document.activeElement.name"), "author");
    assert.equal(await page.evaluate(description), "Please tell us your name.");
    assert.equal(await page.getByLabel("Your message").inputValue(), "A message without a name.");
    await name.fill("Somebody");
    await signature(page).click();
    await page.getByRole("listitem").filter({ hasText: "A message without a name." }).waitFor();
    assert.equal(await name.getAttribute("aria-invalid"), null);
    visitor.satisfied();
  });

  it("shows text as text, whatever it is", async () => {
    const { visitor, page } = await arrive(engine);
    const message = `<img src=x onerror=alert(1)> </textarea><script>alert(2)</script> "quoted" & 'so' \u202Eon ☂`;
    await sign(page, `<b onmouseover="alert(3)">Mallory</b>`, message);
    await page.reload();
    assert.equal(await entries(page, message), 1);
    visitor.satisfied();
  });

  it("says how long to wait when somebody writes too fast", async () => {
    const { visitor } = await arrive(engine);
    const page = await letIn(visitor);
    for (let count = 1; count <= 10; count += 1) await sign(page, "Chatterbox", `Entry ${count} of mine.`);
    await write(page, "Chatterbox", "One too many.");
    await signature(page).click();
    const alert = page.getByRole("alert");
    await alert.filter({ hasText: /Too many requests\. Please wait \d+ seconds\./ }).waitFor();
    assert.equal(await page.getByLabel("Your message").inputValue(), "One too many.");
    await page.reload();
    assert.equal(await entries(page, "One too many."), 0);
    visitor.satisfied();
  });

  it("is worked by keyboard alone", async () => {
    const { visitor, page } = await arrive(engine);
    const press = (key: string): Promise<void> => page.keyboard.press(key);
    const focused = (): Promise<string> =>
      page.evaluate(
        "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent).replace(/\\s+/g, ' ').trim()",
      );
    await press("Tab");
    assert.equal(await focused(), "Skip to the content");
    assert.ok(await page.getByText("Skip to the content").isVisible());
    await press("Enter");
    await press("Tab");
    assert.match(await focused(), /^Like/);
    await press("Space");
    await page.getByText("You like this.").waitFor();
    assert.match(await focused(), /^Like/);
    await press("Enter");
    await page.getByText("Give the hosts a heart.").waitFor();
    await press("Tab");
    assert.equal(await focused(), "Your name");
    await page.keyboard.type("Keyboard Kay");
    await press("Tab");
    assert.equal(await focused(), "Your message");
    await page.keyboard.type("Not a mouse in sight.");
    await press("Tab");
    assert.equal(await focused(), "Sign the guestbook");
    await press("Enter");
    await page.getByRole("listitem").filter({ hasText: "Not a mouse in sight." }).waitFor();
    await settled(page);
    assert.equal(await focused(), "Sign the guestbook");
    visitor.satisfied();
  });
});

// A venue has one address for everybody. The limit of one visitor must not silence the others, and what they send all
// the same must not get the venue banned.
describe("many strangers behind one address", () => {
  it("can all sign the guestbook and press the heart, again and again", async () => {
    await using site = await startSite();
    const guests: Client[] = [];
    for (let count = 1; count <= 15; count += 1) {
      const guest = new Client({ url: site.url, headers: { "x-forwarded-for": "198.51.100.8" } });
      guests.push(guest);
      await guest.open("/events/anna-and-ben");
      const answer = await guest.act("guestbook", "sign", { author: `Guest ${count}`, message: "Congratulations!" });
      assert.equal(answer.status, 200, `guest ${count}: ${answer.text}`);
    }
    for (let count = 1; count <= 68; count += 1) {
      const answer = await guests[0]?.act("like", "set", { liked: count % 2 === 1 });
      assert.equal(answer?.status, 200, `click ${count}: ${answer?.text}`);
    }
    for (const guest of guests) guest[Symbol.dispose]();
    const { stdout } = await runCommand(["bans", "list", "--json"], { data: site.data });
    assert.deepEqual(JSON.parse(stdout), { bans: [] });
  });
});

describeBrowsers("a visitor who is banned", (engine) => {
  before(async () => {
    server = await siteOf(engine);
  });
  it("is told for how long, and what to do about it", async () => {
    await using site = await startSite();
    await runCommand(["bans", "add", "ip", "198.51.100.9", "--reason", "testing"], { data: site.data });
    await using visitor = await Visitor.arrive(engine.browser, site.url, { address: "198.51.100.9" });
    const page = await visitor.open();
    await ready(page);
    await like(page).click();
    const alert = page.getByRole("alert").filter({ hasText: /blocked for another 60 minutes, until .* UTC/ });
    await alert.filter({ hasText: /tell the people who run this site the request number [\w-]{10,}/ }).waitFor();
  });
});

describeBrowsers("a guest's one-time link", (engine) => {
  before(async () => {
    server = await siteOf(engine);
  });
  it("is used up by the click, not by looking at it, and by one click only", async () => {
    const link = await issueLink(server, "guest");
    const { visitor } = await arrive(engine);
    const page = await visitor.open(link);
    await page.reload();
    await visitor.open(link);
    const other = await arrive(engine);
    const late = await other.visitor.open(link);
    await page.getByRole("button", { name: "Come in" }).click();
    await page.waitForURL("**/events/anna-and-ben");
    assert.equal(await page.getByText("You are here as a guest").count(), 1);
    const refused = late.waitForResponse((response) => response.request().method() === "POST");
    await late.getByRole("button", { name: "Come in" }).click();
    assert.equal((await refused).status(), 404);
    await late.getByText("This link was used already or has expired.").waitFor();
    visitor.satisfied();
    other.visitor.satisfied();
  });
});

describeBrowsers("a visitor of the gallery", (engine) => {
  before(async () => {
    server = await siteOf(engine);
  });
  let elsewhere: Server;
  before(async () => {
    elsewhere = createServer((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><link rel="icon" href="data:,"><a href="${server.url}/">To the gallery</a>`);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  });
  after(() => elsewhere.close());

  // The session's cookie does not accompany links on other sites. A server that then begins a session signs
  // out everybody who follows a link in a mail or a chat.
  it("is still the same after following a link on another site", async () => {
    const { visitor, page } = await arrive(engine);
    await like(page).click();
    await page.getByText("You like this.").waitFor();
    // An address with a number is another site than a name.
    await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
    await page.getByRole("link").click();
    await page.waitForURL("**/events/anna-and-ben");
    await ready(page);
    assert.equal(await like(page).getAttribute("aria-pressed"), "true");
    visitor.satisfied();
  });
});

describeBrowsers("the gallery across restarts of its server", (engine) => {
  before(async () => {
    server = await siteOf(engine);
  });
  it("keeps entries and sessions, and pages that stayed open go on working", async () => {
    const data = await mkdtemp(join(tmpdir(), "gatehouse-restart-"));
    try {
      let running = await startSite({ data });
      const { port } = running;
      const visitor = await Visitor.arrive(engine.browser, running.url);
      const page = await visitor.open();
      await ready(page);
      await sign(page, "Before", "Written before the restart.");
      await like(page).click();
      await page.getByText("You like this.").waitFor();
      assert.deepEqual(await running.stop(), { code: 0, signal: null });

      running = await startSite({ data, port });
      await sign(page, "Between", "Written on the page of before.");
      await running.kill();
      await write(page, "Waiting", "Written while the server was away.");
      await signature(page).click();

      running = await startSite({ data, port });
      await page.getByRole("listitem").filter({ hasText: "Written while the server was away." }).waitFor();
      await page.reload();
      for (const text of [
        "Written before the restart.",
        "Written on the page of before.",
        "Written while the server was away.",
      ]) {
        assert.equal(await entries(page, text), 1, text);
      }
      assert.equal(await like(page).getAttribute("aria-pressed"), "true");
      visitor.satisfied();
      await visitor[Symbol.asyncDispose]();
      await running.stop();
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});
