// A visitor sends JSON that is deep, long, or full of names that objects inherit, in every member of a request. Reading
// it must neither overflow, nor change what other objects are like, nor take much longer than its length.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { live, liveEvent, reply } from "gatehouse/live";
import { openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";

const changed = liveEvent<string>("box.changed");

const box = live("box", {
  state: z.object({ content: z.unknown() }),
  emits: [changed],
  mount: ({ previous }) => previous ?? { content: null },
  actions: (action) => ({
    put: action({ input: z.looseObject({}), authorise: "public", commutes: true, rateLimit: 1e5 }, (_, content) => ({
      content,
    })),
    merge: action(
      { input: z.record(z.string(), z.unknown()), authorise: "public", commutes: true, rateLimit: 1e5 },
      (_, values) => reply({ state: { content: Object.assign({}, values) }, emit: [changed("all")] }),
    ),
    strict: action(
      { input: z.strictObject({ a: z.string().max(5) }), authorise: "public", rateLimit: 1e5 },
      () => undefined,
    ),
  }),
  render: ({ state, act }) =>
    html`<p>${JSON.stringify(state.content)}</p>
      <form ${act.strict.form}>${act.strict.fields}<input ${act.strict.field("a")} />${act.strict.error("a")}</form>`,
});

const echo = live("echo", {
  state: z.object({ heard: z.int() }),
  mount: ({ previous }) => previous ?? { heard: 0 },
  actions: () => ({}),
  on: (on) => [on(changed, ({ state }) => ({ heard: state.heard + 1 }))],
  render: ({ state }) => html`<p>${state.heard}</p>`,
});

const MIB = 1024 * 1024;

function open(): Promise<LiveKit> {
  return openLiveKit({ components: [box, echo], limit: { limit: 100_000, window: 60 } });
}

async function sendText(visitor: LiveVisitor, body: string, path = "action") {
  const headers = { "content-type": "application/json", accept: "application/json", "x-csrf-token": visitor.csrfToken };
  const response = await visitor.request(`/api/livecomponents/${path}`, { method: "POST", headers, body });
  const text = await response.text();
  return { status: response.status, code: String(JSON.parse(text).code), length: text.length, text };
}

function actionWith(members: string): string {
  return `{"component_id":"box:main","action":"put",${members}}`;
}

/** Names that prototypes are reached by, and what they would change. */
const POLLUTION: Readonly<Record<string, string>> = {
  "a prototype": '{"__proto__":{"polluted":true}}',
  "a prototype in an escape": '{"\\u005f_proto__":{"polluted":true}}',
  "a prototype in a list": '[{"__proto__":{"polluted":true}}]',
  "a prototype deep inside": '{"a":{"b":[{"c":{"__proto__":{"polluted":true}}}]}}',
  "a prototype that is nothing": '{"__proto__":null}',
  "the prototype of a constructor": '{"constructor":{"prototype":{"polluted":true}}}',
  "the prototype of a constructor deep inside": '{"a":{"constructor":{"prototype":{"polluted":true}}}}',
};

describe("prototype pollution through live components", () => {
  it("is refused in every member of a request", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    for (const [name, json] of Object.entries(POLLUTION)) {
      const bodies = [
        actionWith(`"params":${json}`),
        actionWith(`"params":{"a":${json}}`),
        actionWith(`"others":[${json}]`),
        actionWith(`"children":[${json}]`),
        actionWith(`"seed":${json}`),
        actionWith(`"_csrf_token":${json}`),
        json.startsWith("{") ? actionWith(json.slice(1, -1)) : json,
      ];
      for (const body of bodies) {
        const { status, code } = await sendText(visitor, body);
        assert.deepEqual([status, code], [400, "MALFORMED_REQUEST"], `${name}: ${body}`);
      }
      const loaded = await sendText(visitor, `{"components":[${json}]}`, "load");
      assert.equal(loaded.status, 400, name);
    }
    assert.equal(Reflect.get({}, "polluted"), undefined);
    assert.deepEqual(kit.errors, []);
  });

  it("is refused in fields of forms, and in the parameters of a button", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const plain = { _component_id: "box:main", _action: "put", _csrf_token: visitor.csrfToken };
    const forms: Record<string, string>[] = [
      Object.fromEntries([...Object.entries(plain), ["__proto__", "polluted"]]),
      ...Object.values(POLLUTION).map((json) => ({ ...plain, _action: `put {"a":${json}}` })),
    ];
    for (const fields of forms) {
      const body = new URLSearchParams(Object.entries(fields));
      const headers = { accept: "application/json" };
      const response = await visitor.request("/api/livecomponents/action", { method: "POST", headers, body });
      assert.equal(response.status, 400, body.toString());
    }
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });

  it("does not happen with names that only look like it: they are kept as what they are", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    for (const name of ["constructor", "prototype"]) {
      const { status, code } = await sendText(visitor, actionWith(`"params":{"${name}":"a"}`));
      assert.deepEqual([status, code], [422, "VALIDATION_ERROR"], "a schema need not look at it");
    }
    const params = '{"toString":"c","hasOwnProperty":1,"valueOf":null,"then":"d","toJSON":{},"length":-1}';
    for (const action of ["put", "merge"]) {
      const { status, text } = await sendText(
        visitor,
        `{"component_id":"box:main","action":"${action}","params":${params}}`,
      );
      assert.equal(status, 200, text);
      assert.deepEqual(JSON.parse(text).state.content, JSON.parse(params));
    }
    assert.deepEqual(kit.errors, []);
  });
});

describe("deep and huge JSON at live components", () => {
  const deep = (levels: number, opening = "[", closing = "]"): string =>
    opening.repeat(levels) + closing.repeat(levels);
  const floods: Readonly<Record<string, string>> = {
    "deep lists": `{"a":${deep(50_000)}}`,
    "deep objects": `{"a":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`,
    "lists that never end": `{"a":${"[".repeat(100_000)}`,
    "100,000 values": `{"a":[${"0,".repeat(100_000)}0]}`,
    "10,000 members": `{${Array.from({ length: 10_000 }, (_, index) => `"a${index}":0`).join()}}`,
    "100,000 empty lists": `{"a":[${"[],".repeat(100_000)}[]]}`,
  };
  for (const [name, json] of Object.entries(floods)) {
    it(`are refused before they are parsed: ${name}`, async () => {
      await using kit = await open();
      const visitor = await kit.visit();
      for (const member of ["params", "others", "children", "seed", "unknown"]) {
        const { status, code } = await sendText(visitor, actionWith(`"${member}":${json}`));
        assert.deepEqual([status, code], [413, "PAYLOAD_TOO_LARGE"], member);
      }
      assert.deepEqual(kit.errors, []);
    });
  }

  it("are refused with a text of a megabyte in any member, or taken as a parameter", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const long = "x".repeat(MIB - 300);
    for (const member of ["component_id", "action", "idempotency_key", "_csrf_token", "seed", "base_tag", "seq"]) {
      const plain = { component_id: "box:main", action: "put" };
      const { status, length } = await sendText(visitor, JSON.stringify({ ...plain, [member]: long }));
      assert.equal(status, 400, member);
      assert.ok(length < 2_000, "the refusal does not repeat it");
    }
    const taken = await sendText(visitor, actionWith(`"params":{"a":"${"<".repeat(200_000)}"}`));
    assert.equal(taken.status, 200);
    const refused = { component_id: "box:main", action: "strict", params: { a: "<".repeat(500_000) } };
    const { status, length } = await sendText(visitor, JSON.stringify(refused));
    assert.equal(status, 422);
    assert.ok(length < 2_000, "nor does a complaint about it");
    const beyond = await sendText(visitor, actionWith(`"params":{"a":"${"x".repeat(MIB)}"}`));
    assert.deepEqual([beyond.status, beyond.code], [413, "PAYLOAD_TOO_LARGE"]);
  });

  it("are counted: 500 children and 50 other components, and not one more", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const children = Array.from({ length: 501 }, (_, index) => `echo:${index}`);
    const others = Array.from({ length: 51 }, (_, index) => ({ component_id: `echo:${index}`, children }));
    const send = (members: object) =>
      sendText(visitor, JSON.stringify({ component_id: "box:main", action: "merge", params: {}, ...members }));
    assert.equal((await send({ children: children.slice(1) })).status, 200);
    assert.equal((await send({ children })).status, 400);
    const within = others.slice(1).map((other) => ({ ...other, children: children.slice(1, 100) }));
    assert.equal((await send({ others: within })).status, 200);
    assert.equal((await send({ others: others.map(({ component_id }) => ({ component_id })) })).status, 400);
    assert.equal((await send({ others: [within[0], within[0]] })).status, 400);
    assert.deepEqual(kit.errors, []);
  });

  it("are counted in forms: 200 fields", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const form = async (fields: number): Promise<number> => {
      const body = new URLSearchParams({ _component_id: "box:main", _action: "put", _csrf_token: visitor.csrfToken });
      for (let index = 0; index < fields; index += 1) body.append(`a${index % 50}`, "x");
      const response = await visitor.request("/api/livecomponents/action", { method: "POST", body });
      return response.status;
    };
    assert.equal(await form(197), 303);
    assert.equal(await form(198), 413);
    assert.equal(await form(20_000), 413);
  });

  it("repeat no more than fifty complaints, whatever is wrong", async () => {
    await using kit = await openLiveKit({
      components: [
        live("list", {
          state: z.object({}),
          mount: () => ({}),
          actions: (action) => ({
            fill: action({ input: z.object({ items: z.array(z.int()) }), authorise: "public" }, () => undefined),
          }),
          render: () => html`<p>List</p>`,
        }),
      ],
    });
    const visitor = await kit.visit();
    const params = { items: Array.from({ length: 15_000 }, () => "no number") };
    const answer = await sendText(visitor, JSON.stringify({ component_id: "list:main", action: "fill", params }));
    assert.equal(answer.status, 422);
    assert.equal(JSON.parse(answer.text).errors.length, 50);
  });
});

/** Milliseconds of processor time that something takes: the least of several tries, which other work cannot lessen. */
async function cost(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 4; tries += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** Far above what linear work takes, far below what quadratic work does at these lengths. */
const GENEROUS = 1500;

describe("the time that hostile requests take at live components", () => {
  const shapes: Readonly<Record<string, (size: number) => string>> = {
    "angle brackets to be escaped": (size) => actionWith(`"params":{"a":"${"<".repeat(size / 4)}"}`),
    "spaces after the name of an action": (size) => `{"component_id":"box:main","action":"put${" ".repeat(size)}"}`,
    "dashes in an id": (size) => `{"component_id":"${"-_".repeat(size / 2)}","action":"put"}`,
    "an id without its colon": (size) => `{"component_id":"${"a".repeat(size)}!","action":"put"}`,
    "backslashes in a text": (size) => actionWith(`"params":{"a":"${"\\\\".repeat(size / 8)}"}`),
    "quotes that do not end": (size) => `{"component_id":"${'\\"'.repeat(size / 2)}`,
    "a seed of one letter": (size) => actionWith(`"seed":"${"A".repeat(Math.min(size, 262_144))}"`),
    "a complaint about a text": (size) =>
      `{"component_id":"box:main","action":"strict","params":{"a":"${"ab ".repeat(size / 3)}"}}`,
  };
  for (const [name, shape] of Object.entries(shapes)) {
    it(`grows with their length alone: ${name}`, async () => {
      await using kit = await open();
      const visitor = await kit.visit();
      const full = shape(MIB - 2_000);
      const spent = await cost(() => sendText(visitor, full));
      assert.ok(spent < GENEROUS, `${spent} ms for a megabyte`);
      const half = await cost(() => sendText(visitor, shape(MIB / 2)));
      assert.ok(spent < half * 4 + 50, `${half} ms for half a megabyte, ${spent} ms for a whole one`);
    });
  }

  it("is that of one megabyte for a button's parameters full of spaces", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const token = visitor.csrfToken;
    const body = new URLSearchParams({
      _component_id: "box:main",
      _csrf_token: token,
      _action: `put ${" ".repeat(MIB - 500)}`,
    });
    const text = body.toString();
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    const spent = await cost(async () => {
      const response = await visitor.request("/api/livecomponents/action", { method: "POST", headers, body: text });
      assert.equal(response.status, 400);
    });
    assert.ok(spent < GENEROUS, `${spent} ms`);
  });
});
