import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { devices, type Browser, type BrowserContext, type Page } from "playwright-core";
import type { MediaAsset } from "gatehouse/kernel";
import { freePort, skipWithoutClamd, startClamd } from "gatehouse/testing";
import { launchBrowser } from "../support/browser.ts";
import { until } from "../support/collections.ts";
import { operate } from "../support/gallery-people.ts";
import { MeteredLine } from "../support/metered-line.ts";
import { makePhonePhotos, pixelsOf, readTags, type PhonePhoto } from "../support/phone-photos.ts";
import { startServer, type ServerProcess } from "../support/server-process.ts";

const PHOTOS = 20;
/** Milliseconds for which a busy machine is waited for: less than a test may take, so that it can say what it waited for. */
const PATIENCE = 80_000;
/** What says how a picture is made up, and nothing about who made it, where and when. */
const STRUCTURE =
  /^((ExifTool|System|JFIF|ICC_Profile|ICC-\w+|RIFF|PNG-pHYs):\w+|File:(?!Comment)\w+|Composite:(ImageSize|Megapixels)|IFD0:Orientation|PNG:(ImageWidth|ImageHeight|BitDepth|ColorType|Compression|Filter|Interlace))$/;

interface Album {
  readonly id: string;
  readonly path: string;
}

/** A photo as the API of the gallery tells it. */
interface Delivered {
  readonly id: string;
  readonly forms: Readonly<Record<string, { readonly address: string; readonly type: string } | undefined>>;
}

/** The link of a new join token for the event that every new gallery has. */
async function inviteTo(server: ServerProcess, scopes: readonly string[]): Promise<Album> {
  const { tokens } = (await operate(server, "join-tokens.list", {})) as { tokens: { collection: string }[] };
  const input = { collection: tokens[0]?.collection ?? "", label: "Phones", scopes };
  const { path } = (await operate(server, "join-tokens.create", input)) as { path: string };
  return { id: input.collection, path };
}

/** A phone at an address of the gallery, inside by the code of a table. */
async function comeIn(browser: Browser, url: string, path: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext(devices["Pixel 7"]);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(url + path);
  await page.getByRole("button", { name: "Come in" }).click();
  await page.getByRole("heading", { level: 1, name: "Anna & Ben" }).waitFor();
  return { context, page };
}

async function assetsOf(server: ServerProcess, { id }: Album): Promise<readonly MediaAsset[]> {
  const answer = await operate(server, "media.assets.list", { collection: id, limit: 200 });
  return (answer as { assets: MediaAsset[] }).assets;
}

/** What an album holds, once all of it is published. */
async function published(server: ServerProcess, album: Album): Promise<readonly MediaAsset[]> {
  let assets: readonly MediaAsset[] = [];
  await until(async () => {
    assets = await assetsOf(server, album);
    return assets.every(({ state }) => state === "published");
  }, PATIENCE).catch((cause: unknown) => {
    const states = assets.map(({ name, state, findings }) => `${name}: ${state} ${JSON.stringify(findings)}`);
    throw new Error(`Not everything was published:\n${states.join("\n")}`, { cause });
  });
  return assets;
}

async function photosFor(context: BrowserContext, url: string): Promise<readonly Delivered[]> {
  const answer = await context.request.get(`${url}/api/v1/gallery/events/anna-and-ben/photos?limit=100`);
  assert.equal(answer.status(), 200);
  return ((await answer.json()) as { photos: Delivered[] }).photos;
}

/** Saves a form of every photo, as it is delivered; their paths. */
async function save(
  { context, url }: { readonly context: BrowserContext; readonly url: string },
  photos: readonly Delivered[],
  { variant, directory }: { readonly variant: string; readonly directory: string },
): Promise<readonly string[]> {
  await mkdir(directory);
  const paths: string[] = [];
  for (const { id, forms } of photos) {
    const answer = await context.request.get(new URL(forms[variant]?.address ?? "", url).href);
    assert.equal(answer.status(), 200);
    const path = join(directory, `${id}.${forms[variant]?.type.split("/")[1] ?? ""}`);
    await writeFile(path, await answer.body());
    paths.push(path);
  }
  return paths;
}

async function assertTellsNothing(paths: readonly string[]): Promise<void> {
  for (const { file, tags } of await readTags(paths)) {
    const telling = tags.filter(([tag]) => !STRUCTURE.test(tag));
    assert.deepEqual(telling, [], file);
  }
}

/** Chooses photos, and has the network and the server fail while they are under way. */
async function sendThroughTrouble(
  phone: { readonly context: BrowserContext; readonly page: Page },
  photos: readonly PhonePhoto[],
  { line, server, restart }: Trouble,
): Promise<ServerProcess> {
  const { context, page } = phone;
  const total = photos.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = (state: string) => page.locator(`[data-upload-state=${state}]`);
  line.allow(Math.floor(total * 0.35));
  await page.getByLabel("Choose photos").setInputFiles(photos.map(({ path }) => path));
  await until(() => line.isHolding);
  // Three are under way at once, so that of seven some are there; the rest has not left the phone.
  await rows("done").first().waitFor();
  await context.setOffline(true);
  line.cut();
  await rows("retrying").first().waitFor();
  assert.ok((await rows("done").count()) < PHOTOS);
  line.allow(Math.floor(total * 0.3));
  await context.setOffline(false);
  await until(() => line.isHolding);
  await server.kill();
  assert.ok((await rows("done").count()) < PHOTOS);
  const next = await restart();
  line.allow(Infinity);
  await until(async () => (await rows("done").count()) === PHOTOS, PATIENCE).catch(async (cause: unknown) => {
    const states = await page.locator("[data-upload-state]").allInnerTexts();
    throw new Error(`Not all photos came:\n${states.join("\n")}`, { cause });
  });
  return next;
}

interface Trouble {
  readonly line: MeteredLine;
  readonly server: ServerProcess;
  readonly restart: () => Promise<ServerProcess>;
}

describe("a guest with a phone", { skip: skipWithoutClamd() }, () => {
  it("brings twenty photos through a dead network and a killed server, each once, and nothing they tell", async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-phone-"));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const [data, port, browser, clamd] = await Promise.all([
      mkdir(join(directory, "data")).then(() => join(directory, "data")),
      freePort(),
      launchBrowser(),
      startClamd({ signatures: { at: Date.now(), version: 1 } }),
    ]);
    stack.use(clamd);
    stack.defer(() => browser.close());
    await mkdir(join(directory, "phone"));
    const photos = await makePhonePhotos(join(directory, "phone"), PHOTOS);
    const environment = { GATEHOUSE_MEDIA_SCANNER_ADDRESS: clamd.address };
    const restart = async (): Promise<ServerProcess> => stack.use(await startServer({ data, port, environment }));
    let server = await restart();
    const line = stack.use(await MeteredLine.to(port));
    const url = `http://localhost:${line.port}`;
    const album = await inviteTo(server, ["view", "upload"]);
    const phone = await comeIn(browser, url, album.path);
    const complaints: string[] = [];
    phone.page.on("pageerror", (error) => complaints.push(String(error)));

    server = await sendThroughTrouble(phone, photos, { line, server, restart });
    const assets = await published(server, album);
    const received = assets.map(({ name, findings }) => `${name} ${findings.sha256 ?? ""}`);
    const chosen = photos.map(({ name, sha256 }) => `${name} ${sha256}`);
    assert.deepEqual(received.toSorted(), chosen.toSorted(), "each is there once, as it was on the phone");
    assert.ok(
      assets.every(({ scannedBy }) => scannedBy?.startsWith("ClamAV")),
      "the scanner has looked at it",
    );

    // The page was open all the time, and fills by itself.
    await until(async () => (await phone.page.locator(".photos img").count()) === PHOTOS);
    const tiles = await phone.page.locator(".photos > li").evaluateAll((items) => items.map(({ id }) => id));
    assert.deepEqual(tiles.toSorted(), assets.map(({ id }) => `photo-${id}`).toSorted());
    const visible = await photosFor(phone.context, url);
    assert.ok(visible.every(({ forms }) => forms["original"] === undefined));
    const views = await save({ context: phone.context, url }, visible, {
      variant: "view",
      directory: join(directory, "views"),
    });
    await assertTellsNothing(views);

    const { path } = await inviteTo(server, ["view", "download"]);
    const friend = await comeIn(browser, url, path);
    const originals = await save({ context: friend.context, url }, await photosFor(friend.context, url), {
      variant: "original",
      directory: join(directory, "originals"),
    });
    await assertTellsNothing(originals);
    const pixels = await Promise.all(originals.map(async (file) => pixelsOf(await readFile(file))));
    assert.deepEqual(pixels.toSorted(), photos.map((photo) => photo.pixels).toSorted());
    const files = await Promise.all(
      originals.map(async (file) =>
        createHash("sha256")
          .update(await readFile(file))
          .digest("hex"),
      ),
    );
    assert.ok(
      files.every((sha256) => photos.every((photo) => photo.sha256 !== sha256)),
      "no file is delivered as it came",
    );
    assert.deepEqual(complaints, []);
  });
});
