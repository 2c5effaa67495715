import assert from "node:assert/strict";
import { before, it } from "node:test";
import type { Page, Response } from "playwright-core";
import { Visitor } from "../support/browser.ts";
import { describeBrowsers, optionsWithoutScripts, siteOf, stopScripts, type Engine } from "../support/browsers.ts";
import { issueLink, runCommand, type ServerProcess } from "../support/server-process.ts";

let server: ServerProcess;

async function arrive(engine: Engine, path?: string): Promise<{ visitor: Visitor; page: Page }> {
  const visitor = await Visitor.arrive(engine.browser, server.url, optionsWithoutScripts(engine));
  await stopScripts(engine, visitor.context);
  return { visitor, page: await visitor.open(path) };
}

/** The answer to a form that a click sends. */
async function submit(page: Page, button: string | RegExp): Promise<Response> {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    page.getByRole("button", { name: button }).click(),
  ]);
  await page.waitForLoadState();
  return answer;
}

async function count(page: Page, message: string): Promise<number> {
  return page.getByRole("listitem").filter({ hasText: message }).count();
}

describeBrowsers("the gallery without scripts", (engine) => {
  before(async () => {
    server = await siteOf(engine);
  });
  it("takes an entry, goes back to the event, and writes nothing twice", async () => {
    const { visitor, page } = await arrive(engine);
    await page.getByLabel("Your name").fill("Plain Jane");
    await page.getByLabel("Your message").fill("No scripts here.");
    const answer = await submit(page, "Sign the guestbook");
    assert.equal(answer.status(), 303);
    assert.equal(answer.headers()["location"], "/events/anna-and-ben");
    assert.equal(page.url(), `${server.url}/events/anna-and-ben`);
    assert.equal(await count(page, "No scripts here."), 1);
    await page.reload();
    assert.equal(await count(page, "No scripts here."), 1);
    // Back in the form as it was: the same intent once more.
    await page.goBack();
    await page.getByLabel("Your name").fill("Plain Jane");
    await page.getByLabel("Your message").fill("And another one.");
    assert.equal((await submit(page, "Sign the guestbook")).status(), 303);
    assert.equal(await count(page, "And another one."), 1);
    assert.equal(await count(page, "No scripts here."), 1);
    visitor.satisfied();
  });

  it("shows what was wrong, with what was typed, in its own frame", async () => {
    const { visitor, page } = await arrive(engine);
    await page.getByLabel("Your name").fill("   ");
    await page.getByLabel("Your message").fill('Typed with "care" & <thought>.');
    const answer = await submit(page, "Sign the guestbook");
    assert.equal(answer.status(), 422);
    assert.equal(await page.title(), "Please check what you entered");
    await page.getByRole("banner").getByRole("link", { name: "Gallery" }).waitFor();
    await page.getByRole("contentinfo").waitFor();
    assert.equal(await page.locator('link[rel="stylesheet"]').count(), 1);
    await page.getByRole("heading", { level: 1, name: "Please check what you entered" }).waitFor();
    const name = page.getByLabel("Your name");
    assert.equal(await name.getAttribute("aria-invalid"), "true");
    const message = await page.locator(`[id="${await name.getAttribute("aria-describedby")}"]`).textContent();
    assert.equal(message, "Please tell us your name.");
    assert.equal(await page.getByLabel("Your message").inputValue(), 'Typed with "care" & <thought>.');
    await name.fill("Thoughtful");
    assert.equal((await submit(page, "Sign the guestbook")).status(), 303);
    assert.equal(page.url(), `${server.url}/events/anna-and-ben`);
    assert.equal(await count(page, 'Typed with "care" & <thought>.'), 1);
    visitor.satisfied();
  });

  it("takes a like and gives it back", async () => {
    const { visitor, page } = await arrive(engine);
    assert.equal((await submit(page, /^Like/)).status(), 303);
    assert.equal(await page.getByRole("button", { name: /^Like/ }).getAttribute("aria-pressed"), "true");
    assert.equal((await submit(page, /^Like/)).status(), 303);
    assert.equal(await page.getByRole("button", { name: /^Like/ }).getAttribute("aria-pressed"), "false");
    visitor.satisfied();
  });

  it("lets a guest in by a one-time link", async () => {
    const { visitor, page } = await arrive(engine, await issueLink(server, "guest"));
    assert.equal((await submit(page, "Come in")).status(), 303);
    await page.getByText("You are here as a guest").waitFor();
    visitor.satisfied();
  });
});

describeBrowsers("the console without scripts", (engine) => {
  before(async () => {
    server = await siteOf(engine);
  });
  it("is entered, lifts a ban, filters events, and is left", async () => {
    const { data } = server;
    await runCommand(["bans", "add", "ip", "198.51.100.77", "--reason", "noise"], { data });
    const { visitor, page } = await arrive(engine, await issueLink(server, "console"));
    assert.equal((await submit(page, "Enter")).status(), 303);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.getByRole("link", { name: "Bans", exact: true }).click();
    assert.equal((await submit(page, "Lift the ban of 198.51.100.77")).status(), 303);
    await page.getByText("No bans are in force.").waitFor();
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page.getByLabel("Event", { exact: true }).fill("source_ban_lifted");
    await page.getByRole("button", { name: "Filter" }).click();
    assert.equal(await page.getByRole("table").getByRole("row").count(), 2);
    assert.equal((await submit(page, "Sign out")).status(), 303);
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    visitor.satisfied();
  });
});
