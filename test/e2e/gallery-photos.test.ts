import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import { launchBrowser, settled, startSite } from "../support/browser.ts";
import { chosenPhoto, comeIn, hostEvent, type GalleryPlace, type HostedEvent } from "../support/gallery-event.ts";
import type { ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;
let place: GalleryPlace;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
  place = { browser, server };
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** A host at an event of their own whose photos wait for approval, and where guests come in. */
function prepare(title: string, permission: string): Promise<HostedEvent> {
  return hostEvent(place, { title, permission, approved: true });
}

/** Opens a page until something is on it: nothing tells pages without scripts that it has come. */
async function openUntil(page: Page, path: string, text: string): Promise<void> {
  do await page.goto(server.url + path);
  while ((await page.getByText(text).count()) === 0);
}

describe("photos of an event whose hosts approve them", () => {
  for (const javaScriptEnabled of [true, false]) {
    it(`wait for a host, and appear by a word, ${javaScriptEnabled ? "with" : "without"} scripts of the guest`, async () => {
      const title = javaScriptEnabled ? "Approved One" : "Approved Two";
      const { host, page, join, path } = await prepare(title, "see photos, add some and download them");
      await using _host = host;
      const { guest, page: theirs } = await comeIn(place, join, { javaScriptEnabled });
      await using _guest = guest;
      await theirs.setInputFiles("#photos", [await chosenPhoto("one.jpg", 200), await chosenPhoto("two.jpg", 90)]);
      if (!javaScriptEnabled) await theirs.getByRole("button", { name: "Upload" }).click();
      if (javaScriptEnabled) await theirs.getByText("2 files of yours wait for a host.").waitFor();
      else await openUntil(theirs, path, "2 files of yours wait for a host.");
      assert.equal(await theirs.locator(".photos li").count(), 0);

      await page.goto(`${server.url}${path}/moderation`);
      assert.equal(await page.locator("img.waiting").count(), 2);
      await page
        .getByRole("button", { name: /^Approve/ })
        .first()
        .click();
      await page.getByRole("heading", { level: 1, name: `Approval: ${title}` }).waitFor();
      await page
        .getByRole("button", { name: /^Delete/ })
        .first()
        .click();
      await page.getByText("Nothing waits for you.").waitFor();
      assert.equal(await page.getByText("Refused files").count(), 0, "what a host has deleted was not refused");

      if (javaScriptEnabled) await theirs.locator(".photos li").first().waitFor();
      else await theirs.goto(server.url + path);
      assert.equal(await theirs.locator(".photos li").count(), 1);
      await theirs.locator(".photos a").first().click();
      const download = await theirs.getByRole("link", { name: "Download" }).getAttribute("href");
      assert.equal((await theirs.request.get(server.url + download)).status(), 200);
      const archive = await theirs.request.get(`${server.url}${path}/photos.zip`);
      assert.deepEqual([archive.status(), archive.headers()["content-type"]], [200, "application/zip"]);
      assert.match((await archive.body()).toString("latin1"), /^PK.*(one|two)\.jpg/s);
      guest.satisfied();
    });
  }

  it("tell who brought them what became of each, and have no button left to press", async () => {
    const { host, page, join, path } = await prepare("Told So", "see photos and add some");
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await theirs.getByRole("button", { name: "Upload" }).waitFor({ state: "hidden" });
    const disguised = { name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture at all") };
    await theirs.setInputFiles("#photos", [await chosenPhoto("fine.jpg", 60), disguised]);
    const row = (name: string) => theirs.getByRole("listitem").filter({ hasText: name });
    await row("notes.jpg").getByText("Refused: damaged, or no photo or video").waitFor();
    await row("fine.jpg").getByText("Arrived, waits for a host").waitFor();
    await page.goto(`${server.url}${path}/moderation`);
    await page.getByRole("button", { name: /^Approve/ }).click();
    await theirs.locator(".photos img").waitFor();
    guest.satisfied();
  });

  it("are hidden again by a host, at once and at the address that was kept", async () => {
    const { host, page, join, path } = await prepare("Hidden Again", "see photos and add some");
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await theirs.setInputFiles("#photos", [await chosenPhoto("secret.jpg", 10)]);
    await theirs.getByText("One file of yours waits for a host.").waitFor();
    await page.goto(`${server.url}${path}/moderation`);
    await page.getByRole("button", { name: /^Approve/ }).click();
    await theirs.locator(".photos img").waitFor();
    const address = (await theirs.locator(".photos img").getAttribute("src")) ?? "";
    assert.equal((await theirs.request.get(server.url + address)).status(), 200);
    await page.goto(server.url + path);
    await page.locator(".photos a").click();
    await page.getByRole("button", { name: /^Hide/ }).click();
    await page.waitForURL(server.url + path);
    await settled(theirs);
    await theirs.getByText("There are no photos yet.").waitFor();
    assert.notEqual((await theirs.request.get(server.url + address)).status(), 200);
  });

  it("have pages in which axe finds no fault", async () => {
    const { host, page, join, path } = await prepare("Inspected", "see photos, add some and download them");
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await theirs.setInputFiles("#photos", [await chosenPhoto("a.jpg", 10), await chosenPhoto("b.jpg", 60)]);
    await theirs.getByText("2 files of yours wait for a host.").waitFor();
    await inspect(theirs, "a guest's page with uploads");
    await page.goto(`${server.url}${path}/moderation`);
    await inspect(page, "the queue of a host");
    await page
      .getByRole("button", { name: /^Approve/ })
      .first()
      .click();
    await theirs.locator(".photos a").click();
    await inspect(theirs, "a photo");
  });
});
