import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import type { LiveVisitor } from "../testing/live-visitor.ts";
import { live } from "./component.ts";

const LIFETIME = 60_000;

const tally = live("tally", {
  state: z.object({ count: z.number() }),
  mount: ({ previous }) => previous ?? { count: 0 },
  actions: (action) => ({
    add: action({ input: z.looseObject({ by: z.coerce.number() }), authorise: "public" }, ({ state }, { by }) => ({
      count: state.count + by,
    })),
  }),
  render: ({ state, act }) => html`<button ${act.add({ by: 1 })}>${state.count}</button>`,
});

const room = live("room", {
  props: z.object({ number: z.string() }),
  state: z.object({ guests: z.array(z.string()) }),
  mount: ({ previous }) => previous ?? { guests: [] },
  actions: (action) => ({
    enter: action({ input: z.object({ guest: z.string().min(1) }), authorise: "public" }, ({ state }, { guest }) => ({
      guests: [...state.guests, guest],
    })),
  }),
  render: ({ props, act }) =>
    html`<h2>Room ${props.number}</h2>
      <form ${act.enter.form}>${act.enter.fields}<input ${act.enter.field("guest")} />${act.enter.error("guest")}</form>`,
});

let kit: LiveKit;
before(async () => {
  kit = await openLiveKit({
    components: [tally, room],
    lifetime: LIFETIME,
    page: (mounted, inbound) => mounted.mount(room, { inbound, props: { number: "7" } }),
  });
});
after(() => kit[Symbol.asyncDispose]());
afterEach(() => {
  kit.resetLimits();
  assert.deepEqual(kit.errors.splice(0), []);
});

function submit(visitor: LiveVisitor, fields: Record<string, string>, accept = "text/html"): Promise<Response> {
  return visitor.request("/api/livecomponents/action", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept },
    body: new URLSearchParams({ _csrf_token: visitor.csrfToken, _idempotency_key: "", _return: "/", ...fields }),
  });
}

// The value of a button carries parameters as JSON. A sender without scripts may write any JSON there: so deep that
// reading it overflows, so long that it takes seconds, or such that two readers understand two different things.
describe("live forms against hostile JSON in the name of the action", () => {
  it("refuses it as a malformed request, before any guard", async () => {
    const visitor = await kit.visit();
    const hostile = {
      "20,000 nested arrays": `{"by":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      "90,000 values": `{"by":1,"x":[${"1,".repeat(90_000)}1]}`,
      "a repeated member": '{"by":1,"by":2}',
      NUL: '{"by":1,"x":"\\u0000"}',
      "half a surrogate pair": '{"by":1,"x":"\\ud800"}',
      "a number out of range": '{"by":1e999}',
      "a prototype": '{"by":1,"__proto__":{"admin":true}}',
      "no JSON": '{"by":',
    };
    for (const [name, json] of Object.entries(hostile)) {
      const fields = {
        _component_id: "tally:main",
        _action: `add ${json}`,
        _idempotency_key: `hostile-${name.length}`,
      };
      const response = await submit(visitor, fields, "application/json");
      const body: unknown = await response.json();
      assert.equal(response.status, 400, name);
      assert.partialDeepStrictEqual(body, { code: "MALFORMED_REQUEST" }, name);
    }
  });

  it("accepts what buttons carry", async () => {
    const visitor = await kit.visit();
    const fields = { _component_id: "tally:main", _action: 'add {"by":2}', _idempotency_key: "honest-key-1" };
    assert.equal((await submit(visitor, fields)).status, 303);
  });
});

// A form says where to go afterwards. Text that browsers could take for another host must not be followed, nor may it
// make the answer fail after the action has happened.
describe("live forms against hostile places to return to", () => {
  it("goes to the start page, and performs the action once", async () => {
    const visitor = await kit.visit();
    for (const back of ["/?a=\\", "/#\\", "/\\evil.example", "//evil.example", "https://evil.example", "/\t/evil"]) {
      const response = await submit(visitor, { _component_id: "tally:back", _action: "add", by: "1", _return: back });
      assert.equal(response.status, 303, JSON.stringify(back));
      assert.equal(response.headers.get("location"), "/", JSON.stringify(back));
    }
  });

  it("encodes what header fields cannot carry", async () => {
    const visitor = await kit.visit();
    const fields = { _component_id: "tally:back", _action: "add", by: "1", _return: "/caf\u00e9/\u20ac" };
    assert.equal((await submit(visitor, fields)).headers.get("location"), "/caf%C3%A9/%E2%82%AC");
  });
});

// A refused form is shown again with the props its page carried. Leaving them out, or sending them after they have
// expired, must not make the server fail.
describe("live forms against missing and expired pages", () => {
  const TOO_OLD = "This page is too old; please reload it.";
  const refused = { _component_id: "room:main", _action: "enter", guest: "" };

  it("answers a problem where the page carried nothing", async () => {
    const visitor = await kit.visit();
    const page = await submit(visitor, refused);
    assert.equal(page.status, 409);
    assert.ok((await page.text()).includes(TOO_OLD));
    const document = await submit(visitor, refused, "application/json");
    assert.equal(document.status, 409);
    assert.partialDeepStrictEqual(await document.json(), { code: "STATE_INVALID", detail: TOO_OLD });
  });

  it("answers a problem where the page is too old, altered or another visitor's", async () => {
    const visitor = await kit.visit();
    const fields = await fieldsOf(visitor);
    assert.equal((await submit(visitor, { ...fields, guest: "" })).status, 422);
    const other = await kit.visit();
    assert.equal((await submit(other, { ...fields, _csrf_token: other.csrfToken, guest: "" })).status, 409);
    const altered = `${fields["_seed"]?.slice(0, -6)}AAAAA=`;
    assert.equal((await submit(visitor, { ...fields, _seed: altered, guest: "" })).status, 409);
    await kit.clock.advance(LIFETIME + 1);
    assert.equal((await submit(visitor, { ...fields, guest: "" })).status, 409);
  });
});

async function fieldsOf(visitor: LiveVisitor): Promise<Record<string, string>> {
  const text = await (await visitor.request("/", { headers: { accept: "text/html" } })).text();
  const form = text.slice(text.indexOf('data-live-action="enter"'));
  const hidden = form.matchAll(/<input type="hidden" name="?(\w+)"? value="([^"]*)"/g);
  return Object.fromEntries(Array.from(hidden, ([, name = "", value = ""]) => [name, value]));
}
