// Somebody is shown a page whose own check lets them in, and keeps what it carries. Asking with it for the page's
// components, they would go on seeing what is in them after the page itself would turn them away.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import type { LiveKit, LiveVisitor } from "gatehouse/testing";
import { z } from "zod";
import { enter, leave, openBoard } from "../support/push-board.ts";

const MINUTE = 60_000;

const ledger = live("ledger", {
  props: z.object({ of: z.string() }),
  ...{ state: z.object({}), mount: () => ({}), actions: () => ({}), render: () => html`<p>100 coins</p>` },
});

interface Kept {
  readonly component_id: string;
  readonly base_version: number;
  readonly seed: string;
}

function openLedger(): Promise<LiveKit> {
  return openBoard({
    components: [ledger],
    page: async (mounting, inbound) => mounting.mount(ledger, { inbound, props: { of: "ada" } }),
  });
}

async function keep(visitor: LiveVisitor): Promise<Kept> {
  const [, id = "", seed = ""] = /data-live="([^"]+)"[^>]*data-live-seed="([^"]+)"/.exec(await visitor.page()) ?? [];
  assert.notEqual(seed, "");
  return { component_id: id, base_version: 0, seed };
}

/** What loading answers: the code of a refusal, or the content and the next seed. */
async function load(visitor: LiveVisitor, kept: Kept) {
  const response = await visitor.request("/api/livecomponents/load", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ components: [kept], _csrf_token: visitor.csrfToken }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- the test looks into answers of any shape
  const answer: any = await response.json();
  return response.ok ? answer.components[0] : { code: answer.code };
}

describe("what a page has shown", () => {
  for (const [how, end] of [
    ["the visitor leaves", leave],
    ["somebody else signs in", (visitor: LiveVisitor) => enter(visitor, "eve")],
    ["the visitor may do something else from now on", (visitor: LiveVisitor) => enter(visitor, "ada")],
  ] as const) {
    it(`is not loaded any more when ${how}`, async () => {
      await using kit = await openLedger();
      const visitor = await kit.visit();
      await enter(visitor, "ada");
      await visitor.refreshToken();
      const kept = await keep(visitor);
      assert.match((await load(visitor, kept)).html, /100 coins/);
      await end(visitor);
      await visitor.refreshToken();
      assert.deepEqual(await load(visitor, kept), { component_id: kept.component_id, gone: true });
    });
  }

  it("is not loaded by another session of the same visitor", async () => {
    await using kit = await openLedger();
    const [one, two] = [await kit.visit(), await kit.visit()];
    for (const visitor of [one, two]) {
      await enter(visitor, "ada");
      await visitor.refreshToken();
    }
    const kept = await keep(one);
    assert.deepEqual(await load(two, kept), { component_id: kept.component_id, gone: true });
  });

  it("can be asked for until the session goes idle, however often it is renewed", async () => {
    await using kit = await openLedger();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    await visitor.refreshToken();
    let kept = await keep(visitor);
    for (let passed = 0; passed + 15 * MINUTE < kit.edge.sessions.idle; passed += 15 * MINUTE) {
      await kit.clock.advance(15 * MINUTE);
      const loaded = await load(visitor, kept);
      assert.equal(loaded.gone, undefined);
      kept = { ...kept, seed: loaded.seed };
    }
    await kit.clock.advance(15 * MINUTE);
    assert.deepEqual(await load(visitor, kept), { code: "SESSION_EXPIRED" });
  });

  it("is forgotten an hour after it was shown, although its session goes on", async () => {
    await using kit = await openLedger();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    await visitor.refreshToken();
    const kept = await keep(visitor);
    for (let passed = 0; passed <= kit.edge.sessions.idle; passed += 20 * MINUTE) {
      await kit.clock.advance(20 * MINUTE);
      await visitor.callAction(visitor.mountComponent("door:main"), "knock");
    }
    assert.deepEqual(await load(visitor, kept), { component_id: kept.component_id, gone: true });
  });
});
