import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import { launchBrowser, ready, settled, startSite, Visitor } from "../support/browser.ts";
import { makeAccount, signInToGallery } from "../support/gallery-people.ts";
import type { ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

async function host(name: string, options: { javaScriptEnabled?: boolean; locale?: string } = {}): Promise<Visitor> {
  const { email } = await makeAccount(server, name);
  const visitor = await Visitor.arrive(browser, server.url, options);
  await signInToGallery(await visitor.open("/events"), email);
  return visitor;
}

async function fillIn(page: Page, title: string): Promise<void> {
  await page.locator("[name=title]").fill(title);
  await page.locator("[name=hosts]").fill("Lena and Tom");
  await page.locator("[name=place]").fill("The old mill");
  await page.locator("[name=heldOn]").fill("2027-06-19");
}

describe("a host", () => {
  for (const javaScriptEnabled of [true, false]) {
    it(`makes an event and changes it, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
      const title = javaScriptEnabled ? "Summer Party" : "Winter Party";
      await using visitor = await host(`Host of ${title}`, { javaScriptEnabled });
      const page = await visitor.open("/events/new");
      if (javaScriptEnabled) await ready(page);
      await fillIn(page, title);
      await page.getByRole("button", { name: "Create the event" }).click();
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await page.getByRole("link", { name: "Settings" }).click();
      if (javaScriptEnabled) await ready(page);
      assert.equal(await page.getByLabel("Invited guests alone").isChecked(), true);
      await page.getByLabel("Everybody may read").check();
      await page.locator("[name=place]").fill("The new mill");
      await page.getByRole("button", { name: "Save" }).click();
      if (javaScriptEnabled) await settled(page);
      await page.goto(`${server.url}/events`);
      const yours = page.getByRole("listitem").filter({ hasText: title });
      assert.match((await yours.textContent()) ?? "", /19 June 2027, The new mill/);
      visitor.satisfied();
    });
  }

  it("is told in the language of the form what is wrong with it, and has typed nothing in vain", async () => {
    await using visitor = await host("Greta", { javaScriptEnabled: false, locale: "de-DE" });
    const page = await visitor.open("/events/new");
    await fillIn(page, "   ");
    await page.getByRole("button", { name: "Fest anlegen" }).click();
    await page.getByText("Bitte fülle das aus.").waitFor();
    assert.equal(await page.locator("[name=hosts]").inputValue(), "Lena and Tom");
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
  });

  it("shares a title with others, and no address", async () => {
    await using visitor = await host("Nora");
    const page = await visitor.open();
    const addresses: string[] = [];
    for (const title of ["The Same", "The Same", "結婚式"]) {
      await page.goto(`${server.url}/events/new`);
      await ready(page);
      await fillIn(page, title);
      await page.getByRole("button", { name: "Create the event" }).click();
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      addresses.push(new URL(page.url()).pathname);
    }
    assert.match(
      addresses.join(" "),
      /^\/events\/the-same \/events\/the-same-[0-9a-f]{4} \/events\/event-[0-9a-f]{4}$/,
    );
  });

  it("is alone with the settings, and strangers with the closed door, of an event for invited guests", async () => {
    await using visitor = await host("Ida");
    const page = await visitor.open("/events/new");
    await ready(page);
    await fillIn(page, "A Secret Dinner");
    await page.getByRole("button", { name: "Create the event" }).click();
    await page.getByRole("heading", { level: 1, name: "A Secret Dinner" }).waitFor();
    await using other = await host("Oskar");
    const looking = await other.open("/events/a-secret-dinner");
    await looking.getByRole("heading", { level: 1, name: "For invited guests" }).waitFor();
    assert.doesNotMatch(await looking.content(), /Secret Dinner|old mill|Lena/);
    const settings = await looking.goto(`${server.url}/events/a-secret-dinner/settings`);
    assert.equal(settings?.status(), 404);
    await looking.goto(`${server.url}/events`);
    assert.doesNotMatch(await looking.content(), /Secret Dinner/);
  });
});

describe("pages of hosts", () => {
  it("have no fault that axe finds, light and dark, wide and narrow", async () => {
    await using visitor = await host("Axel");
    const page = await visitor.open("/events/new");
    await fillIn(page, "Accessible");
    await page.getByRole("button", { name: "Create the event" }).click();
    await page.getByRole("heading", { level: 1, name: "Accessible" }).waitFor();
    for (const path of ["/events", "/events/new", "/events/accessible", "/events/accessible/settings"]) {
      await page.goto(server.url + path);
      await inspect(page, path);
    }
  });
});
