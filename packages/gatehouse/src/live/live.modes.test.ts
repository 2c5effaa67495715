import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { html } from "../html/html.ts";
import { openLiveKit } from "../testing/live-kit.ts";
import type { LiveVisitor } from "../testing/live-visitor.ts";
import { live } from "./component.ts";

const State = z.object({ count: z.int(), pin: z.string() });

function counter(mode: "store" | "sealed" | "none", replay?: "tolerated") {
  const stored = { count: 0 };
  return live("counter", {
    mode,
    ...(replay === undefined ? {} : { replay }),
    state: State,
    secret: ["pin"],
    mount: ({ previous }) =>
      mode === "none" ? { count: stored.count, pin: "1234" } : (previous ?? { count: 0, pin: "1234" }),
    actions: (action) => ({
      add: action({ authorise: "public" }, ({ state }) => {
        if (mode === "none") stored.count += 1;
        return mode === "none" ? undefined : { ...state, count: state.count + 1 };
      }),
    }),
    render: ({ state, act }) => html`<p>${state.count}</p><button ${act.add()}>Add</button>`,
  });
}

interface PageComponent {
  readonly seed: string;
  readonly version: number;
}

async function open(visitor: LiveVisitor): Promise<PageComponent> {
  const text = await (await visitor.request("/")).text();
  const [, version, seed] = /data-live-version="(\d+)"\s+data-live-seed="([^"]+)"/.exec(text) ?? [];
  assert.ok(seed !== undefined, text);
  return { seed, version: Number(version) };
}

async function act(visitor: LiveVisitor, page: PageComponent, more: object = {}) {
  const response = await visitor.request("/api/livecomponents/action", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": visitor.csrfToken },
    body: JSON.stringify({
      component_id: "counter:main",
      action: "add",
      base_version: page.version,
      seed: page.seed,
      ...more,
    }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- the test looks into answers of any shape
  const answer: any = await response.json();
  return { status: response.status, ...answer };
}

describe("components of mode sealed", () => {
  it("keep their state in the page, and nothing of it in the store", async () => {
    await using kit = await openLiveKit({ components: [counter("sealed")] });
    const visitor = await kit.visit();
    let page = await open(visitor);
    for (let expected = 1; expected <= 3; expected += 1) {
      const answer = await act(visitor, page);
      assert.deepEqual([answer.status, answer.state, answer.version], [200, { count: expected }, expected]);
      assert.match(answer.html, new RegExp(`<p>${expected}</p>`));
      page = answer;
    }
    const documents = await kit.store.read((transaction) =>
      transaction.execute<{ version: number; body: string }>(
        { sqlite: "SELECT version, body FROM documents", postgres: "" },
        [],
      ),
    );
    assert.deepEqual(documents, [{ version: 3, body: "-" }]);
  });

  it("work as forms without scripts: the form carries what the page carries", async () => {
    await using kit = await openLiveKit({ components: [counter("sealed")] });
    const visitor = await kit.visit();
    const text = await (await visitor.request("/")).text();
    const field = (name: string): string => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? "";
    const names = ["_component_id", "_csrf_token", "_idempotency_key", "_base_version", "_seed", "_return"];
    const form = new URLSearchParams(Object.fromEntries(names.map((name) => [name, field(name)])));
    form.set("_action", "add");
    const response = await visitor.request("/api/livecomponents/action", { method: "POST", body: form });
    assert.equal(response.status, 303, await response.text());
    // The page is the only place the state is in, so it goes along to the next one, and not to anybody else's.
    const location = response.headers.get("location") ?? "";
    const shown = async (path: string, of = visitor): Promise<string> => await (await of.request(path)).text();
    const next = await shown(location);
    assert.match(next, /<p>1<\/p>/);
    assert.match(await shown(location, await kit.visit()), /<p>0<\/p>/);
    assert.match(await shown(location.replace(/.{6}$/, "AAAAAA")), /<p>0<\/p>/);
    const again = /name="_seed" value="([^"]*)"/.exec(next)?.[1] ?? "";
    for (const [name, value] of Object.entries({ _seed: again, _base_version: "1", _return: location }))
      form.set(name, value);
    form.set("_idempotency_key", "another");
    const second = await visitor.request("/api/livecomponents/action", { method: "POST", body: form });
    assert.equal(second.status, 303, await second.text());
    const { search } = new URL(second.headers.get("location") ?? "", "https://app.example");
    assert.equal(new URLSearchParams(search).getAll("live-state").length, 1);
    assert.match(await shown(`/${search}`), /<p>2<\/p>/);
    assert.match(await shown(location), /<p>0<\/p>/);
  });
});

// Whoever keeps an older page has state that was sealed by the server itself, and tries to go back to it: to spend
// the same balance again, or to try the same code once more.
describe("a replayed sealed state", () => {
  it("is refused with what is current, and can be gone on from", async () => {
    await using kit = await openLiveKit({ components: [counter("sealed")] });
    const visitor = await kit.visit();
    const first = await open(visitor);
    assert.equal((await act(visitor, first)).status, 200);
    const replayed = await act(visitor, first);
    assert.deepEqual([replayed.status, replayed.code, replayed.version], [409, "STATE_CONFLICT", 1]);
    const again = await act(visitor, replayed);
    assert.equal(again.status, 200, JSON.stringify(again));
  });

  it("is refused under the number of the current version, and where the state is left out", async () => {
    await using kit = await openLiveKit({ components: [counter("sealed")] });
    const visitor = await kit.visit();
    const first = await open(visitor);
    assert.equal((await act(visitor, first)).status, 200);
    for (const more of [{}, { seed: undefined }, { seed: undefined, base_version: undefined }]) {
      const answer = await act(visitor, { ...first, version: 1 }, more);
      assert.deepEqual([answer.status, answer.code], [409, "STATE_CONFLICT"]);
    }
  });

  it("cannot be moved to another visitor", async () => {
    await using kit = await openLiveKit({ components: [counter("sealed")] });
    const [mallory, ada] = [await kit.visit(), await kit.visit()];
    const answer = await act(ada, await open(mallory));
    assert.deepEqual([answer.status, answer.code], [409, "STATE_INVALID"]);
  });

  it("is possible where the component says that it does not matter", async () => {
    await using kit = await openLiveKit({ components: [counter("sealed", "tolerated")] });
    const visitor = await kit.visit();
    const first = await open(visitor);
    const second = await act(visitor, first);
    assert.deepEqual([second.status, second.version, second.state.count], [200, 1, 1]);
    assert.deepEqual((await act(visitor, second)).state, { count: 2 });
    assert.deepEqual((await act(visitor, first)).state, { count: 1 });
  });
});

describe("components of mode none", () => {
  it("show what mount finds after each action, and keep nothing", async () => {
    await using kit = await openLiveKit({ components: [counter("none")] });
    const visitor = await kit.visit();
    const page = await open(visitor);
    for (let expected = 1; expected <= 3; expected += 1) {
      const answer = await act(visitor, page);
      assert.deepEqual([answer.status, answer.state, answer.version], [200, { count: expected }, 0]);
    }
    const documents = await kit.store.read((transaction) =>
      transaction.execute({ sqlite: "SELECT 1 FROM documents", postgres: "" }, []),
    );
    assert.equal(documents.length, 0);
  });
});

describe("members that are for the content alone", () => {
  it("are rendered and sealed, and not told to scripts", async () => {
    const list = live("counter", {
      state: z.object({ total: z.int(), rows: z.array(z.string()) }),
      contentOnly: ["rows"],
      mount: ({ previous }) => previous ?? { total: 0, rows: [] },
      actions: (action) => ({
        add: action({ authorise: "public" }, ({ state: { rows } }) => ({
          total: rows.length + 1,
          rows: [...rows, "row"],
        })),
      }),
      render: ({ state }) => html`<p>${state.rows.join()}</p>`,
    });
    await using kit = await openLiveKit({ components: [list] });
    const visitor = await kit.visit();
    const first = await act(visitor, await open(visitor));
    assert.deepEqual([first.state, first.html], [{ total: 1 }, "<p>row</p>"]);
    const second = await act(visitor, { ...first, seed: undefined });
    assert.deepEqual([second.state, second.html], [{ total: 2 }, "<p>row,row</p>"]);
    const components = [{ component_id: "counter:main", base_version: 1 }];
    const response = await visitor.request("/api/livecomponents/load", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": visitor.csrfToken },
      body: JSON.stringify({ components }),
    });
    // Written by the route.
    const loaded = (await response.json()) as { components: { state: unknown; html: string }[] };
    assert.deepEqual(loaded.components[0]?.state, { total: 2 });
    assert.equal(loaded.components[0]?.html, "<p>row,row</p>");
  });
});

describe("every mode", () => {
  for (const mode of ["store", "sealed", "none"] as const) {
    it(`sends what changed to who has the content before, and repetitions the whole (${mode})`, async () => {
      await using kit = await openLiveKit({ components: [counter(mode)] });
      const visitor = await kit.visit();
      const first = await act(visitor, await open(visitor));
      assert.equal(typeof first.html, "string");
      assert.ok(!("pin" in first.state) && !JSON.stringify(first).includes("1234"));
      const { content_tag: base_tag } = first;
      const seed = first.seed ?? (await open(visitor)).seed;
      const key = { idempotency_key: crypto.randomUUID() };
      const second = await act(visitor, { ...first, seed }, { base_tag, ...key });
      assert.equal(second.status, 200, JSON.stringify(second));
      // So short a content is sent whole; what matters is that the tag names it.
      assert.ok(typeof second.html === "string" || Array.isArray(second.patch));
      const repeated = await act(visitor, { ...first, seed }, { base_tag, ...key });
      assert.deepEqual([typeof repeated.html, repeated.idempotency.cached], ["string", true]);
      assert.equal(repeated.content_tag, second.content_tag);
    });
  }
});
