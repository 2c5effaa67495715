// A visitor names a component that no page has ever shown them, such as a part of the operators' console, and asks for
// its content: by loading it, by a form of it that is refused, or as a listener of what their own component emits.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { live, liveEvent, reply } from "gatehouse/live";
import { openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";
import { startWorkshop, visitWorkshop } from "../support/workshop.ts";

const ordered = liveEvent<{ name: string }>("shop.ordered");

/** Only pages for the staff mount it. Its actions have a rule; its content is what the page's own rule protects. */
const ledger = live("ledger", {
  state: z.object({ lines: z.array(z.string()) }),
  mount: ({ previous }) => previous ?? { lines: ["TAKINGS-OF-THE-DAY"] },
  actions: (action) => ({
    strike: action({ input: z.object({ line: z.int() }), authorise: () => false, anonymous: true }, () => ({
      lines: [],
    })),
  }),
  on: (on) => [on(ordered, ({ state }, { name }) => ({ lines: [...state.lines, name] }))],
  render: ({ state }) => html`<ul>
    ${state.lines.map((line) => html`<li>${line}</li>`)}
  </ul>`,
});

const shop = live("shop", {
  state: z.object({}),
  mount: () => ({}),
  emits: [ordered],
  actions: (action) => ({
    order: action({ authorise: "public" }, () => reply({ emit: [ordered({ name: "Album" })] })),
  }),
  render: ({ act }) => html`<button ${act.order()}>Order</button>`,
});

function open(): Promise<LiveKit> {
  return openLiveKit({ components: [ledger, shop], page: (mounted, inbound) => mounted.mount(shop, { inbound }) });
}

function post(visitor: LiveVisitor, path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const sent = { _csrf_token: visitor.csrfToken, ...body };
  return visitor.request(`/api/livecomponents/${path}`, { method: "POST", headers, body: JSON.stringify(sent) });
}

describe("a component that no page has shown", () => {
  it("is not loaded, with or without a version", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    for (const more of [{}, { base_version: 0 }, { base_version: 7, base_tag: "x" }, { seed: "bm90IGEgc2VlZA==" }]) {
      const response = await post(visitor, "load", { components: [{ component_id: "ledger:main", ...more }] });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assert.deepEqual(JSON.parse(text).components, [{ component_id: "ledger:main", gone: true }]);
    }
  });

  it("is not shown around a form that is refused", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const body = new URLSearchParams({
      ...{ _component_id: "ledger:main", _action: "strike", _csrf_token: visitor.csrfToken, line: "none" },
    });
    const headers = { accept: "text/html" };
    const response = await visitor.request("/api/livecomponents/action", { method: "POST", headers, body });
    const text = await response.text();
    assert.doesNotMatch(text, /TAKINGS/);
    assert.equal(response.status, 409);
  });

  it("hears nothing of what the visitor's own component emits", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const others = [{ component_id: "ledger:main", base_version: 0 }];
    const response = await post(visitor, "action", { component_id: "shop:main", action: "order", others });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.doesNotMatch(text, /TAKINGS/);
    assert.deepEqual(kit.errors, []);
  });
});

describe("the operators' list of bans", () => {
  it("is not shown to somebody who knows its name", async () => {
    await using server = await startWorkshop();
    const visitor = await visitWorkshop(server);
    const bans = { id: "console-bans:main", version: 0, seed: undefined };
    const loaded = await visitor.post(
      "/api/livecomponents/load",
      { components: [{ component_id: bans.id }] },
      { headers: { "x-csrf-token": visitor.token } },
    );
    assert.equal(loaded.status, 200, loaded.text);
    assert.deepEqual(loaded.json.components, [{ component_id: bans.id, gone: true }]);
    const lifted = await visitor.act(bans, "lift", { id: "any" });
    assert.equal(lifted.status, 401, lifted.text);
    assert.doesNotMatch(loaded.text + lifted.text, /No bans are in force|Bans in force/);
  });
});
