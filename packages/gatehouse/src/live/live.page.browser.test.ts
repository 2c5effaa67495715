import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { describeBrowsers, type Engine } from "../../../../test/support/browsers.ts";
import { html } from "../html/html.ts";
import { listen, type Listening } from "../http/server.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { readClientBundle } from "./client-bundle.ts";
import { live } from "./component.ts";
import { reply } from "./effects.ts";
import { expecting } from "./expecting.ts";
import { liveEvent } from "./live-event.ts";

const added = liveEvent<{ readonly price: number }>("cart.added");

const product = live("product", {
  props: z.object({ name: z.string() }),
  state: z.object({ added: z.int() }),
  emits: [added],
  mount: ({ previous }) => previous ?? { added: 0 },
  actions: (action) => ({
    add: action({ authorise: "public", commutes: true, repeats: true }, ({ state }) =>
      reply({ state: { added: state.added + 1 }, emit: [added({ price: 10 })] }),
    ),
  }),
  render: ({ state, props, act }) =>
    html`<b>${props.name}</b> <i>${state.added}</i> <input aria-label="Note for ${props.name}" />
      <button ${act.add()}>Buy ${props.name}</button>`,
});

const cart = live("cart", {
  mode: "sealed",
  state: z.object({ total: z.int() }),
  mount: ({ previous }) => previous ?? { total: 0 },
  on: (on) => [on(added, ({ state }, { price }) => ({ total: state.total + price }))],
  actions: (action) => ({ empty: action({ authorise: "public" }, () => ({ total: 0 })) }),
  render: ({ state, act }) => html`<output id="total">${state.total}</output><button ${act.empty()}>Empty</button>`,
});

const shop = live("shop", {
  state: z.object({ names: z.array(z.string()) }),
  mount: ({ previous }) => previous ?? { names: ["Album"] },
  actions: (action) => ({
    offer: action({ authorise: "public", input: z.object({ name: z.string() }) }, ({ state }, { name }) => ({
      names: [name, ...state.names],
    })),
    withdraw: action({ authorise: "public" }, ({ state }) => ({ names: state.names.slice(1) })),
  }),
  render: ({ state, act, child }) => html`
    <button ${act.offer({ name: "Frame" })}>Offer frames</button> <button ${act.withdraw()}>Withdraw</button>
    <ul>
      ${state.names.map((name) => html`<li data-key=${name}>${child(product, { props: { name } })}</li>`)}
    </ul>
    ${child(cart, { load: { when: "deferred", placeholder: html`<p>The cart is on its way</p>` } })}
  `,
});

const below = live("below", {
  state: z.object({}),
  mount: () => ({}),
  actions: () => ({}),
  render: () => html`<p id="below">Here at last</p>`,
});

const holder = live("holder", {
  state: z.object({}),
  mount: () => ({}),
  actions: () => ({}),
  render: ({ child }) => html`<pre>${"line\n".repeat(300)}</pre>${child(below, { load: { when: "visible" } })}`,
});

let ticks = 0;
const clock = live("clock", {
  mode: "none",
  poll: 1,
  state: z.object({ ticks: z.int() }),
  mount: () => ({ ticks }),
  actions: () => ({}),
  render: ({ state }) => html`<output id="clock">${state.ticks}</output>`,
});

let answerLoad: Promise<unknown> = Promise.resolve();
let level = 8;
const gauge = live("gauge", {
  mode: "none",
  poll: 1,
  state: z.object({ level: z.int() }),
  mount: () => ({ level }),
  actions: (action) => ({
    raise: action({ authorise: "public", rateLimit: 1000 }, () => {
      level += 99_000;
    }),
  }),
  render: ({ state, act }) => html`<output id="level">${state.level}</output> <button ${act.raise()}>Raise</button>
    <ul>${Array.from({ length: 20 }, (_, index) => html`<li>Always the same ${index}</li>`)}</ul>`,
});

let answerLike: Promise<unknown> = Promise.resolve();
let refuses = false;
const like = live("like", {
  state: z.object({ liked: z.boolean() }),
  mount: ({ previous }) => previous ?? { liked: false },
  actions: (action) => ({
    set: action({ authorise: "public" }, ({ state }) =>
      refuses ? deny(problems.PERMISSION_DENIED, { detail: "The voting has ended." }) : { liked: !state.liked },
    ),
  }),
  render: ({ state, act }) =>
    html`<button
      id="like"
      aria-pressed="${state.liked}"
      ${act.set()}
      ${expecting({ "aria-pressed": String(!state.liked), text: state.liked ? "Like" : "Liked" })}
    >
      ${state.liked ? "Liked" : "Like"}
    </button>`,
});

const table = live("table", {
  state: z.object({ changed: z.int() }),
  mount: ({ previous }) => previous ?? { changed: 0 },
  actions: (action) => ({
    change: action({ authorise: "public" }, ({ state }) => ({ changed: state.changed + 1 })),
    save: action({ authorise: "public" }, () => reply({ effects: { download: "/?export=1" } })),
  }),
  render: ({ state, act }) => html`
    <button ${act.change()}>Change</button> <button ${act.save()}>Save</button>
    <table>
      ${Array.from(
        { length: 200 },
        (_, row) => html`<tr data-key=${row}>
          <td>${row}</td>
          <td id="cell-${row}">${row === 7 ? state.changed : "unchanged"}</td>
        </tr>`,
      )}
    </table>
  `,
});

const searchable = ["Basel", "Bergen", "Bern", "Berlin"];
const search = live("search", {
  state: z.object({ query: z.string() }),
  mount: ({ previous }) => previous ?? { query: "" },
  actions: (action) => ({
    search: action({ authorise: "public", input: z.object({ query: z.string() }) }, (_context, { query }) => ({
      query,
    })),
  }),
  render: ({ state: { query }, act }) => html`
    <form ${act.search.form}>
      ${act.search.fields} <input aria-label="City" value=${query} ${act.search.area("query")} ${act.search.typing} />
      <button>Search</button>
    </form>
    <output id="found">${searchable.filter((name) => name.includes(query)).join()}</output>
  `,
});

let kit: LiveKit;
let server: Listening;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let answers: { readonly path: string; readonly text: string }[];

function visit(engine: Engine, components: Parameters<typeof openLiveKit>[0]["components"], shown = components): void {
  beforeEach(async () => {
    [ticks, refuses, answerLike] = [0, false, Promise.resolve()];
    answers = [];
    kit = await openLiveKit({
      components,
      client: readClientBundle(),
      page: async (pages, inbound) => {
        const mounted = [];
        for (const component of shown) mounted.push(await pages.mount(component, { inbound }));
        return mounted;
      },
    });
    server = await listen({
      port: 0,
      handler: async (request, connection, bindings) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/favicon.ico") return new Response(undefined, { status: 204 });
        if (pathname.endsWith("/action")) await answerLike;
        const response = await kit.handler(request, connection, bindings);
        if (request.method === "POST") answers.push({ path: pathname, text: await response.clone().text() });
        if (pathname.endsWith("/load")) await answerLoad;
        return response;
      },
    });
    answerLoad = Promise.resolve();
    level = 8;
    context = await engine.browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    complaints = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(server.url);
  });
  afterEach(async () => {
    await context.close();
    await server[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 400, "It has not come about.");
    await delay(50);
  }
}

async function shows(selector: string, expected: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const text = (await page.locator(selector).allTextContents()).map((one) => one.trim()).join(" ");
    if (text === expected) return;
    if (tries === 200) assert.equal(text, expected);
    await delay(50);
  }
}

describeBrowsers("components inside components in a browser", (engine) => {
  visit(engine, [shop, product, cart], [shop]);

  it("load what comes later, and hear each other in one answer", async () => {
    await shows("#total", "0");
    assert.equal(answers.filter(({ path }) => path.endsWith("/load")).length, 1);
    await page.getByRole("button", { name: "Buy Album" }).click();
    await shows("#total", "10");
    await shows("i", "1");
    await page.getByRole("button", { name: "Buy Album" }).click();
    await shows("#total", "20");
    await page.getByRole("button", { name: "Empty" }).click();
    await shows("#total", "0");
    assert.equal(answers.filter(({ path }) => path.endsWith("/action")).length, 3);
    assert.deepEqual(complaints, []);
  });

  it("come and go with the content around them, which leaves those that stay alone", async () => {
    await shows("#total", "0");
    await page.getByRole("button", { name: "Buy Album" }).click();
    await shows("#total", "10");
    await page.getByLabel("Note for Album").fill("for grandma");
    await page.getByRole("button", { name: "Offer frames" }).click();
    await shows("b", "Frame Album");
    await shows("i", "0 1");
    assert.equal(await page.getByLabel("Note for Album").inputValue(), "for grandma");
    await page.getByRole("button", { name: "Buy Frame" }).click();
    await shows("#total", "20");
    await page.getByRole("button", { name: "Withdraw" }).click();
    await shows("b", "Album");
    assert.equal(await page.getByLabel("Note for Album").inputValue(), "for grandma");
    await page.reload();
    await shows("b", "Album");
    await shows("i", "1");
    assert.deepEqual(complaints, []);
  });
});

describeBrowsers("components that load when they are near, in a browser", (engine) => {
  visit(engine, [holder, below], [holder]);

  it("wait until then", async () => {
    await shows("#below", "");
    assert.equal(answers.length, 0);
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)");
    await shows("#below", "Here at last");
    assert.deepEqual(complaints, []);
  });
});

describeBrowsers("a component that polls, in a browser", (engine) => {
  visit(engine, [clock]);

  it("shows what is new by itself, and says nothing of what is not", async () => {
    await shows("#clock", "0");
    ticks = 5;
    await shows("#clock", "5");
    await delay(2500);
    const last = answers.at(-1);
    assert.ok(last?.path.endsWith("/load") && last.text.includes('"unchanged":true'), last?.text);
    assert.deepEqual(complaints, []);
  });
});

describeBrowsers("a press whose outcome is expected, in a browser", (engine) => {
  visit(engine, [like]);

  it("shows it at once, and keeps to what the server says", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answerLike = promise;
    await page.click("#like");
    await shows("#like", "Liked");
    assert.equal(await page.getAttribute("#like", "aria-pressed"), "true");
    resolve();
    await page.waitForSelector("#like:not([aria-disabled])");
    await shows("#like", "Liked");
    assert.equal(await page.getAttribute("#like", "aria-pressed"), "true");
    assert.deepEqual(complaints, []);
  });

  it("takes it back when it is refused, and says so", async () => {
    refuses = true;
    await page.click("#like");
    await page.waitForSelector("[data-live][data-live-error=PERMISSION_DENIED]");
    await shows(".live-alert", "The voting has ended.");
    await shows("#like", "Like");
    assert.equal(await page.getAttribute("#like", "aria-pressed"), "false");
    refuses = false;
    await page.click("#like");
    await page.waitForSelector("[data-live]:not([data-live-error])");
    await shows("#like", "Liked");
  });
});

describeBrowsers("a component that asks for news while its action runs, in a browser", (engine) => {
  visit(engine, [gauge]);

  it("puts what has changed into the content that it has changed in", async () => {
    const loads = (): string[] => answers.filter(({ path }) => path.endsWith("/load")).map(({ text }) => text);
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.click("text=Raise");
    await shows("#level", "99008");
    answerLoad = promise;
    level = 99_011;
    await until(() => loads().at(-1)?.includes('"patch"') === true);
    const held = loads().length;
    await page.click("text=Raise");
    await shows("#level", "198011");
    resolve();
    await until(() => loads().length >= held + 2);
    await shows("#level", "198011");
    assert.deepEqual(complaints, []);
  });
});

describeBrowsers("a form that is sent while one types, in a browser", (engine) => {
  visit(engine, [search]);

  it("is sent after a pause, and leaves the field alone", async () => {
    const field = page.getByLabel("City");
    await field.fill("Ber");
    await shows("#found", "Bergen,Bern,Berlin");
    await field.pressSequentially("l");
    await shows("#found", "Berlin");
    assert.deepEqual([await field.inputValue(), answers.length], ["Berl", 2]);
    assert.equal(await field.evaluate((element) => element.matches(":focus")), true);
    // Within the pause, however slow the machine is.
    await page.evaluate(`{
      const field = document.querySelector("[data-live-typing]");
      field.value = "Ber";
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      field.form.requestSubmit();
    }`);
    await shows("#found", "Bergen,Bern,Berlin");
    await delay(500);
    // What is sent at once is not sent again after the pause.
    assert.deepEqual([await field.inputValue(), answers.length], ["Ber", 3]);
    assert.deepEqual(complaints, []);
  });

  it("has one text on its way, and shows the newest last", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answerLike = promise;
    const field = page.getByLabel("City");
    await field.pressSequentially("Ba");
    await page.waitForSelector("[aria-busy]");
    for (const text of ["Be", "Berl"]) {
      await field.fill(text);
      await delay(400);
    }
    assert.equal(answers.length, 0);
    resolve();
    await shows("#found", "Berlin");
    assert.deepEqual([await field.inputValue(), answers.length], ["Berl", 2]);
    assert.deepEqual(complaints, []);
  });
});

describeBrowsers("a large component in a browser", (engine) => {
  visit(engine, [table]);

  it("is sent once, and then what changes in it", async () => {
    for (const expected of ["1", "2", "3"]) {
      await page.getByRole("button", { name: "Change" }).click();
      await shows("#cell-7", expected);
    }
    const sizes = answers.map(({ text }) => text.length);
    assert.ok((sizes[0] ?? 0) > 10_000, String(sizes));
    assert.ok((sizes[2] ?? Infinity) < 1000, answers[2]?.text);
    assert.deepEqual(complaints, []);
  });

  it("can have a file saved while the page stays", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save" }).click(),
    ]);
    assert.match(download.url(), /\/\?export=1$/);
    await shows("#cell-7", "0");
  });
});
