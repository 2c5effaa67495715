import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import { launchBrowser, ready, settled, startSite, Visitor } from "../support/browser.ts";
import { makeAccount, signInToGallery } from "../support/gallery-people.ts";
import type { ServerProcess } from "../support/server-process.ts";

const run = promisify(execFile);

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

/** What the QR codes say that are on the pages of a document. */
async function codesOn(pdf: string): Promise<string[]> {
  const picture = `${pdf}-page`;
  await run("pdftoppm", ["-r", "150", "-png", pdf, picture]);
  const { stdout } = await run("zbarimg", ["--quiet", "--raw", `${picture}-1.png`]);
  return stdout.trim().split("\n");
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
    await page.getByText("Bitte füllen Sie das aus.").waitFor();
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

describe("an invitation", () => {
  for (const javaScriptEnabled of [true, false]) {
    it(`lets guests in by its code until its host takes it back, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
      const title = javaScriptEnabled ? "Garden Party" : "Boat Party";
      await using visitor = await host(`Maker of ${title}`, { javaScriptEnabled });
      const page = await visitor.open("/events/new");
      if (javaScriptEnabled) await ready(page);
      await fillIn(page, title);
      await page.getByRole("button", { name: "Create the event" }).click();
      await page.getByRole("link", { name: "Invitations" }).click();
      if (javaScriptEnabled) await ready(page);
      await page.getByLabel("For whom").fill("Everybody at the lake");
      await page.getByRole("button", { name: "Make the invitation" }).click();
      await page.getByRole("heading", { level: 1, name: "Everybody at the lake" }).waitFor();
      const address = await page.getByRole("textbox", { name: "Link" }).inputValue();
      assert.match(address, /\/join\/gj_[0-9A-Za-z]{33}$/);

      await using guest = await Visitor.arrive(browser, server.url, { javaScriptEnabled });
      const inside = await guest.open(new URL(address).pathname);
      await inside.getByRole("button", { name: "Come in" }).click();
      await inside.getByRole("heading", { level: 1, name: title }).waitFor();
      assert.doesNotMatch(inside.url(), /gj_/);
      await page.reload();
      assert.match((await page.locator(".counts").textContent()) ?? "", /Guests who came in\s*1/);

      await page.goto(`${server.url}/events/${title.toLowerCase().replace(" ", "-")}/invitations`);
      if (javaScriptEnabled) await ready(page);
      await page.getByRole("button", { name: /^Take back/ }).click();
      await page.getByText("1 guest, taken back.").waitFor();
      await inside.reload();
      await inside.getByRole("heading", { level: 1, name: "For invited guests" }).waitFor();
      visitor.satisfied();
    });
  }

  it("is printed on cards whose code leads to it, for its host alone", async () => {
    await using visitor = await host("Printer");
    const page = await visitor.open("/events/new");
    await fillIn(page, "Printed Party");
    await page.getByRole("button", { name: "Create the event" }).click();
    await page.getByRole("heading", { level: 1, name: "Printed Party" }).waitFor();
    await page.goto(`${server.url}/events/printed-party/invitations`);
    await page.getByLabel("For whom").fill("Cards");
    await page.getByRole("button", { name: "Make the invitation" }).click();
    const address = await page.getByRole("textbox", { name: "Link" }).inputValue();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Print a card (A6)" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "invitation.pdf");
    assert.deepEqual(await codesOn(await download.path()), [address]);
    const form = await page.locator("form.actions").getAttribute("action");
    await using other = await host("Snooper");
    const looking = await other.open("/events");
    for (const path of ["/events/printed-party/invitations", form?.replace(/\/cards$/, "") ?? ""]) {
      assert.equal((await looking.goto(server.url + path))?.status(), 404, path);
    }
    const token = await looking
      .locator("input[name=_csrf_token]")
      .first()
      .inputValue()
      .catch(() => "");
    const printed = await looking.request.post(server.url + form, {
      form: { _csrf_token: token, paper: "A6", language: "en" },
      headers: { origin: server.url, "sec-fetch-site": "same-origin" },
    });
    assert.ok([403, 404].includes(printed.status()), String(printed.status()));
  });
});

describe("pages of hosts", () => {
  it("have no fault that axe finds, light and dark, wide and narrow", async () => {
    await using visitor = await host("Axel");
    const page = await visitor.open("/events/new");
    await fillIn(page, "Accessible");
    await page.getByRole("button", { name: "Create the event" }).click();
    await page.getByRole("heading", { level: 1, name: "Accessible" }).waitFor();
    for (const path of [
      "/events",
      "/events/new",
      "/events/accessible",
      "/events/accessible/settings",
      "/events/accessible/invitations",
    ]) {
      await page.goto(server.url + path);
      await inspect(page, path);
    }
  });
});
