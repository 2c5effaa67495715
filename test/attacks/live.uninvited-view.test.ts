// Components are registered for everybody, but the pages that contain some of them are not for everybody. A stranger
// asks for such a component by its name alone, or has an event of theirs run its listeners and reads what comes back.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { html } from "gatehouse/html";
import { live, liveEvent, reply } from "gatehouse/live";
import { openLiveKit, type LiveVisitor } from "gatehouse/testing";
import { z } from "zod";
import { Client } from "../support/client.ts";
import { runCommand, startServer } from "../support/server-process.ts";

const SECRET = "revenue 1,234,572";
const bought = liveEvent<{ readonly points: number }>("shop.bought");
let credited = 0;

const shop = live("shop", {
  state: z.object({}),
  emits: [bought],
  mount: () => ({}),
  actions: (action) => ({
    buy: action({ authorise: "public", rateLimit: 1 }, () => reply({ emit: [bought({ points: 5 })] })),
  }),
  render: ({ act }) => html`<button ${act.buy()}>Buy</button>`,
});

const loyalty = live("loyalty", {
  state: z.object({ points: z.int() }),
  mount: ({ previous }) => previous ?? { points: 0 },
  on: (on) => [
    on(bought, ({ state }, { points }) => {
      credited += points;
      return { points: state.points + points };
    }),
  ],
  actions: () => ({}),
  render: ({ state }) => html`<p>${state.points}</p>`,
});

const board = live("board", {
  state: z.object({ figures: z.string() }),
  visible: ({ principal }) => principal.grants.has("operator"),
  mount: () => ({ figures: SECRET }),
  on: (on) => [on(bought, ({ state }) => state)],
  actions: (action) => ({
    note: action({ authorise: "public", input: z.object({ text: z.string().min(1) }) }, () => undefined),
  }),
  render: ({ state, act }) =>
    html`<p>${state.figures}</p>
      <form ${act.note.form}>${act.note.fields}<input ${act.note.field("text")} /></form>`,
});

/** Not secret, but shown on one page only. */
const corner = live("corner", {
  state: z.object({ text: z.string() }),
  mount: () => ({ text: SECRET }),
  actions: (action) => ({
    note: action({ authorise: "public", input: z.object({ text: z.string().min(1) }) }, () => undefined),
  }),
  render: ({ state }) => html`<p>${state.text}</p>`,
});

const openKit = () =>
  openLiveKit({
    components: [shop, loyalty, board, corner],
    page: async (pages, inbound) => [
      await pages.mount(shop, { inbound }),
      await pages.mount(loyalty, { inbound }),
      await pages.mount(board, { inbound }),
    ],
  });

async function post(visitor: LiveVisitor, path: string, body: object) {
  const response = await visitor.request(`/api/livecomponents/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": visitor.csrfToken },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

describe("a component that its caller was not given", () => {
  it("is not loaded, whatever is said to be known of it", async () => {
    await using kit = await openKit();
    const visitor = await kit.visit();
    for (const component_id of ["board:main", "corner:main", "corner:other"]) {
      for (const known of [{}, { base_version: 0 }, { base_version: 3, base_tag: "x" }, { seed: "AgAAAAA=" }]) {
        const { status, text } = await post(visitor, "load", { components: [{ component_id, ...known }] });
        assert.deepEqual([status, text.includes(SECRET), text.includes('"gone":true')], [200, false, true], text);
      }
    }
  });

  it("is not shown around a refused form", async () => {
    await using kit = await openKit();
    const visitor = await kit.visit();
    for (const component of ["board:main", "corner:main"]) {
      const fields = { _component_id: component, _action: "note", _csrf_token: visitor.csrfToken, text: "" };
      const response = await visitor.request("/api/livecomponents/action", {
        method: "POST",
        headers: { accept: "text/html" },
        body: new URLSearchParams(fields),
      });
      assert.equal(response.status, 409);
      assert.ok(!(await response.text()).includes(SECRET));
    }
  });

  it("is not part of a page, and its actions are refused, where it is not visible to who asks", async () => {
    await using kit = await openKit();
    const visitor = await kit.visit();
    const page = await (await visitor.request("/")).text();
    assert.ok(page.includes('data-live="shop:main"') && !page.includes("board:main") && !page.includes(SECRET));
    const answer = await post(visitor, "action", { component_id: "board:main", action: "note", params: { text: "x" } });
    assert.equal(answer.status, 403, answer.text);
    assert.ok(!answer.text.includes(SECRET));
  });

  it("does not hear events, under however many names it is said to be on the page", async () => {
    await using kit = await openKit();
    const visitor = await kit.visit();
    credited = 0;
    const invented = Array.from({ length: 48 }, (_, index) => ({ component_id: `loyalty:made-up-${index}` }));
    const others = [...invented, { component_id: "board:main" }];
    const { status, text } = await post(visitor, "action", { component_id: "shop:main", action: "buy", others });
    assert.deepEqual([status, credited, text.includes(SECRET)], [200, 0, false]);
  });

  it("hears them where it was given, once", async () => {
    await using kit = await openKit();
    const visitor = await kit.visit();
    credited = 0;
    const page = await (await visitor.request("/")).text();
    const seed = /data-live="loyalty:main"[^>]*data-live-seed="([^"]+)"/.exec(page)?.[1];
    const others = [{ component_id: "loyalty:main", base_version: 0, seed }];
    const { status } = await post(visitor, "action", { component_id: "shop:main", action: "buy", others });
    assert.deepEqual([status, credited], [200, 5]);
  });
});

describe("actions that are not a component's", () => {
  it("cannot be named by a browser, even where the entrance knows them", async () => {
    await using kit = await openKit();
    const visitor = await kit.visit();
    const inherited = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];
    const names = [["live", "load"], ...inherited.map((name) => ["shop", name]), ["shop", "sell"], ["nothing", "buy"]];
    for (const [component, action] of names) {
      const body = { component_id: `${component}:main`, action, params: { components: [] } };
      const { status, text } = await post(visitor, "action", body);
      assert.equal(status, 404, `${component}.${action}: ${text}`);
    }
    assert.deepEqual(kit.errors, []);
  });
});

describe("the console's components", () => {
  it("are for operators alone, whoever asks for them by name", async () => {
    await using server = await startServer();
    const reason = "investigation 4711";
    const banned = await runCommand(["bans", "add", "ip", "203.0.113.77", "--reason", reason], { data: server.data });
    assert.equal(banned.code, 0, banned.stderr);
    using client = new Client({ url: server.url });
    await client.open("/events/anna-and-ben");
    const components = [{ component_id: "console-bans:main", base_version: 0 }];
    const headers = { "x-csrf-token": client.token };
    const loaded = await client.post("/api/livecomponents/load", { components }, { headers });
    assert.deepEqual([loaded.status, loaded.text.includes(reason)], [200, false]);
    const call = { component_id: "console-bans:main", action: "lift", params: { id: "x" } };
    const lifted = await client.post("/api/livecomponents/action", call, { headers });
    assert.deepEqual([lifted.status, lifted.text.includes(reason)], [401, false], lifted.text);
    const form = { _component_id: "console-bans:main", _action: "lift", id: "", _csrf_token: client.token ?? "" };
    const refused = await client.post("/api/livecomponents/action", new URLSearchParams(form), {
      headers: { accept: "text/html" },
    });
    assert.ok(refused.status >= 400 && !refused.text.includes(reason), refused.text);
  });
});
