import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import { launchBrowser, ready, settled, startSite, Visitor } from "../support/browser.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
  const { data } = server;
  await runCommand(["bans", "add", "ip", "198.51.100.7", "--reason", "scraping", "--minutes", "60"], { data });
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

async function arrive(path?: string): Promise<Page> {
  const visitor = await Visitor.arrive(browser, server.url);
  return visitor.open(path);
}

async function enterConsole(): Promise<Page> {
  const { stdout } = await runCommand(["link", "console"], { data: server.data });
  const page = await arrive(new URL(stdout.trim()).pathname);
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL("**/console");
  return page;
}

describe("the gallery for people who see, hear or point differently", () => {
  it("has nothing to object to on the page of an event, whatever happens there", async () => {
    const page = await arrive();
    await ready(page);
    await inspect(page, "the event");
    await page.getByRole("button", { name: /^Like/ }).click();
    await page.getByText("You like this.").waitFor();
    await page.getByLabel("Your name").fill("   ");
    await page.getByLabel("Your message").fill("Hello.");
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    await page.getByText("Please tell us your name.").first().waitFor();
    await settled(page);
    await inspect(page, "the event with a refused form");
  });

  it("has nothing to object to on a refused form without scripts", async () => {
    const visitor = await Visitor.arrive(browser, server.url);
    await visitor.context.route("**/api/livecomponents/client*", (route) => route.abort());
    const page = await visitor.open();
    await page.getByLabel("Your name").fill("   ");
    await page.getByLabel("Your message").fill("Hello.");
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    await page.getByRole("heading", { name: "Please check what you entered" }).waitFor();
    await inspect(page, "the refused form");
  });

  it("has nothing to object to on the door for guests and on pages that are not there", async () => {
    await inspect(await arrive(new URL(server.links["guest"] ?? "").pathname), "the guests' door");
    await inspect(await arrive("/nothing"), "the missing page");
  });

  it("is announced as what it is", async () => {
    const page = await arrive();
    await ready(page);
    for (const role of ["banner", "main", "contentinfo"] as const) await page.getByRole(role).waitFor();
    await page.getByRole("heading", { level: 1, name: "Anna & Ben" }).waitFor();
    await page.getByRole("heading", { level: 2, name: "Guestbook" }).waitFor();
    await page.getByRole("form", { name: "Guestbook" }).waitFor();
    const like = page.getByRole("button", { name: /^Like this event, \d+ likes? so far$/, pressed: false });
    await like.waitFor();
    assert.equal(await page.getByRole("list").last().getByRole("listitem").count(), 3);
    assert.equal(await page.evaluate("document.documentElement.lang"), "en");
  });

  it("reads out what an action did, politely, and what went wrong, at once", async () => {
    const page = await arrive();
    await ready(page);
    assert.equal(await page.getByRole("status").textContent(), "");
    await page.getByLabel("Your name").fill("Listener");
    await page.getByLabel("Your message").fill("Can you hear me?");
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    await page.getByRole("status").filter({ hasText: "Your entry is in the guestbook. Thank you!" }).waitFor();
    await page.evaluate("liveComponent.component().executeAction('nothing').catch(() => undefined)");
    await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
    await inspect(page, "the event with an alert");
  });
});

describe("the console for people who see, hear or point differently", () => {
  it("has nothing to object to at its door", async () => {
    await inspect(await arrive("/console"), "the closed door");
    const { stdout } = await runCommand(["link", "console"], { data: server.data });
    await inspect(await arrive(new URL(stdout.trim()).pathname), "the door");
  });

  it("has nothing to object to on any page", async () => {
    const page = await enterConsole();
    await inspect(page, "the overview");
    await page.goto(`${server.url}/console/events`);
    await inspect(page, "the events");
    await page.goto(`${server.url}/console/events?name=nothing`);
    await inspect(page, "no events");
    await page.goto(`${server.url}/console/guards`);
    await page.evaluate(
      "[...document.querySelectorAll('details')].slice(0, 3).forEach((element) => (element.open = true))",
    );
    await inspect(page, "the guards");
    for (const path of ["/console/playbooks", "/console/playbooks/public-api", "/console/monitors"]) {
      await page.goto(server.url + path);
      await inspect(page, path);
    }
    await page.goto(`${server.url}/console/bans`);
    await ready(page);
    await inspect(page, "the bans");
    await page.getByRole("button", { name: /^Lift/ }).click();
    await page.getByText("No bans are in force.").waitFor();
    await inspect(page, "no bans");
  });

  it("is announced as what it is, and tells that a ban is lifted", async () => {
    const { data } = server;
    await runCommand(["bans", "add", "ip", "198.51.100.8", "--reason", "scraping"], { data });
    const page = await enterConsole();
    await page.goto(`${server.url}/console/bans`);
    await ready(page);
    await page.getByRole("banner").waitFor();
    const navigation = page.getByRole("navigation", { name: "Console" });
    assert.equal(await navigation.getByRole("link", { name: "Bans" }).getAttribute("aria-current"), "page");
    await page.getByRole("table", { name: "Bans in force" }).waitFor();
    await page.getByRole("button", { name: "Lift the ban of 198.51.100.8" }).click();
    await page.getByRole("status").filter({ hasText: "The ban of 198.51.100.8 is lifted." }).waitFor();
    await settled(page);
    const focused = await page.evaluate("document.activeElement === document.body");
    assert.equal(focused, false, "the focus went back to the top of the page");
  });
});
