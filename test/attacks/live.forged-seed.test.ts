// A page carries the state of its components sealed, and sends it back. While a migration accepts stored state that is
// not sealed yet, a visitor sends a state of their own making in its place.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { openGuarded, type GuardedOptions, type GuardedServer } from "../support/guarded-server.ts";
import { SuiteVisitors } from "../support/suite-visitors.ts";
import { fetchWire, type Wire } from "../support/wire.ts";

const purse = live("purse", {
  state: z.object({ coins: z.number() }),
  mount: () => ({ coins: 0 }),
  actions: (action) => ({
    count: action({ authorise: "public" }, ({ state }) => state),
    earn: action({ authorise: "public" }, ({ state }) => ({ coins: state.coins + 1 })),
  }),
  render: ({ state }) => html`<p>${state.coins}</p>`,
});

/** 2026-01-02, while the clock says 2026-01-01. */
const DURING_A_MIGRATION: GuardedOptions = { settings: { seal: { plaintextUntil: "2026-01-02T00:00:00Z" } } };

interface Purse extends AsyncDisposable {
  readonly server: GuardedServer;
  act(action: string, seed?: string): Promise<Readonly<Record<string, unknown>>>;
  /** What the store knows the visitor's session by. */
  session(): Promise<string>;
}

async function openPurse(): Promise<Purse> {
  const server = await openGuarded(() => ({ components: [purse] }), DURING_A_MIGRATION);
  const { handler, edge } = server.gatehouse;
  const wire: Wire = fetchWire((request) => handler(request, { address: "127.0.0.1", encrypted: false }));
  const visitors = new SuiteVisitors(wire, []);
  return {
    server,
    async act(action, seed) {
      const { headers } = await visitors.evidence("stranger", "own", "own");
      const sent = { component_id: "purse:main", action, ...(seed === undefined ? {} : { seed, base_version: 0 }) };
      const answer = await wire.send({
        method: "POST",
        path: "/api/livecomponents/action",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(sent),
      });
      return JSON.parse(answer.text) as Readonly<Record<string, unknown>>;
    },
    async session() {
      const { headers } = await visitors.evidence("stranger", "own", "own");
      return edge.sessions.idOf(/=(.*)/.exec(headers["cookie"] ?? "")?.[1] ?? "");
    },
    [Symbol.asyncDispose]: () => Promise.resolve(server[Symbol.asyncDispose]()),
  };
}

describe("a migration that accepts unsealed state", () => {
  it("does not accept any from visitors", async () => {
    await using purse = await openPurse();
    const at = purse.server.clock.now();
    const forged = JSON.stringify({ base: 0, props: null, at, state: { coins: 1_000_000 } });
    const answer = await purse.act("count", forged);
    assert.equal(answer["code"], "STATE_INVALID", JSON.stringify(answer));
    assert.deepEqual((await purse.act("count"))["state"], { coins: 0 });
    assert.ok(!purse.server.events.some(({ name }) => name === "crypt_plaintext_accepted"));
  });

  it("accepts it from the store, says so, and seals it at the next change", async () => {
    await using purse = await openPurse();
    const { services } = purse.server.gatehouse;
    const document = { kind: "live-state", tenant: "default", id: `purse:main:${await purse.session()}` };
    const body = JSON.stringify({ version: 1, props: null, state: { coins: 7 } });
    const expiresAt = purse.server.clock.now() + 60_000;
    await services.store.write((transaction) =>
      services.documents.put(transaction, document, { expected: 0, body, expiresAt }),
    );
    assert.deepEqual((await purse.act("earn"))["state"], { coins: 8 });
    const stored = await services.store.read((transaction) => services.documents.get(transaction, document));
    assert.equal(stored?.version, 2);
    assert.doesNotMatch(stored.body, /coins/);
    assert.ok(purse.server.events.some(({ name }) => name === "crypt_plaintext_accepted"));
  });
});
