// A component keeps in its state what a visitor must not see: a solution, a token, a price. They look for it wherever
// the server speaks: pages, seeds, answers, refusals, patches, events of other components, the log, the trail, the store.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { deny, problems } from "gatehouse/kernel";
import { live, liveEvent, reply, type StateMode } from "gatehouse/live";
import { openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";

const SECRET = "THE-SECRET-4711";
const told = liveEvent<{ code: string }>("game.told");

function gameOf(mode: StateMode) {
  return live("game", {
    mode,
    state: z.object({ tries: z.int(), code: z.string().max(40), nested: z.object({ code: z.string() }) }),
    secret: ["code", "nested"],
    emits: [told],
    mount: ({ previous }) => previous ?? { tries: 0, code: SECRET, nested: { code: SECRET } },
    actions: (action) => ({
      guess: action(
        {
          input: z.object({ code: z.string().max(10, "That is too long.") }),
          authorise: "public",
          rateLimit: 1000,
          audit: { context: ({ code }) => ({ length: code.length }) },
        },
        ({ state }, { code }) => ({ ...state, tries: state.tries + (code === state.code ? 0 : 1) }),
      ),
      tell: action({ authorise: "public", commutes: true }, ({ state }) =>
        reply({ state, emit: [told({ code: state.code })] }),
      ),
      refuse: action({ authorise: "public", commutes: true }, () => deny(problems.PERMISSION_DENIED)),
      break: action({ authorise: "public", commutes: true }, ({ state }) => {
        throw new Error(`The state was ${JSON.stringify(state)}.`);
      }),
      outgrow: action({ authorise: "public", commutes: true }, ({ state }) => ({
        ...state,
        code: state.code.repeat(9),
      })),
    }),
    render: ({ state, act }) => html`<p>${JSON.stringify(state)}</p>
      <form ${act.guess.form}>
        ${act.guess.fields}<input ${act.guess.field("code")} />${act.guess.error("code")}
      </form>`,
  });
}

const listener = live("listener", {
  state: z.object({ heard: z.int(), code: z.string() }),
  secret: ["code"],
  mount: ({ previous }) => previous ?? { heard: 0, code: "" },
  actions: () => ({}),
  on: (on) => [on(told, ({ state }, { code }) => ({ heard: state.heard + 1, code }))],
  render: ({ state }) => html`<p>${state.heard}</p>`,
});

/** What a visitor has seen, word for word. */
class Eavesdropper {
  readonly seen: string[] = [];
  readonly #visitor: LiveVisitor;
  constructor(visitor: LiveVisitor) {
    this.#visitor = visitor;
  }

  async page(): Promise<string> {
    return this.#note(await this.#visitor.request("/"));
  }

  async post(path: string, body: object | URLSearchParams, accept = "application/json") {
    const isForm = body instanceof URLSearchParams;
    const token = { "x-csrf-token": this.#visitor.csrfToken };
    const headers = { accept, ...token, ...(isForm ? {} : { "content-type": "application/json" }) };
    const sent = isForm ? body : JSON.stringify(body);
    const response = await this.#visitor.request(`/api/livecomponents/${path}`, {
      method: "POST",
      headers,
      body: sent,
    });
    const text = await this.#note(response);
    return { status: response.status, text };
  }

  async #note(response: Response): Promise<string> {
    const text = await response.text();
    this.seen.push(text, JSON.stringify([...response.headers]));
    return text;
  }
}

/** The forms a text could be hidden in. */
function contains(haystack: string, secret: string): boolean {
  const decoded = [...haystack.matchAll(/[A-Za-z0-9+/_-]{24,}={0,2}/g)].map(([text]) =>
    Buffer.from(text, text.includes("-") || text.includes("_") ? "base64url" : "base64").toString("latin1"),
  );
  return [haystack, ...decoded].some((text) => text.includes(secret));
}

async function everything(kit: LiveKit): Promise<string[]> {
  const visitor = await kit.visit();
  const eye = new Eavesdropper(visitor);
  const page = await eye.page();
  const seed = /data-live="game:main"[^>]*data-live-seed="([^"]+)"/.exec(page)?.[1] ?? "";
  const ear = /data-live="listener:main"[^>]*data-live-seed="([^"]+)"/.exec(page)?.[1] ?? "";
  assert.notEqual(seed, "");
  const game = { component_id: "game:main", seed, base_version: 0 };
  const others = [{ component_id: "listener:main", seed: ear, base_version: 0 }];
  const statuses: number[] = [];
  const act = async (action: string, more: object = {}): Promise<void> => {
    const { status } = await eye.post("action", { ...game, action, ...more });
    statuses.push(status);
  };
  await eye.post("load", { components: [game, ...others] });
  await eye.post("load", { components: [{ component_id: "game:main", seed }] });
  await act("refuse");
  await act("guess", { params: { code: "x".repeat(20) } });
  await act("guess", { params: { code: { $ne: "" } } });
  await act("guess", { params: { code: "1" }, idempotency_key: "key-1" });
  await act("guess", { params: { code: "1" }, idempotency_key: "key-1" });
  await act("guess", { params: { code: "2" }, base_version: 0, seed: undefined });
  await act("tell", { others });
  await act("break");
  await act("outgrow");
  await act("guess", { seed: `${seed.slice(0, -8)}AAAAAAA=`, params: { code: "3" } });
  const form = { _component_id: "game:main", _action: "guess", _csrf_token: visitor.csrfToken, _seed: seed };
  await eye.post("action", new URLSearchParams({ ...form, code: "x".repeat(20) }), "text/html");
  await eye.post("action", new URLSearchParams({ ...form, _action: "break" }), "text/html");
  await eye.page();
  assert.ok(new Set(statuses).size >= 4, `${statuses.join()}: the server has spoken in many ways`);
  return eye.seen;
}

for (const mode of ["store", "sealed", "none"] as const) {
  describe(`secret members of the state of a component of mode ${mode}`, () => {
    it("are in nothing that a visitor is sent", async () => {
      await using kit = await openLiveKit({ components: [gameOf(mode), listener] });
      const seen = await everything(kit);
      assert.ok(
        seen.some((text) => text.includes("tries")),
        "what is not secret is seen",
      );
      for (const text of seen) assert.ok(!contains(text, SECRET), text);
    });

    it("are in no event and no row of the store", async () => {
      await using kit = await openLiveKit({ components: [gameOf(mode), listener] });
      await everything(kit);
      assert.ok(kit.events.length > 5);
      assert.ok(!contains(JSON.stringify(kit.events), SECRET));
      for (const table of ["documents", "idempotency_records", "audit_events"]) {
        const text = `SELECT * FROM ${table}`;
        const rows = await kit.store.read((transaction) => transaction.execute({ sqlite: text, postgres: text }, []));
        assert.ok(!contains(JSON.stringify(rows), SECRET), table);
      }
    });
  });
}
