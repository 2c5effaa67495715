import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import type { HttpBindings } from "@hono/node-server";
import type { BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { contextWithoutScripts, describeBrowsers, type Engine } from "../../../../test/support/browsers.ts";
import { html } from "../html/html.ts";
import type { EdgeHandler } from "../http/edge.ts";
import { listen, type Listening } from "../http/server.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { readClientBundle } from "./client-bundle.ts";
import { live } from "./component.ts";
import { upload } from "./upload.ts";

const album = live("album", {
  state: z.object({ names: z.array(z.string()) }),
  mount: ({ previous }) => previous ?? { names: [] },
  uploads: {
    photo: upload({ accept: ["image/png"], maxBytes: 300_000, maxFiles: 3, required: true, authorise: "public" }),
  },
  actions: (action) => ({
    add: action(
      {
        input: z.object({ title: z.string().min(3, "Longer.") }),
        uploads: ["photo"],
        authorise: "public",
        commutes: true,
      },
      ({ state }, { title, photo }) => ({ names: [...state.names, ...photo.map(({ name }) => `${title}/${name}`)] }),
    ),
    touch: action({ authorise: "public", commutes: true }, ({ state }) => state),
  }),
  render: ({ state, act }) => html`<form ${act.add.form}>
      ${act.add.fields}
      <label>Title <input id="title" ${act.add.field("title")} /></label>${act.add.error("title")}
      ${act.add.upload("photo", { label: "Photos" })}
      <button id="add">Add</button>
    </form>
    <button id="touch" ${act.touch()}>Touch</button>
    <ol>
      ${state.names.map((name) => html`<li>${name}</li>`)}
    </ol>`,
});

const portrait = live("portrait", {
  state: z.object({ name: z.string() }),
  mount: ({ previous }) => previous ?? { name: "" },
  uploads: { face: upload({ accept: ["image/png"], maxBytes: 300_000, authorise: "public" }) },
  actions: (action) => ({
    set: action({ uploads: ["face"], authorise: "public" }, (_context, { face }) => ({ name: face[0]?.name ?? "" })),
  }),
  render: ({ state, act }) => html`<form ${act.set.form}>
      ${act.set.fields}${act.set.upload("face", { label: "Face" })}
      <button id="set">Set</button>
    </form>
    <ol>
      ${state.name !== "" && html`<li>${state.name}</li>`}
    </ol>`,
});

function png(name: string, bytes = 1000): { name: string; mimeType: string; buffer: Buffer } {
  const head = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "latin1");
  return { name, mimeType: "image/png", buffer: Buffer.concat([head, Buffer.alloc(bytes - head.length, 7)]) };
}

let kit: LiveKit;
let server: Listening;
/** What becomes of an upload on its way: its answer, or nothing where the connection is lost. */
let wire: (answer: () => Promise<Response>, name: string, gone: AbortSignal) => Promise<Response | undefined>;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let scripts: string[];

async function throughWire(...[request, connection, bindings]: Parameters<EdgeHandler>): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith(".js")) scripts.push(pathname);
  const answer = async (): Promise<Response> => kit.handler(request, connection, bindings);
  if (pathname !== "/api/livecomponents/upload") return answer();
  const response = await wire(answer, request.headers.get("x-upload-name") ?? "", request.signal);
  if (response !== undefined) return response;
  // What `listen` passes along.
  (bindings as HttpBindings).incoming.socket.destroy();
  return new Response();
}

function serve(open: (engine: Engine) => Promise<BrowserContext>, engine: Engine, component = album): void {
  beforeEach(async () => {
    kit = await openLiveKit({ components: [component], client: readClientBundle() });
    wire = (answer) => answer();
    server = await listen({ handler: throughWire, port: 0 });
    context = await open(engine);
    complaints = [];
    scripts = [];
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    const url = new URL(server.url);
    url.hostname = "localhost";
    await page.goto(url.href);
  });
  afterEach(async () => {
    await context.close();
    await server[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
  });
}

/** Waits without evaluating text in the page, which its policy forbids. */
async function until(condition: string): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await page.waitForTimeout(25))
    if ((await page.evaluate(condition)) === true) return;
  throw new Error(`It never came to ${condition}: ${await page.textContent("main")}`);
}

const items = async (): Promise<string[]> => page.locator("[data-live-upload] li span").allTextContents();
const names = async (): Promise<string[]> => page.locator("ol li").allTextContents();
const state = (state: string, count = 1): Promise<unknown> =>
  until(`document.querySelectorAll('li[data-live-state="${state}"]').length === ${count}`);
const spoken = (text: string): Promise<unknown> =>
  until(`document.querySelector(".live-status").textContent.includes(${JSON.stringify(text)})`);

describeBrowsers("an upload field", (engine) => {
  serve(({ browser }) => browser.newContext(), engine);
  beforeEach(async () => {
    await until(`"liveComponent" in window`);
    for (const end = Date.now() + 15_000; Date.now() < end && scripts.length < 2;) await page.waitForTimeout(20);
    await page.waitForTimeout(50);
  });

  it("uploads what is chosen at once, and the form sends what stands for it", async () => {
    await page.setInputFiles("[type=file]", [png("a.png"), png("b.png", 200_000)]);
    await state("done", 2);
    assert.deepEqual(await items(), ["a.png: is uploaded", "b.png: is uploaded"]);
    await spoken("is uploaded.");
    await page.fill("#title", "Fair");
    await page.click("#add");
    await until(`document.querySelectorAll("ol li").length === 2`);
    assert.deepEqual(await names(), ["Fair/a.png", "Fair/b.png"]);
    assert.deepEqual(await items(), [], "what was sent is used up");
    await page.setInputFiles("[type=file]", [png("c.png")]);
    await state("done");
    await page.fill("#title", "Again");
    await page.click("#add");
    await until(`document.querySelectorAll("ol li").length === 3`);
    assert.deepEqual(complaints, []);
    assert.deepEqual(kit.errors, []);
    assert.match(scripts[1] ?? "", /client\.upload\.[0-9a-f]{16}\.js$/);
  });

  it("uploads a file whose long name is cut in the middle of a character", async () => {
    await page.setInputFiles("[type=file]", [png(`${"\u{1f600}".repeat(110)}a.png`)]);
    await state("done");
    assert.match((await items())[0] ?? "", /a\.png: is uploaded$/);
    assert.deepEqual(complaints, []);
  });

  it("keeps its files when new content comes, and when the form is refused", async () => {
    await page.setInputFiles("[type=file]", [png("a.png")]);
    await state("done");
    await page.click("#touch");
    await page.fill("#title", "x");
    await page.click("#add");
    await until(`document.querySelector("[data-live-error=title]").textContent === "Longer."`);
    assert.deepEqual(await items(), ["a.png: is uploaded"]);
    await page.fill("#title", "Fair");
    await page.click("#add");
    await until(`document.querySelectorAll("ol li").length === 1`);
  });

  it("says what is wrong with a file, and lets it be removed", async () => {
    await page.setInputFiles("[type=file]", [
      png("huge.png", 400_000),
      { name: "lie.png", mimeType: "image/png", buffer: Buffer.from("<script>alert(1)</script>") },
    ]);
    await state("failed", 2);
    assert.deepEqual(await items(), [
      "huge.png: The file is too large.",
      "lie.png: This is not a file of an accepted type: PNG.",
    ]);
    await page.fill("#title", "Fair");
    await page.click("#add");
    await spoken("Try it again or remove it.");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Remove");
    for (const name of ["huge.png", "lie.png"]) await page.click(`[aria-label="Remove: ${name}"]`);
    assert.deepEqual(await items(), []);
    await page.click("#add");
    await until(`document.querySelector("[data-live-error=photo]").textContent !== ""`);
    assert.equal(await page.textContent("[data-live-error=photo]"), "Please choose a file.");
    await page.setInputFiles("[type=file]", [png("1.png"), png("2.png"), png("3.png"), png("4.png")]);
    await until(`document.querySelector("[data-live-error=photo]").textContent === "At most 3 files are accepted."`);
    await state("done", 3);
  });

  it("sends a file again that did not get through, alone", async () => {
    // Browsers repeat a request on a connection that was kept, by themselves: it has to fail for a while.
    let lost = true;
    wire = (answer, name) => (lost && name === "a.png" ? Promise.resolve(undefined) : answer());
    await page.setInputFiles("[type=file]", [png("a.png"), png("b.png")]);
    await state("done");
    await state("failed");
    assert.ok((await items()).some((text) => text.endsWith("The connection was lost.")));
    lost = false;
    await page.click('[aria-label="Try again: a.png"]');
    await state("done", 2);
  });

  it("says at the field why a form with a failed file is not sent, and shows where the focus went", async () => {
    wire = (answer, name) => (name === "a.png" ? Promise.resolve(undefined) : answer());
    await page.setInputFiles("[type=file]", [png("a.png")]);
    await state("failed");
    await page.click("#add");
    const told = "[data-live-upload] [data-live-error]";
    assert.equal(await page.textContent(told), "A file was not uploaded. Try it again or remove it.");
    assert.ok(await page.isVisible(told));
    const retry = '[aria-label="Try again: a.png"]';
    const ring = (): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector('${retry}')).outlineStyle`);
    assert.equal(await page.evaluate(`document.activeElement.getAttribute("aria-label")`), "Try again: a.png");
    assert.notEqual(await ring(), "none");
    await page.focus("#title");
    assert.equal(await ring(), "none");
    await page.click('[aria-label="Remove: a.png"]');
    assert.equal(await page.textContent(told), "");
  });

  it("gets a new security token when its own has expired", async () => {
    await page.evaluate(`liveComponent.setCsrfToken("expired")`);
    await page.setInputFiles("[type=file]", [png("a.png")]);
    await state("done");
  });

  it("ends an upload that is under way, and lets a form wait for the others", async () => {
    const held = Promise.withResolvers<void>();
    wire = async (answer) => {
      await held.promise;
      return answer();
    };
    await page.setInputFiles("[type=file]", [png("a.png"), png("b.png")]);
    await state("sending", 2);
    await page.click('[aria-label="Remove: a.png"]');
    await page.fill("#title", "Fair");
    await page.click("#add");
    await spoken("the form is sent after them");
    assert.deepEqual(await names(), []);
    held.resolve();
    await until(`document.querySelectorAll("ol li").length === 1`);
    assert.deepEqual(await names(), ["Fair/b.png"]);
    assert.deepEqual(complaints, []);
  });
});

describeBrowsers("an upload field for one file", (engine) => {
  serve(({ browser }) => browser.newContext(), engine, portrait);
  beforeEach(() => until(`"liveComponent" in window`));

  it("ends the upload of a file that another takes the place of", async () => {
    const ended: string[] = [];
    wire = async (answer, name, signal) => {
      if (name !== "a.png") return answer();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended.push(name);
      return undefined;
    };
    await page.setInputFiles("[type=file]", [png("a.png")]);
    await state("sending");
    await page.setInputFiles("[type=file]", [png("b.png")]);
    await state("done");
    assert.deepEqual(await items(), ["b.png: is uploaded"]);
    for (const end = Date.now() + 20_000; Date.now() < end && ended.length === 0;) await page.waitForTimeout(25);
    assert.deepEqual(ended, ["a.png"]);
    await page.click("#set");
    await until(`document.querySelectorAll("ol li").length === 1`);
    assert.deepEqual(await names(), ["b.png"]);
    assert.deepEqual(complaints, []);
  });
});

describeBrowsers("an upload field without scripts", (engine) => {
  serve(contextWithoutScripts, engine);

  it("sends its files with the form, and keeps what was accepted when that is refused", async () => {
    await page.setInputFiles("[type=file]", [png("a.png"), png("b.png")]);
    await page.fill("#title", "x");
    await page.click("#add");
    await page.waitForSelector("text=Longer.");
    assert.equal(await page.locator("[data-live-reference]").count(), 2);
    assert.equal(await page.getAttribute("[type=file]", "required"), null);
    await page.locator("[data-live-reference]").first().uncheck();
    await page.fill("#title", "Fair");
    await page.click("#add");
    await page.waitForSelector("ol li");
    assert.deepEqual(await names(), ["Fair/b.png"]);
    assert.equal(new URL(page.url()).pathname, "/");
  });

  it("says next to it what is wrong with a file", async () => {
    await page.setInputFiles("[type=file]", [png("huge.png", 400_000)]);
    await page.fill("#title", "Fair");
    await page.click("#add");
    await page.waitForSelector("text=The file is too large");
    assert.equal(await page.inputValue("#title"), "Fair");
  });
});
