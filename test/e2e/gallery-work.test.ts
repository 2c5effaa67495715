import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { launchBrowser, ready, startSite, Visitor } from "../support/browser.ts";
import { approve, command, hireAgent, planOf, reaches, type GalleryAgent } from "../support/gallery-agent.ts";
import { comeIn, hostEvent, livelyPhoto, type ChosenPhoto, type GalleryPlace } from "../support/gallery-event.ts";
import { operate } from "../support/gallery-people.ts";
import { issueLink, runCommand, type ServerProcess } from "../support/server-process.ts";
import { eventually } from "../support/workshop.ts";

const PERMISSION = "see photos, add some and download them";
const RED = { r: 200, g: 40, b: 30 };
const BLUE = { r: 20, g: 60, b: 190 };
const BLACK = { r: 0, g: 0, b: 0 };

let browser: Browser;
let server: ServerProcess;
let place: GalleryPlace;
let agent: GalleryAgent;

before(async () => {
  const environment = {
    GATEHOUSE_WORK_LIMITS_ADDRESS_LIMIT: "10000",
    GATEHOUSE_WORK_LIMITS_AGENT_LIMIT: "10000",
  };
  [browser, server] = await Promise.all([launchBrowser(), startSite({ environment })]);
  place = { browser, server };
  agent = await hireAgent(server);
});
after(async () => {
  await agent[Symbol.asyncDispose]();
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** A guest at an event brings photos. */
async function bring(theirs: Page, photos: readonly ChosenPhoto[]): Promise<void> {
  await theirs.setInputFiles("#photos", [...photos]);
  await theirs
    .locator(".photos img")
    .nth(photos.length - 1)
    .waitFor();
}

const slugOf = (path: string): string => path.replace("/events/", "");

/** What the public API says of the photos, to somebody at a page. */
async function photosOf(page: Page, path: string, language = "en") {
  const headers = { "accept-language": language };
  const answer = await page.request.get(`${server.url}/api/v1/gallery${path}/photos`, { headers });
  assert.equal(answer.status(), 200);
  return Photos.parse(await answer.json()).photos;
}

const Photos = z.object({
  photos: z.array(
    z.object({
      id: z.string(),
      caption: z.string().optional(),
      alt: z.string().optional(),
      forms: z.record(z.string(), z.object({ address: z.string() })),
    }),
  ),
});

describe("captions that an agent writes", () => {
  it("are seen once an operator has approved them, done again where one asks for it, and taken back by an order", async () => {
    const { host, page, join, path } = await hostEvent(place, { title: "Captions", permission: PERMISSION });
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await bring(theirs, [await livelyPhoto("red.jpg", RED)]);

    const order = await agent.propose("gallery.caption-photos", { event: slugOf(path) });
    assert.match(await agent.work(), /handed in, attempt 1\nHanded in: 1\./);
    assert.match(await agent.work(), /There was nothing to do/);
    const first = await planOf(server, order);
    assert.deepEqual(
      first.changes.map(({ action, resource: { type } }) => `${action} ${type}`),
      ["create caption", "create caption"],
    );
    const [photo] = await photosOf(theirs, path);
    assert.equal(photo?.alt, undefined, "nothing is seen before it is approved");

    const seen = ["--revision", String(first.revision), "--digest", first.digest];
    await command(server, "work", "reject", order, ...seen, "--reason", "Please be shorter", "--rework");
    assert.match(await agent.work(), /Handed in: 1/);
    const second = await planOf(server, order);
    assert.notEqual(second.digest, first.digest);
    await approve(server, order);

    const [english] = await photosOf(theirs, path, "en");
    const [german] = await photosOf(theirs, path, "de");
    assert.equal(english?.caption, "Captions");
    assert.match(english?.alt ?? "", /landscape photo, mostly red$/);
    assert.match(german?.alt ?? "", /Querformat, überwiegend rot$/);
    await theirs.locator(`.photos img[alt="${english?.alt}"]`).waitFor();
    await theirs.locator(".photos a").first().click();
    assert.equal(await theirs.locator("figcaption .caption").textContent(), "Captions");
    await theirs.goto(`${theirs.url()}?ui_locales=de`);
    assert.equal(await theirs.locator("figure img").getAttribute("alt"), german?.alt);

    // A host's own words, hostile ones, are text and nothing else.
    await page.goto(theirs.url().replace("?ui_locales=de", ""));
    await page.locator("[name=caption]").fill('<img src=x onerror="alert(1)">');
    await page.getByRole("button", { name: "Save the words" }).click();
    await page.locator("figcaption .caption").getByText("<img src=x").waitFor();
    assert.equal(await page.locator("figcaption img").count(), 0);
    host.satisfied();
    guest.satisfied();
  });

  it("are taken back by an order of their own", async () => {
    const { host, join, path } = await hostEvent(place, { title: "Taken Back", permission: PERMISSION });
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await bring(theirs, [await livelyPhoto("blue.jpg", BLUE)]);
    const order = await agent.propose("gallery.caption-photos", { event: slugOf(path), languages: ["en"] });
    await agent.work();
    await approve(server, order);
    assert.match((await photosOf(theirs, path))[0]?.alt ?? "", /blue/);
    const { order: reverting } = Reverting.parse(await asAgent("POST", `/orders/${order}/revert`, {}));
    await approve(server, reverting);
    assert.equal((await photosOf(theirs, path))[0]?.alt, undefined);
  });

  it("are planned anew where a host has written something meanwhile", async () => {
    const { host, page, join, path } = await hostEvent(place, { title: "Meanwhile", permission: PERMISSION });
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await bring(theirs, [await livelyPhoto("red.jpg", RED)]);
    const order = await agent.propose("gallery.caption-photos", { event: slugOf(path), languages: ["en"] });
    await agent.work();
    const { revision, digest, changes } = await planOf(server, order);
    assert.deepEqual(
      changes.map(({ action }) => action),
      ["create"],
    );
    await page.goto(server.url + path);
    await page.locator(".photos a").click();
    await page.locator("[name=alt]").fill("Lena laughs");
    await page.getByRole("button", { name: "Save the words" }).click();
    await page.locator('figure img[alt="Lena laughs"]').waitFor();
    await command(server, "work", "approve", order, "--revision", String(revision), "--digest", digest);
    await eventually(async () => (await planOf(server, order)).revision > revision, "there is a new plan");
    const [change] = (await planOf(server, order)).changes;
    assert.equal(change?.action, "update");
    assert.deepEqual(change?.before, { caption: "", alt: "Lena laughs" });
    assert.equal((await photosOf(theirs, path))[0]?.alt, "Lena laughs", "what nobody has approved was not applied");
  });
});

describe("photos that an agent moderates", () => {
  it("are published or stay out of sight by what it found, and are deleted by an order about those that are shown", async () => {
    const wishes = { title: "Moderated", permission: PERMISSION, approved: true };
    const { host, join, path } = await hostEvent(place, wishes);
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await theirs.setInputFiles("#photos", [await livelyPhoto("good.jpg", RED), await livelyPhoto("dark.jpg", BLACK)]);
    await theirs.getByText("2 files of yours wait for a host.").waitFor();
    const order = await agent.propose("gallery.moderate-photos", { event: slugOf(path) });
    assert.match(await agent.work(), /Handed in: 2/);
    const { changes } = await planOf(server, order);
    assert.deepEqual(
      changes.map(({ after }) => State.parse(after).state),
      ["published"],
    );
    await approve(server, order);
    // The open page is told.
    await theirs.locator(".photos img").waitFor();
    assert.equal(await theirs.locator(".photos img").count(), 1);
    const [photo] = await photosOf(theirs, path);
    const addresses = Object.values(photo?.forms ?? {}).map(({ address }) => server.url + address);
    for (const address of addresses) assert.equal((await theirs.request.get(address)).status(), 200);

    const again = await agent.propose("gallery.moderate-photos", { event: slugOf(path), which: "shown" });
    await finish(again, { decision: "hide", findings: ["somebody asked for it"] });
    await approve(server, again);
    await theirs.getByText("There are no photos yet.").waitFor();
    for (const address of addresses) assert.notEqual((await theirs.request.get(address)).status(), 200);
    assert.deepEqual(await photosOf(theirs, path), []);
    guest.satisfied();
  });
});

describe("a guest who is erased", () => {
  it("leaves nothing that could be had at any address, and an order that nobody can read", async () => {
    const { host, join: invitation, path } = await hostEvent(place, { title: "Erased", permission: PERMISSION });
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, invitation);
    await using _guest = guest;
    const { guest: other, page: others } = await comeIn(place, invitation);
    await using _other = other;
    await bring(theirs, [await livelyPhoto("mine.jpg", RED), await livelyPhoto("mine too.jpg", BLUE)]);
    await sign(theirs, "Mia Muster", "I was here.");
    await sign(others, "Jonas", "Danced with Mia Muster, and with Miamusters.");
    const photos = await photosOf(others, path);
    const addresses = photos.flatMap(({ forms }) => Object.values(forms).map(({ address }) => server.url + address));
    assert.equal(addresses.length, 6);
    const filesOfTheirs = async (): Promise<readonly string[]> => {
      const found = await filesBelow(join(server.data, "media"));
      return found.filter((file) => photos.some((photo) => file.includes(photo.id)));
    };
    assert.equal((await filesOfTheirs()).length, 6);
    const event = await eventIdOf(others, path);
    const assets = Assets.parse(await operate(server, "media.assets.list", { collection: event })).assets;
    const id = assets[0]?.owner.id ?? assert.fail();

    const captions = await agent.propose("gallery.caption-photos", { event: slugOf(path) });
    await agent.work();
    await approve(server, captions);
    const order = await agent.propose("gallery.erase-guest", { guest: id });
    assert.match(await agent.work(), /Handed in: 1/);
    const { revision, digest, changes } = await planOf(server, order);
    const counted = changes.map(({ action, resource: { type } }) => `${action} ${type}`).toSorted();
    assert.deepEqual(counted, [
      ...["delete caption", "delete caption", "delete caption", "delete caption", "delete guest"],
      ...["delete guestbook-entry", "delete photo", "delete photo", "invoke guest-farewell", "update guestbook-entry"],
    ]);
    assert.doesNotMatch(JSON.stringify(changes), /Mia Muster/, "what is sensitive is masked");
    await command(server, "work", "approve", order, "--revision", String(revision), "--digest", digest);
    await reaches(server, order, "submitted", "awaiting_review");
    assert.equal((await others.request.get(addresses[0] ?? "")).status(), 200, "one approval is not enough");
    await using operator = await operatorAt();
    await operator.approve(order, { revision, digest });
    await reaches(server, order, "completed");

    for (const address of addresses) assert.notEqual((await others.request.get(address)).status(), 200);
    assert.deepEqual(await photosOf(others, path), []);
    const wall = await others.request.get(`${server.url}${path}/wall`);
    assert.doesNotMatch(await wall.text(), new RegExp(photos.map((photo) => photo.id).join("|")));
    await others.reload();
    const text = await others.locator("main").innerText();
    assert.doesNotMatch(text, /Mia Muster/);
    assert.match(text, /Danced with …, and with Miamusters\./);
    // Who was erased is nobody any more.
    assert.equal((await theirs.request.get(`${server.url}/api/v1/gallery${path}/photos`)).status(), 404);
    await eventually(async () => (await filesOfTheirs()).length === 0, "the files are deleted");
    await eventually(async () => {
      const { errors } = await commandFails("work", "plan", order);
      return /erased/i.test(errors);
    }, "the key of the order is destroyed");
    await agent.work();
    assert.deepEqual(server.exceptions, []);
  });
});

describe("an agent", () => {
  it("gives back what it holds when it is stopped, and does nothing while somebody has stopped its work", async () => {
    const { host, join, path } = await hostEvent(place, { title: "Stopped", permission: PERMISSION });
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await bring(theirs, [await livelyPhoto("red.jpg", RED)]);
    await command(server, "work", "pause", "agent", agent.credentials.id, "--reason", "a trial");
    const order = await agent.propose("gallery.caption-photos", { event: slugOf(path) });
    assert.match(await agent.work(), /There was nothing to do/);
    await command(server, "work", "resume", "agent", agent.credentials.id);
    const watching = agent.start("--watch");
    await eventually(() => /handed in/.test(watching.output()), "it has handed something in");
    watching.signal("SIGTERM");
    assert.equal((await watching.ended).code, 0);
    await approve(server, order);
    assert.match((await photosOf(theirs, path))[0]?.alt ?? "", /red/);
  });
});

const Reverting = z.object({ order: z.uuid() });
const State = z.object({ state: z.string() });
const Assets = z.object({ assets: z.array(z.object({ owner: z.object({ id: z.string() }) })) });
const Token = z.object({ access_token: z.string() });
const Checked = z.object({ items: z.array(z.object({ item: z.uuid(), lease: z.string(), epoch: z.int() })) });

/** Asks the REST interface with a token of the agent's. */
async function asAgent(method: string, path: string, body: object): Promise<unknown> {
  const { id, secret } = agent.credentials;
  const resource = `${server.url}/api/work`;
  const scope = "work:read work:propose work:execute";
  const granted = await fetch(`${server.url}/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", resource, scope }),
  });
  const { access_token: token } = Token.parse(await granted.json());
  const answer = await fetch(resource + path, {
    method,
    headers: {
      ...{ authorization: `Bearer ${token}`, "content-type": "application/json" },
      "idempotency-key": `${path}-${JSON.stringify(body)}`.replaceAll(/[^A-Za-z0-9-]/g, "-").slice(0, 100),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return JSON.parse(text);
}

/** Does all items of an order by hand, with one result. */
async function finish(order: string, result: object): Promise<void> {
  const { items } = Checked.parse(await asAgent("POST", `/orders/${order}/checkout`, { count: 50 }));
  for (const { item, lease, epoch } of items) await asAgent("POST", `/items/${item}/submit`, { lease, epoch, result });
}

/** An operator who is signed in at the console: the second of two people, as the first was at the command line. */
async function operatorAt() {
  const visitor = await Visitor.arrive(browser, server.url);
  const door = await visitor.open(await issueLink(server, "console"));
  await door.getByRole("button", { name: "Enter" }).click();
  await door.waitForURL("**/console");
  const page = await visitor.open("/events");
  const token = await page.locator("meta[name=csrf-token]").getAttribute("content");
  return {
    async approve(order: string, seen: object): Promise<void> {
      const answer = await page.request.post(`${server.url}/api/work/orders/${order}/approve`, {
        headers: { "x-csrf-token": token ?? "", "idempotency-key": `second-${order}`, origin: server.url },
        data: seen,
      });
      assert.equal(answer.status(), 200, await answer.text());
    },
    [Symbol.asyncDispose]: () => visitor[Symbol.asyncDispose](),
  };
}

async function sign(page: Page, author: string, message: string): Promise<void> {
  await ready(page);
  await page.locator("[name=author]").fill(author);
  await page.locator("[name=message]").fill(message);
  await page.getByRole("button", { name: "Sign" }).click();
  await page.locator(".entry .message").getByText(message).waitFor();
}

async function eventIdOf(page: Page, path: string): Promise<string> {
  const answer = await page.request.get(`${server.url}/api/v1/gallery${path}`);
  return z.object({ collection: z.string() }).parse(await answer.json()).collection;
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

async function commandFails(...words: readonly string[]): Promise<{ readonly errors: string }> {
  const { stderr } = await runCommand(words, { data: server.data });
  return { errors: stderr };
}
