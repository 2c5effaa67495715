import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { freePort } from "gatehouse/testing";
import { inspect } from "../support/accessibility.ts";
import { launchBrowser, startSite, type Visitor } from "../support/browser.ts";
import { describeBrowsers, siteOf } from "../support/browsers.ts";
import { chosenPhoto, comeIn, hostEvent, type GalleryPlace } from "../support/gallery-event.ts";
import type { ServerProcess } from "../support/server-process.ts";

const PERMISSION = "see photos, add some and download them";
/** Milliseconds for which a busy machine is waited for. */
const PATIENCE = 60_000;

/** Opens the wall of an event, until it is live. */
async function openWall(visitor: Visitor, path: string): Promise<Page> {
  const page = await visitor.tab();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${visitor.url}${path}/wall`);
  await page.locator("[data-status][data-state=live]").waitFor();
  return page;
}

/** Has a guest send a photo from the event's page, and waits until it is visible there. */
async function send(page: Page, red: number, name = `${red}.jpg`): Promise<void> {
  const before = await page.locator(".photos li").count();
  await page.setInputFiles("#photos", [await chosenPhoto(name, red)]);
  await page.locator(".photos li").nth(before).waitFor({ timeout: PATIENCE });
}

/** Waits until a wall shows so many photos, each once. */
async function shows(wall: Page, count: number): Promise<void> {
  await wall.locator(`[data-photos]:has(> li:nth-child(${count}):last-child)`).waitFor();
  const ids = await wall
    .locator("[data-photo]")
    .evaluateAll((items) => items.map((item) => item.getAttribute("data-photo")));
  assert.equal(new Set(ids).size, count);
}

describeBrowsers("the wall of an event", (engine) => {
  it("shows everybody's photos as they come, who is here, and what the host says", async () => {
    const server = await siteOf(engine);
    const place = { browser: engine.browser, server };
    const { host, path, join: invitation } = await hostEvent(place, { title: "Wall", permission: PERMISSION });
    await using _host = host;
    const { guest: mira, page: phone } = await comeIn(place, invitation);
    await using _mira = mira;
    const { guest: leo } = await comeIn(place, invitation);
    await using _leo = leo;
    const projector = await openWall(host, path);
    const wall = await openWall(leo, path);
    await projector.getByText("2 are here").waitFor();
    await wall.getByText("The wall fills with the first photo.").waitFor();

    await send(phone, 200);
    for (const page of [projector, wall]) await shows(page, 1);
    const first = await wall.locator("[data-photo]").first().getAttribute("data-photo");
    await send(phone, 90);
    for (const page of [projector, wall]) await shows(page, 2);
    assert.notEqual(
      await wall.locator("[data-photo]").first().getAttribute("data-photo"),
      first,
      "the newest comes first",
    );
    const loaded = await wall
      .locator("[data-photo] img")
      .first()
      .evaluate((image: { decode(): Promise<void> }) => image.decode().then(() => true));
    assert.equal(loaded, true);

    await wall.getByText("Who is here").click();
    await wall.getByLabel("Your name on the wall").fill("Leo <b>");
    await wall.getByRole("button", { name: "Show my name" }).click();
    await projector.getByText("Who is here").click();
    await projector.getByRole("listitem").filter({ hasText: "Leo <b>" }).waitFor();
    await projector.getByLabel("Announcement").fill("The cake & the <speech>");
    await projector.getByRole("button", { name: "Announce" }).click();
    await projector.getByText("It is on the wall.").waitFor();
    await wall.locator("[data-announcement]").getByText("The cake & the <speech>").waitFor();
    assert.equal(await wall.getByLabel("Announcement").count(), 0, "guests announce nothing");
    await projector.getByRole("button", { name: "Applaud" }).click();
    await wall.locator("[data-applause].clapping").waitFor({ state: "attached" });

    await wall.close();
    await projector.getByText("1 is here").waitFor();
    mira.satisfied();
    leo.satisfied();
    host.satisfied();
  });
});

describe("the wall of an event", () => {
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

  it("goes on where it was after the network was cut and the server was started anew, and shows each photo once", async () => {
    const data = await mkdtemp(join(tmpdir(), "gatehouse-wall-"));
    const port = await freePort();
    const environment = { GATEHOUSE_REALTIME_DRAIN_SPREAD: "100ms" };
    let site = await startSite({ data, port, environment });
    try {
      const here = { browser, server: site };
      const { host, path, join: invitation } = await hostEvent(here, { title: "Restarted", permission: PERMISSION });
      await using _host = host;
      const { guest, page: phone } = await comeIn(here, invitation);
      await using _guest = guest;
      const wall = await openWall(host, path);
      await send(phone, 10);
      await shows(wall, 1);

      await host.context.setOffline(true);
      await wall.locator("[data-status]:not([data-state=live])").waitFor();
      await send(phone, 60);
      await shows(wall, 1);
      await host.context.setOffline(false);
      await shows(wall, 2);

      await site.stop();
      await wall.getByText("No connection. It is tried again.").waitFor();
      site = await startSite({ data, port, environment });
      await phone.reload();
      await send(phone, 110);
      await shows(wall, 3);
      await wall.locator("[data-status][data-state=live]").waitFor();
      await send(phone, 160);
      await shows(wall, 4);
    } finally {
      await site[Symbol.asyncDispose]();
      await rm(data, { recursive: true, force: true });
    }
  });

  it("takes a photo away that a host hides, also where it was paused", async () => {
    const { host, page, path, join: invitation } = await hostEvent(place, { title: "Hidden", permission: PERMISSION });
    await using _host = host;
    const { guest, page: phone } = await comeIn(place, invitation);
    await using _guest = guest;
    await send(phone, 20);
    const wall = await openWall(guest, path);
    await shows(wall, 1);
    await wall.getByRole("button", { name: "Pause" }).click();
    await send(phone, 70);
    await wall.getByRole("button", { name: "Go on (1 new photo)" }).waitFor();
    await shows(wall, 1);
    const [hidden] = await wall.locator("[data-photo]").all();
    const id = await hidden?.getAttribute("data-photo");
    await page.goto(`${server.url}${path}/photos/${id}`);
    await page.getByRole("button", { name: /^Hide/ }).click();
    await page.waitForURL(server.url + path);
    await wall.getByText("The wall fills with the first photo.").waitFor();
    await wall.getByRole("button", { name: "Go on (1 new photo)" }).click();
    await shows(wall, 1);
    assert.notEqual(await wall.locator("[data-photo]").first().getAttribute("data-photo"), id);
  });

  it("stops for guests whose invitation is taken back, at once, and says why", async () => {
    const { host, page, path, join: invitation } = await hostEvent(place, { title: "Revoked", permission: PERMISSION });
    await using _host = host;
    const { guest, page: phone } = await comeIn(place, invitation);
    await using _guest = guest;
    await send(phone, 30);
    const wall = await openWall(guest, path);
    const projector = await openWall(host, path);
    await shows(wall, 1);
    await page.goto(`${server.url}${path}/invitations`);
    await page.getByRole("button", { name: "Take back" }).click();
    // Sooner than any look at what connections came with, which is every 25 seconds.
    const ended = wall.getByText("You see this wall no more: your invitation has ended or was taken back.");
    await ended.waitFor({ timeout: 10_000 });
    assert.equal(await wall.locator("[data-photo]").count(), 0);
    await shows(projector, 1);
    await projector.locator("[data-status][data-state=live]").waitFor();
    const answer = await guest.context.request.get(`${server.url}${path}/wall`);
    assert.equal(answer.status(), 404);
  });

  it("is not there for guests of other events, on no line", async () => {
    const mine = await hostEvent(place, { title: "Mine", permission: PERMISSION });
    await using _mine = mine.host;
    const theirs = await hostEvent(place, { title: "Theirs", permission: PERMISSION });
    await using _theirs = theirs.host;
    const { guest } = await comeIn(place, mine.join);
    await using _guest = guest;
    for (const { context } of [guest, mine.host]) {
      assert.equal((await context.request.get(`${server.url}${theirs.path}/wall`)).status(), 404);
    }
    const wall = await openWall(theirs.host, theirs.path);
    const event = await wall.locator("[data-wall]").getAttribute("data-wall");
    // Whoever knows the identifier of another event puts it into the page, before its script reads it.
    for (const visitor of [guest, mine.host]) {
      const page = await visitor.tab();
      await page.route(`**${mine.path}/wall`, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.text()).replace(/data-wall="?[0-9a-f-]{36}"?/, `data-wall="${event}"`);
        await route.fulfill({ response: answer, body });
      });
      await page.goto(`${server.url}${mine.path}/wall`);
      await page.getByText("You see this wall no more").waitFor();
    }
    await wall.getByText("1 is here").waitFor();
  });

  it("works without scripts: it loads itself again, can be stopped, and takes announcements of hosts", async () => {
    const { host, page, path, join: invitation } = await hostEvent(place, { title: "Plain", permission: PERMISSION });
    await using _host = host;
    const { guest: sender, page: phone } = await comeIn(place, invitation);
    await using _sender = sender;
    await send(phone, 40);
    await page.goto(`${server.url}${path}/wall`);
    const { guest, page: plain } = await comeIn(place, invitation, { javaScriptEnabled: false });
    await using _guest = guest;
    await plain.goto(`${server.url}${path}/wall`);
    await shows(plain, 1);
    assert.equal(await plain.locator("meta[http-equiv=refresh]").getAttribute("content"), "20");
    await plain.getByRole("link", { name: "Pause" }).click();
    assert.equal(await plain.locator("meta[http-equiv=refresh]").count(), 0);
    await page.close();

    const storage = await host.context.storageState();
    const context = await browser.newContext({ javaScriptEnabled: false, storageState: storage });
    const form = await context.newPage();
    await form.goto(`${server.url}${path}/wall`);
    await form.getByLabel("Announcement").fill("Dinner is served");
    await form.getByRole("button", { name: "Announce" }).click();
    await form.waitForURL(`${server.url}${path}/wall`);
    assert.equal(await form.locator("[data-announcement]").textContent(), "Dinner is served");
    await context.close();
    await plain.reload();
    await plain.getByText("Dinner is served").waitFor();

    // A guest who makes up the form is refused, and an announcement that is too long.
    const answer = await guest.context.request.post(`${server.url}${path}/wall/announcement`, {
      form: { _csrf_token: (await plain.locator("meta[name=csrf-token]").getAttribute("content")) ?? "", text: "Mine" },
      headers: { origin: server.url },
    });
    assert.equal(answer.status(), 403);
  });

  it("has pages in which axe finds no fault, for hosts and guests", async () => {
    const { host, path, join: invitation } = await hostEvent(place, { title: "Inspected", permission: PERMISSION });
    await using _host = host;
    const { guest, page: phone } = await comeIn(place, invitation);
    await using _guest = guest;
    const projector = await openWall(host, path);
    await inspect(projector, "an empty wall of a host");
    for (const red of [10, 60, 110]) await send(phone, red);
    await projector.getByLabel("Announcement").fill("Welcome");
    await projector.getByRole("button", { name: "Announce" }).click();
    await shows(projector, 3);
    await inspect(projector, "the wall of a host");
    const wall = await openWall(guest, path);
    await wall.getByText("Who is here").click();
    await inspect(wall, "the wall of a guest");
  });
});
