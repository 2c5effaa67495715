import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { html } from "../html/html.ts";
import { openLiveKit } from "../testing/live-kit.ts";
import type { LiveVisitor } from "../testing/live-visitor.ts";
import { live } from "./component.ts";
import { reply } from "./effects.ts";
import { liveEvent } from "./live-event.ts";

const added = liveEvent<{ readonly price: number }>("cart.added");

const product = live("product", {
  props: z.object({ name: z.string(), price: z.int() }),
  state: z.object({ added: z.int() }),
  emits: [added],
  mount: ({ previous }) => previous ?? { added: 0 },
  actions: (action) => ({
    add: action({ authorise: "public", commutes: true }, ({ state, props }) =>
      reply({ state: { added: state.added + 1 }, emit: [added({ price: props.price })] }),
    ),
  }),
  render: ({ state, props, act }) => html`<b>${props.name}</b><i>${state.added}</i><button ${act.add()}>Add</button>`,
});

const cart = live("cart", {
  state: z.object({ total: z.int() }),
  mount: ({ previous }) => previous ?? { total: 0 },
  on: (on) => [on(added, ({ state }, { price }) => ({ total: state.total + price }))],
  actions: (action) => ({ empty: action({ authorise: "public" }, () => ({ total: 0 })) }),
  render: ({ state, act }) => html`<output>${state.total}</output><button ${act.empty()}>Empty</button>`,
});

const shop = live("shop", {
  state: z.object({ names: z.array(z.string()) }),
  mount: ({ previous }) => previous ?? { names: ["Album"] },
  actions: (action) => ({
    offer: action({ authorise: "public", input: z.object({ name: z.string() }) }, ({ state }, { name }) => ({
      names: [...state.names, name],
    })),
  }),
  render: ({ state, child }) =>
    html`<ul>
        ${state.names.map((name) => html`<li data-key=${name}>${child(product, { props: { name, price: 10 } })}</li>`)}
      </ul>
      ${child(cart, { load: { when: "deferred", placeholder: "One moment" } })}`,
});

const components = [shop, product, cart];

async function post(visitor: LiveVisitor, path: string, body: object) {
  const response = await visitor.request(`/api/livecomponents/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": visitor.csrfToken },
    body: JSON.stringify(body),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- the test looks into answers of any shape
  const answer: any = await response.json();
  return { status: response.status, ...answer };
}

interface Found {
  readonly component_id: string;
  readonly base_version?: number;
  readonly seed: string;
}

/** The components of a page as a client knows them. */
function find(text: string, name: string): Found {
  const pattern = new RegExp(`<div\\s+data-live="(${name}:[^"]+)"([^>]*)>`);
  const [, id = "", rest = ""] = pattern.exec(text) ?? [];
  assert.notEqual(id, "", `${name} in ${text}`);
  const version = /data-live-version="(\d+)"/.exec(rest)?.[1];
  const seed = /data-live-seed="([^"]+)"/.exec(rest)?.[1] ?? "";
  return { component_id: id, seed, ...(version === undefined ? {} : { base_version: Number(version) }) };
}

async function open(visitor: LiveVisitor, path = "/"): Promise<string> {
  return (await visitor.request(path)).text();
}

const page = async (
  live: { mount: (component: typeof shop, options: { inbound: never }) => Promise<unknown> },
  inbound: unknown,
) =>
  // The kit passes its own inbound through.
  (await live.mount(shop, { inbound: inbound as never })) as never;

describe("components inside components", () => {
  it("are part of the page, each with its own state", async () => {
    await using kit = await openLiveKit({ components, page });
    const visitor = await kit.visit();
    const text = await open(visitor);
    assert.match(text, /<li data-key="Album"><div\s+data-live="product:main\.[0-9a-f]{16}"/);
    const answer = await post(visitor, "action", { ...find(text, "product"), action: "add" });
    assert.deepEqual([answer.status, answer.state], [200, { added: 1 }]);
    assert.match(await open(visitor), /<b>Album<\/b><i>1<\/i>/);
  });

  it("are left to the page that has them, and sent where they are new", async () => {
    await using kit = await openLiveKit({ components, page });
    const visitor = await kit.visit();
    const text = await open(visitor);
    const album = find(text, "product");
    const later = find(text, "cart");
    const known = { children: [album.component_id, later.component_id] };
    const answer = await post(visitor, "action", {
      ...find(text, "shop"),
      ...known,
      action: "offer",
      params: { name: "Frame" },
    });
    assert.equal(answer.status, 200, JSON.stringify(answer));
    assert.ok(answer.html.includes(`<div data-live="${album.component_id}"></div>`));
    assert.equal(Object.keys(answer.children).length, 1);
    const [[id, element]] = Object.entries<string>(answer.children) as [[string, string]];
    assert.ok(answer.html.includes(`<div data-live="${id}"></div>`));
    assert.match(element, /<b>Frame<\/b>/);
    const bought = await post(visitor, "action", { ...find(element, "product"), action: "add" });
    assert.deepEqual([bought.status, bought.state], [200, { added: 1 }]);
  });

  it("cannot be forged by the text of a visitor", async () => {
    await using kit = await openLiveKit({ components, page });
    const visitor = await kit.visit();
    const name = `<div data-live="cart:main"></div>`;
    const answer = await post(visitor, "action", {
      ...find(await open(visitor), "shop"),
      action: "offer",
      params: { name },
    });
    assert.equal(answer.status, 200, JSON.stringify(answer));
    assert.equal((await open(visitor)).match(/data-live="cart:main"/g)?.length, 1);
  });

  it("refuse two of one name in one content", async () => {
    const twins = live("twins", {
      state: z.object({}),
      mount: () => ({}),
      actions: () => ({}),
      render: ({ child }) => html`${child(cart)}${child(cart)}`,
    });
    await using kit = await openLiveKit({ components: [twins, cart] });
    const visitor = await kit.visit();
    assert.equal((await visitor.request("/")).status, 500);
    assert.match(String(kit.errors[0]), /twins has two components cart:main; give each its own instance/);
  });

  it("refuse two of one name at different depths, and say which", async () => {
    const leaf = live("leaf", {
      ...{ state: z.object({}), mount: () => ({}), actions: () => ({}), render: () => html`<i>leaf</i>` },
    });
    const branch = live("branch", {
      props: z.object({ of: z.string() }),
      ...{ state: z.object({}), mount: () => ({}), actions: () => ({}) },
      render: ({ child }) => html`${child(leaf)}`,
    });
    const tree = live("tree", {
      ...{ state: z.object({ twice: z.boolean() }), mount: () => ({ twice: false }) },
      actions: (action) => ({ grow: action({ authorise: "public" }, () => ({ twice: true })) }),
      render: ({ state, child }) =>
        html`${child(branch, { instance: "one", props: { of: "one" } })}${
          state.twice && child(branch, { instance: "two", props: { of: "two" } })
        }${state.twice && child(leaf)}`,
    });
    await using kit = await openLiveKit({
      components: [leaf, branch, tree],
      page: (mounting, inbound) => mounting.mount(tree, { inbound }),
    });
    const visitor = await kit.visit();
    assert.match(await open(visitor), /<i>leaf<\/i>/);
    const answer = await post(visitor, "action", { component_id: "tree:main", action: "grow" });
    assert.deepEqual([answer.status, answer.code], [500, "INTERNAL_ERROR"]);
    assert.match(String(kit.errors.at(-1)), /contain leaf:main twice; give each an instance of its own/);
  });

  it("refuse to contain each other without an end", async () => {
    const endless: typeof shop = live("shop", {
      state: z.object({ names: z.array(z.string()) }),
      mount: () => ({ names: [] }),
      actions: (action) => ({
        offer: action({ authorise: "public", input: z.object({ name: z.string() }) }, () => undefined),
      }),
      render: ({ child, instance }) => html`${child(endless, { instance: `${instance}x` })}`,
    });
    await using kit = await openLiveKit({ components: [endless] });
    const visitor = await kit.visit();
    assert.equal((await visitor.request("/")).status, 500);
    assert.match(String(kit.errors[0]), /contain each other without an end/);
  });
});

describe("events between components", () => {
  it("change the listeners of the page in the same transaction, and come in the same answer", async () => {
    await using kit = await openLiveKit({ components, page });
    const visitor = await kit.visit();
    const text = await open(visitor);
    const others = [{ ...find(text, "cart"), base_version: 0 }, { ...find(text, "shop") }];
    const answer = await post(visitor, "action", { ...find(text, "product"), action: "add", others });
    assert.deepEqual([answer.status, answer.components.length], [200, 1]);
    const [changed] = answer.components;
    assert.deepEqual([changed.component_id, changed.state, changed.version], ["cart:main", { total: 10 }, 1]);
    assert.match(changed.html, /<output>10<\/output>/);
    const key = { idempotency_key: "11111111-1111-4111-8111-111111111111" };
    const bought = { ...find(await open(visitor), "product"), action: "add", others, ...key };
    await post(visitor, "action", bought);
    const repeated = await post(visitor, "action", bought);
    assert.deepEqual([repeated.idempotency.cached, repeated.components[0].state], [true, { total: 20 }]);
  });

  it("are taken back with the action that emitted them", async () => {
    const failing = live("failing", {
      state: z.object({}),
      emits: [added],
      mount: () => ({}),
      actions: (action) => ({
        fail: action({ authorise: "public" }, () => reply({ state: { extra: 1n }, emit: [added({ price: 5 })] })),
      }),
      render: ({ act }) => html`<button ${act.fail()}>Fail</button>`,
    });
    const broken = live("broken", {
      state: z.object({}),
      mount: () => ({}),
      on: (on) => [
        on(added, () => {
          throw new Error("cannot hear");
        }),
      ],
      actions: () => ({}),
      render: () => html`<p>Broken</p>`,
    });
    await using kit = await openLiveKit({ components: [failing, broken, cart] });
    const visitor = await kit.visit();
    const text = await open(visitor);
    const others = [find(text, "cart"), find(text, "broken")];
    const answer = await post(visitor, "action", { component_id: "failing:main", action: "fail", others });
    assert.equal(answer.status, 500);
    assert.match(await open(visitor), /<output>0<\/output>/);
  });

  it("reach nobody who does not listen, and nobody else's components", async () => {
    await using kit = await openLiveKit({ components, page });
    const [ada, eve] = [await kit.visit(), await kit.visit()];
    const hers = find(await open(ada), "cart");
    const text = await open(eve);
    const others = [{ ...hers, base_version: 0 }, { component_id: "nothing:main" }];
    const answer = await post(eve, "action", { ...find(text, "product"), action: "add", others });
    assert.deepEqual([answer.status, answer.components], [200, undefined]);
  });

  it("are refused where the component does not name them", async () => {
    const silent = live("silent", {
      state: z.object({}),
      mount: () => ({}),
      actions: (action) => ({ say: action({ authorise: "public" }, () => reply({ emit: [added({ price: 1 })] })) }),
      render: ({ act }) => html`<button ${act.say()}>Say</button>`,
    });
    await using kit = await openLiveKit({ components: [silent] });
    const visitor = await kit.visit();
    assert.equal((await post(visitor, "action", { component_id: "silent:main", action: "say" })).status, 500);
    assert.match(String(kit.errors[0]), /silent emits cart.added but does not name it in its emits/);
  });
});

describe("loading components later", () => {
  it("puts a placeholder into the page, with a link for who has no scripts", async () => {
    await using kit = await openLiveKit({ components, page });
    const visitor = await kit.visit();
    const text = await open(visitor, "/?q=1");
    assert.match(text, /data-live-load="deferred"[^>]*aria-busy="true"/);
    assert.match(text, /One moment/);
    const href = /<noscript><a href="([^"]+)">/.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    assert.equal(href, "/?q=1&live=cart%3Amain");
    assert.match(await open(visitor, href), /<output>0<\/output>/);
  });

  it("answers with the element, and later with what has changed", async () => {
    await using kit = await openLiveKit({ components, page });
    const visitor = await kit.visit();
    const text = await open(visitor);
    const { component_id, seed } = find(text, "cart");
    const loaded = await post(visitor, "load", { components: [{ component_id, seed }] });
    assert.equal(loaded.status, 200, JSON.stringify(loaded));
    assert.equal(typeof loaded.csrf_token, "string");
    const element: string = loaded.components[0].element;
    assert.match(element, /<output>0<\/output>/);
    const known = find(element, "cart");
    const looked = await post(visitor, "load", { components: [known] });
    const { content_tag: base_tag, html: content, seed: fresh } = looked.components[0];
    assert.match(content, /<output>0<\/output>/);
    const again = await post(visitor, "load", { components: [{ ...known, seed: fresh, base_tag }] });
    assert.equal(again.components[0].unchanged, true);
    await post(visitor, "action", { ...find(text, "product"), action: "add", others: [known] });
    const changed = await post(visitor, "load", { components: [{ ...known, base_tag }] });
    assert.deepEqual([changed.components[0].state, changed.components[0].version], [{ total: 10 }, 1]);
  });

  it("answers with what changes in the content that the page has", async () => {
    const stored = { count: 0 };
    const board = live("board", {
      mode: "none",
      poll: 1,
      state: z.object({ count: z.int() }),
      mount: () => ({ ...stored }),
      actions: () => ({}),
      render: ({ state }) => html`<p>${state.count}</p>
        <ul>
          ${Array.from({ length: 20 }, (_, index) => html`<li>Always the same ${index}</li>`)}
        </ul>`,
    });
    await using kit = await openLiveKit({ components: [board] });
    const visitor = await kit.visit();
    const look = async (known: object) => (await post(visitor, "load", { components: [known] })).components[0];
    const known = find(await open(visitor), "board");
    const first = await look(known);
    assert.match(first.html, /<p>0<\/p>/);
    stored.count = 7;
    const second = await look({ ...known, seed: first.seed, base_tag: first.content_tag });
    assert.deepEqual([second.html, second.patch, second.state], [undefined, [[3, 1, "7"]], { count: 7 }]);
    // Whoever has a content that the server does not know gets the new one whole.
    stored.count = 8;
    for (const other of [{ seed: first.seed, base_tag: "AAAAAAAAAAAAAAAA" }, { seed: second.seed }]) {
      assert.match((await look({ ...known, ...other })).html, /<p>8<\/p>/);
    }
  });

  it("answers with what changes in the content that an action brought, and renders that no second time", async () => {
    const stored = { count: 0 };
    let rendered = 0;
    const board = live("board", {
      mode: "none",
      state: z.object({ count: z.int() }),
      mount: () => ({ ...stored }),
      actions: (action) => ({
        add: action({ authorise: "public" }, () => {
          stored.count += 1;
        }),
      }),
      render({ state }) {
        rendered += 1;
        return html`<p>${state.count}</p>
          <ul>
            ${Array.from({ length: 20 }, (_, index) => html`<li>Always the same ${index}</li>`)}
          </ul>`;
      },
    });
    await using kit = await openLiveKit({ components: [board] });
    const visitor = await kit.visit();
    const known = find(await open(visitor), "board");
    const first = await post(visitor, "action", { ...known, action: "add" });
    rendered = 0;
    const second = await post(visitor, "action", { ...known, action: "add", base_tag: first.content_tag });
    assert.deepEqual([second.patch, rendered], [[[3, 1, "2"]], 1]);
    stored.count = 7;
    const loaded = await post(visitor, "load", { components: [{ ...known, base_tag: second.content_tag }] });
    assert.deepEqual(loaded.components[0].patch, [[3, 1, "7"]]);
  });

  it("says of what it cannot render that it is gone, and goes on with the others", async () => {
    await using kit = await openLiveKit({ components, page });
    const [ada, eve] = [await kit.visit(), await kit.visit()];
    const stolen = find(await open(ada), "product");
    const asked = [
      stolen,
      { component_id: "nothing:main" },
      { component_id: "product:main" },
      { component_id: "cart:other" },
      find(await open(eve), "cart"),
    ];
    const answer = await post(eve, "load", { components: asked });
    assert.deepEqual(
      answer.components.map((loaded: { gone?: true }) => loaded.gone === true),
      [true, true, true, true, false],
    );
  });

  it("has a limit of its own, and needs the security token", async () => {
    await using kit = await openLiveKit({ components, page, loadLimit: { limit: 2, window: 60 } });
    const visitor = await kit.visit();
    const { component_id, seed } = find(await open(visitor), "cart");
    const body = { components: [{ component_id, seed }] };
    const untold = await visitor.request("/api/livecomponents/load", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    assert.equal(untold.status, 403);
    for (let index = 0; index < 20; index += 1) assert.equal((await post(visitor, "load", body)).status, 200);
    assert.deepEqual((await post(visitor, "load", body)).code, "RATE_LIMIT_EXCEEDED");
    const text = await open(visitor);
    assert.equal((await post(visitor, "action", { ...find(text, "product"), action: "add" })).status, 200);
  });

  it("refuses requests it does not understand", async () => {
    await using kit = await openLiveKit({ components, page });
    const visitor = await kit.visit();
    const one = { component_id: "cart:main" };
    const bad: readonly object[] = [
      {},
      { components: [] },
      { components: "cart:main" },
      { components: [one, one] },
      { components: [{ component_id: "Cart" }] },
      { components: [{ ...one, action: "empty" }] },
      { components: [{ ...one, children: ["<b>"] }] },
      { components: [{ ...one, base_version: -1 }] },
      { components: Array.from({ length: 51 }, (_, index) => ({ component_id: `cart:${index}` })) },
      { components: [one], more: 1 },
    ];
    for (const body of bad) {
      const answer = await post(visitor, "load", body);
      assert.deepEqual([answer.status, answer.code], [400, "MALFORMED_REQUEST"], JSON.stringify(body));
    }
  });
});
