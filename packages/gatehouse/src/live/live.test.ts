import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { parse, type DefaultTreeAdapterMap } from "parse5";
import { z } from "zod";
import { html } from "../html/html.ts";
import { createEventStream } from "../kernel/event-stream.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { LiveCallError, type LiveVisitor } from "../testing/live-visitor.ts";
import { createLive } from "./live.ts";
import { live } from "./component.ts";
import { reply } from "./effects.ts";

const counter = live("counter", {
  state: z.object({ count: z.number() }),
  mount: ({ previous }) => previous ?? { count: 0 },
  actions: (action) => ({
    increment: action(
      { input: z.object({ by: z.coerce.number() }).partial(), authorise: "public", commutes: true },
      ({ state }, { by = 1 }) => ({
        count: state.count + by,
      }),
    ),
    double: action({ authorise: "public" }, ({ state }) => ({ count: state.count * 2 })),
    refuse: action({ authorise: "public" }, () => deny(problems.PERMISSION_DENIED)),
    leave: action({ authorise: "public" }, () => reply({ effects: { redirect: "/elsewhere?x=1", announce: "Bye" } })),
    broken: action({ authorise: "public" }, () => reply({ state: { count: Number.NaN } })),
    members: action({ authorise: ({ principal }) => principal.type === "user", anonymous: true }, () => undefined),
  }),
  render: ({ state, act }) =>
    html`<button ${act.increment({ by: 2 })}>${state.count}</button><button ${act.double()}>Double</button>`,
});

const guestbook = live("guestbook", {
  props: z.object({ event: z.string().default("none") }),
  state: z.object({ entries: z.array(z.string()) }),
  mount: ({ props, previous }) => previous ?? { entries: [`Welcome to ${props.event}`] },
  actions: (action) => ({
    sign: action(
      {
        input: z.object({ message: z.string().min(3, "Please write at least 3 characters.") }),
        authorise: "public",
        commutes: true,
      },
      ({ state, props }, { message }) => ({ entries: [...state.entries, `${props.event}: ${message}`] }),
    ),
  }),
  render: ({ state, act }) =>
    html`<ul>
        ${state.entries.map((entry) => html`<li>${entry}</li>`)}
      </ul>
      <form ${act.sign.form}>
        ${act.sign.fields}<input ${act.sign.field("message")} />${act.sign.error("message")}<button>Sign</button>
      </form>`,
});

let kit: LiveKit;
before(async () => {
  kit = await openLiveKit({
    components: [counter, guestbook],
    page: async (pages, inbound) => [
      await pages.mount(counter, { inbound }),
      await pages.mount(guestbook, { inbound, props: { event: "Party" } }),
      await pages.mount(guestbook, { inbound, props: { event: "Wedding" } }),
    ],
  });
});
after(() => kit[Symbol.asyncDispose]());
afterEach(() => {
  kit.resetLimits();
  kit.errors.length = 0;
});

describe("live", () => {
  it("refuses names that do not fit the wire", () => {
    const definition = { state: z.object({}), mount: () => ({}), actions: () => ({}), render: () => "" };
    for (const name of ["Counter", "a:b", "", "1a", "a b"]) assert.throws(() => live(name, definition), TypeError);
    const actions = (action: Parameters<Parameters<typeof live>[1]["actions"]>[0]) => ({
      "a-b": action({ authorise: "public" }, () => undefined),
    });
    assert.throws(() => live("a", { ...definition, actions }), TypeError);
  });
  it("refuses two components of one name, and components that were not registered", async () => {
    const parts = {
      ...kit,
      components: [counter, counter],
      random: { bytes: (length: number) => new Uint8Array(length) },
      client: { source: "", hash: "" },
      ids: { next: () => "" },
      events: createEventStream(() => undefined),
    };
    assert.throws(() => createLive(parts), /Two components are named counter/);
  });
  it("takes an answer of an action that its own schema refuses for a bug", async () => {
    const visitor = await kit.visit();
    await assert.rejects(visitor.callAction(visitor.mountComponent("counter:nan"), "broken"), {
      code: "INTERNAL_ERROR",
    });
    assert.equal(
      String(kit.errors[0]),
      "TypeError: The action counter.broken answered a state of counter that its schema refuses: " +
        "count: expected number, got NaN",
    );
  });
});

describe("the action endpoint", () => {
  it("refuses what does not fit its grammar", async () => {
    const visitor = await kit.visit();
    const good = { component_id: "counter:main", action: "increment", params: {} };
    const bad: unknown[] = [
      [],
      "x",
      1,
      null,
      { ...good, component_id: "counter" },
      { ...good, component_id: "Counter:main" },
      { ...good, component_id: "counter:MAIN" },
      { ...good, component_id: "counter:a:b" },
      { ...good, component_id: ["counter:main"] },
      { ...good, component_id: "a:../../b" },
      { ...good, action: "in-crement" },
      { ...good, action: "" },
      { ...good, action: "1x" },
      { ...good, action: { toString: 1 } },
      { ...good, params: [] },
      { ...good, params: "x" },
      { ...good, extra: 1 },
      { ...good, fragments: "x" },
      { ...good, fragments: [] },
      { ...good, fragments: [1] },
      { ...good, fragments: ["a b"] },
      { ...good, fragments: Array.from({ length: 21 }, () => "a") },
      { ...good, idempotency_key: 1 },
      { ...good, base_version: -1 },
      { ...good, base_version: 1.5 },
      { ...good, seed: {} },
      { ...good, seq: "1" },
      { ...good, _csrf_token: {} },
    ];
    for (const body of bad) {
      const response = await post(visitor, body);
      assert.equal(response.status, 400, JSON.stringify(body));
    }
  });
  it("names the member that it does not know, and no more than the beginning of a long one", async () => {
    const visitor = await kit.visit();
    const good = { component_id: "counter:main", action: "increment", params: {} };
    const detailOf = async (body: unknown): Promise<unknown> =>
      ((await (await post(visitor, body)).json()) as { readonly detail: unknown }).detail;
    assert.equal(await detailOf({ ...good, data: 1 }), "The body has an unknown member: /data");
    assert.equal(await detailOf({ ...good, "a/b~\n<é>": 1 }), "The body has an unknown member: /a~1b~0?<?>");
    assert.equal(
      await detailOf({ ...good, ["x".repeat(900)]: 1 }),
      `The body has an unknown member: /${"x".repeat(64)}`,
    );
    assert.equal(
      await detailOf({ ...good, others: [{ component_id: "counter:a" }, { component_id: "counter:b", seq: 1 }] }),
      "The body has an unknown member: /others/1/seq",
    );
  });
  it("knows only declared components and actions, never what objects inherit", async () => {
    const visitor = await kit.visit();
    for (const [componentId, action, code] of [
      ["counter:main", "constructor", "ACTION_NOT_FOUND"],
      ["counter:main", "__proto__", "ACTION_NOT_FOUND"],
      ["counter:main", "toString", "ACTION_NOT_FOUND"],
      ["counter:main", "mount", "ACTION_NOT_FOUND"],
      ["constructor:main", "increment", "COMPONENT_NOT_FOUND"],
      ["nothing:main", "increment", "COMPONENT_NOT_FOUND"],
    ] as const) {
      await assert.rejects(visitor.callAction(visitor.mountComponent(componentId), action), { code, status: 404 });
    }
  });
  it("refuses parameters that pollute prototypes, and says where parameters are wrong", async () => {
    const visitor = await kit.visit();
    const polluted = await visitor.request("/api/livecomponents/action", {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": visitor.csrfToken },
      body: '{"component_id":"counter:main","action":"increment","params":{"__proto__":{"by":5}}}',
    });
    assert.ok(polluted.status === 400 || polluted.status === 422, String(polluted.status));
    await assert.rejects(
      visitor.callAction(visitor.mountComponent("guestbook:x"), "sign", { message: "a" }),
      (error) => {
        assert.ok(error instanceof LiveCallError);
        assert.equal(error.status, 422);
        assert.deepEqual(error.document["errors"], [
          { pointer: "/params/message", detail: "Please write at least 3 characters." },
        ]);
        return true;
      },
    );
    await assert.rejects(visitor.callAction(visitor.mountComponent("counter:x"), "double", { extra: 1 }), {
      code: "VALIDATION_ERROR",
    });
  });
  it("gives seq back, and asks the rule of an action", async () => {
    const visitor = await kit.visit();
    const response = await post(visitor, { component_id: "counter:seq", action: "increment", seq: 7 });
    assert.partialDeepStrictEqual(await response.json(), { seq: 7 });
    await assert.rejects(visitor.callAction(visitor.mountComponent("counter:x"), "members"), {
      code: "PERMISSION_DENIED",
    });
  });
  it("mounts a component that nobody has rendered, with its default props", async () => {
    const visitor = await kit.visit();
    const result = await visitor.callAction(visitor.mountComponent("guestbook:fresh"), "sign", { message: "hello" });
    assert.deepEqual(result.state, { entries: ["Welcome to none", "none: hello"] });
  });
});

describe("live state", () => {
  it("refuses an attempt made on an older version, with the current content", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:two", { count: 5 });
    await visitor.callAction(component, "increment");
    await assert.rejects(visitor.callAction(component, "double"), (error) => {
      assert.ok(error instanceof LiveCallError);
      assert.equal(error.code, "STATE_CONFLICT");
      assert.partialDeepStrictEqual(error.document, { state: { count: 6 }, version: 1 });
      assert.match(String(error.document["html"]), />6</);
      return true;
    });
  });
  it("lets actions that commute run on whatever is current", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:three", { count: 5 });
    await visitor.callAction(component, "increment");
    assert.equal((await visitor.callAction(component, "increment")).state.count, 7);
  });
  it("loses none of many attempts at once", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:many");
    await Promise.all(Array.from({ length: 30 }, () => visitor.callAction(component, "increment")));
    assert.equal((await visitor.callAction(component, "increment", { by: 0 })).state.count, 30);
  });
  it("changes nothing when the action is refused", async () => {
    const visitor = await kit.visit();
    const first = await visitor.callAction(visitor.mountComponent("counter:four"), "increment");
    await assert.rejects(visitor.callAction(first, "refuse"), { code: "PERMISSION_DENIED" });
    assert.equal((await visitor.callAction(first, "increment")).version, 2);
  });
  it("belongs to the session", async () => {
    const [one, two] = [await kit.visit(), await kit.visit()];
    await one.callAction(one.mountComponent("counter:mine"), "increment");
    assert.equal((await two.callAction(two.mountComponent("counter:mine"), "increment")).state.count, 1);
  });
  it("ends with its lifetime, and so does what a page carries", async () => {
    await using brief = await openLiveKit({ components: [counter], lifetime: 60_000 });
    const visitor = await brief.visit();
    const component = visitor.mountComponent("counter:old", { count: 7 });
    await visitor.callAction(component, "increment");
    await brief.clock.advance(59_000);
    assert.equal((await visitor.callAction({ ...component, seed: undefined }, "increment")).state.count, 9);
    await brief.clock.advance(60_001);
    assert.equal((await visitor.callAction(component, "increment")).state.count, 1);
  });
});

describe("pages with components", () => {
  it("write nothing, and carry a token, a sealed state and keys", async () => {
    const visitor = await kit.visit();
    const page = await visitor.request("/", { headers: { accept: "text/html" } });
    assert.equal(page.status, 200);
    const text = await page.text();
    assert.match(text, /<meta name="csrf-token" content="[^"]{20,}"/);
    assert.match(text, /data-live="counter:main"\s+data-live-version="0"\s+data-live-seed="[A-Za-z0-9+/=]{40,}"/);
    const rows = await kit.store.read((transaction) =>
      transaction.execute<{ count: number }>({ sqlite: COUNT, postgres: COUNT }, [`%${visitor.cookie}`]),
    );
    assert.equal(rows[0]?.count, 0);
    const keys = [...text.matchAll(/name="_idempotency_key" value="([^"]+)"/g)].map(([, key]) => key);
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(keys.length >= 5);
  });
  it("keep components of other props apart", async () => {
    const visitor = await kit.visit();
    const text = await (await visitor.request("/", { headers: { accept: "text/html" } })).text();
    const ids = [...text.matchAll(/data-live="(guestbook:[^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, 2);
  });
  it("go on where the visitor left, where mount says so", async () => {
    const visitor = await kit.visit();
    await visitor.callAction(visitor.mountComponent("counter:main"), "increment", { by: 41 });
    const text = await (await visitor.request("/", { headers: { accept: "text/html" } })).text();
    assert.match(text, />41<\/button/);
    assert.match(text, /data-live="counter:main"\s+data-live-version="1"/);
  });
});

// A browser without scripts, or one whose scripts did not arrive.
describe("forms without scripts", () => {
  it("perform the action and come back to the page", async () => {
    const visitor = await kit.visit();
    const form = await formOf(visitor, "sign");
    const response = await submit(visitor, { ...form, message: "hello there" });
    assert.equal(response.status, 303);
    assert.equal(response.headers.get("location"), "/");
    const text = await (await visitor.request("/", { headers: { accept: "text/html" } })).text();
    assert.match(text, /Party: hello there/);
  });
  it("count once when they are sent twice, and again when something else is sent", async () => {
    const visitor = await kit.visit();
    const form = await formOf(visitor, "sign");
    for (const message of ["hello there", "hello there", "one more"])
      assert.equal((await submit(visitor, { ...form, message })).status, 303);
    const text = await (await visitor.request("/", { headers: { accept: "text/html" } })).text();
    assert.equal(text.match(/Party: hello there/g)?.length, 1);
    assert.equal(text.match(/Party: one more/g)?.length, 1);
  });
  it("work for buttons with parameters, too", async () => {
    const visitor = await kit.visit();
    const { _component_id: _other, ...form } = await formOf(visitor, "sign");
    const response = await submit(visitor, {
      ...form,
      _component_id: "counter:main",
      _seed: "",
      _action: 'increment {"by":2}',
    });
    assert.equal(response.status, 303);
    const text = await (await visitor.request("/", { headers: { accept: "text/html" } })).text();
    assert.match(text, />2<\/button/);
  });
  it("come back with what was sent and what was wrong", async () => {
    const visitor = await kit.visit();
    const form = await formOf(visitor, "sign");
    const response = await submit(visitor, { ...form, message: '"><' });
    assert.equal(response.status, 303);
    const refused = await submit(visitor, { ...form, message: '"<' });
    assert.equal(refused.status, 422);
    const page = await refused.text();
    assert.match(
      page,
      /<input name="message" value="&#34;&lt;" aria-invalid="true" aria-describedby="(live:guestbook:main\.[0-9a-f]{16}:sign:message)"/,
    );
    assert.match(page, /data-live-error="message">Please write at least 3 characters\.</);
    const again = await submit(visitor, { ...fieldsOf(page, "sign"), message: "long enough" });
    assert.equal(again.status, 303);
  });
  it("need the token as well", async () => {
    const visitor = await kit.visit();
    const form = await formOf(visitor, "sign");
    const response = await submit(visitor, { ...form, message: "hello there", _csrf_token: "wrong" });
    assert.equal(response.status, 403);
    assert.match(response.headers.get("content-type") ?? "", /text\/html/);
  });
  it("never lead away from the origin", async () => {
    const visitor = await kit.visit();
    const form = await formOf(visitor, "sign");
    for (const back of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "/\t/evil.example",
      "javascript:alert(1)",
    ]) {
      const response = await submit(visitor, { ...form, message: `to ${back}`, _return: back });
      assert.equal(response.status, 303);
      const location = new URL(response.headers.get("location") ?? "", "https://app.example");
      assert.equal(location.origin, "https://app.example", back);
    }
    const left = await submit(visitor, { ...form, _component_id: "counter:main", _seed: "", _action: "leave" });
    assert.equal(left.headers.get("location"), "/elsewhere?x=1");
  });
});

describe("reply", () => {
  it("refuses to redirect away", () => {
    for (const redirect of [
      "https://evil.example",
      "//evil.example",
      "/\\evil.example",
      "\\\\x",
      "/\n/evil.example",
      "",
    ]) {
      assert.throws(() => reply({ effects: { redirect } }), TypeError, redirect);
    }
  });
});

const COUNT = "SELECT count(*) AS count FROM documents WHERE kind = 'live-state' AND id LIKE ?";

function post(visitor: LiveVisitor, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json", "x-csrf-token": visitor.csrfToken };
  return visitor.request("/api/livecomponents/action", { method: "POST", headers, body: JSON.stringify(body) });
}

async function formOf(visitor: LiveVisitor, action: string): Promise<Record<string, string>> {
  const page = await visitor.request("/", { headers: { accept: "text/html" } });
  return fieldsOf(await page.text(), action);
}

/** The hidden fields of the first form of an action. */
function fieldsOf(page: string, action: string): Record<string, string> {
  const forms: DefaultTreeAdapterMap["element"][] = [];
  collect(parse(page), forms);
  const fields = forms.map((form) => {
    const inputs: DefaultTreeAdapterMap["element"][] = [];
    collect(form, inputs, "input");
    const hidden = inputs.filter((input) => attribute(input, "type") === "hidden");
    return Object.fromEntries(hidden.map((input) => [attribute(input, "name"), attribute(input, "value")]));
  });
  const found = fields.find((form) => form["_action"] === action);
  assert.ok(found !== undefined);
  return found;
}

function collect(node: DefaultTreeAdapterMap["node"], found: DefaultTreeAdapterMap["element"][], tag = "form"): void {
  if ("tagName" in node && node.tagName === tag) found.push(node);
  if ("childNodes" in node) for (const child of node.childNodes) collect(child, found, tag);
}

function attribute(element: DefaultTreeAdapterMap["element"], name: string): string {
  return element.attrs.find((candidate) => candidate.name === name)?.value ?? "";
}

function submit(visitor: LiveVisitor, fields: Readonly<Record<string, string>>): Promise<Response> {
  return visitor.request("/api/livecomponents/action", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "text/html" },
    body: new URLSearchParams(fields).toString(),
  });
}
