import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import type { LiveVisitor } from "../testing/live-visitor.ts";
import { live } from "./component.ts";

const label = live("label", {
  props: z.object({ of: z.string() }),
  ...{ state: z.object({}), mount: () => ({}), actions: () => ({}) },
  render: ({ props }) => html`<i>${props.of}</i>`,
});

const basket = live("basket", {
  state: z.object({ things: z.array(z.string()) }),
  mount: ({ previous }) => previous ?? { things: [] },
  actions: (action) => ({
    add: action(
      { input: z.object({ thing: z.string() }), authorise: "public", commutes: true },
      ({ state }, { thing }) => ({
        things: [...state.things, thing],
      }),
    ),
  }),
  render: ({ state, child, fragment }) => html`
    <h2>Basket</h2>
    ${fragment("total", (mark) => html`<output ${mark}>${state.things.length}</output>`)}
    <p>${"A long text that never changes. ".repeat(20)}</p>
    ${fragment("things", (mark) => html`<ul ${mark}>${state.things.map((of) => html`<li>${child(label, { instance: of, props: { of } })}</li>`)}</ul>`)}
    ${child(label, { instance: "foot", props: { of: "foot" } })}
  `,
});

async function add(visitor: LiveVisitor, thing: string, more: object = {}) {
  const response = await visitor.request("/api/livecomponents/action", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": visitor.csrfToken },
    body: JSON.stringify({ component_id: "basket:main", action: "add", params: { thing }, ...more }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- the test looks into answers of any shape
  const answer: any = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
}

async function withBasket(work: (visitor: LiveVisitor, kit: LiveKit) => Promise<void>): Promise<void> {
  await using kit = await openLiveKit({ components: [basket, label] });
  await work(await kit.visit(), kit);
}

describe("fragments", () => {
  it("are what is answered to who asks for them by name, and no more", () =>
    withBasket(async (visitor) => {
      const answer = await add(visitor, "pen", { fragments: ["total"] });
      assert.deepEqual(answer.fragments, { total: '<output data-live-fragment="total">1</output>' });
      for (const member of ["html", "patch", "content_tag", "children"])
        assert.equal(answer[member], undefined, member);
      assert.deepEqual([answer.state, answer.version], [{ things: ["pen"] }, 1]);
    }));

  it("bring the components that are in them, and no others", () =>
    withBasket(async (visitor) => {
      const { fragments, children } = await add(visitor, "pen", { fragments: ["things", "total"] });
      assert.deepEqual(Object.keys(fragments), ["things", "total"]);
      assert.deepEqual(
        Object.keys(children).map((id) => id.split(".")[0]),
        ["label:pen"],
      );
      assert.match(Object.values(children).join(), /<i>pen<\/i>/);
    }));

  it("are part of the content for everybody else", () =>
    withBasket(async (visitor) => {
      const { html: content, fragments } = await add(visitor, "pen");
      assert.match(content, /<h2>Basket<\/h2>\s*<output data-live-fragment="total">1<\/output>/);
      assert.equal(fragments, undefined);
    }));

  it("give way to the whole where one of the names is not there, and in repetitions", () =>
    withBasket(async (visitor) => {
      const unknown = await add(visitor, "pen", { fragments: ["total", "constructor"] });
      assert.deepEqual([typeof unknown.html, unknown.fragments], ["string", undefined]);
      const key = { fragments: ["total"], idempotency_key: crypto.randomUUID() };
      const [first, second] = [await add(visitor, "ink", key), await add(visitor, "ink", key)];
      assert.deepEqual([first.html, second.idempotency.cached], [undefined, true]);
      assert.match(second.html, /<output data-live-fragment="total">2<\/output>/);
    }));

  it("have names, one each, and are elements with the mark", async () => {
    const wrong = {
      "is not of the form": live("wrong", {
        ...{ state: z.object({}), mount: () => ({}), actions: () => ({}) },
        render: ({ fragment }) => html`${fragment("a b", (mark) => html`<p ${mark}></p>`)}`,
      }),
      "is there twice": live("wrong", {
        ...{ state: z.object({}), mount: () => ({}), actions: () => ({}) },
        render: ({ fragment }) => html`${[1, 2].map(() => fragment("a", (mark) => html`<p ${mark}></p>`))}`,
      }),
      "has to be one element": live("wrong", {
        ...{ state: z.object({}), mount: () => ({}), actions: () => ({}) },
        render: ({ fragment }) => html`${fragment("a", (mark) => html`text <p ${mark}></p>`)}`,
      }),
    };
    for (const [message, component] of Object.entries(wrong)) {
      const said: unknown[] = [];
      await using kit = await openLiveKit({
        components: [component],
        page: async (mounting, inbound) =>
          mounting.mount(component, { inbound }).catch((error: unknown) => void said.push(error)),
      });
      await (await kit.visit()).page();
      assert.match(String(said[0]), new RegExp(`TypeError: The fragment "a( b)?" of wrong ${message}`));
    }
  });
});
