// A visitor makes the server keep state after state: one for every instance of a component that can be thought of, or
// ever larger ones, many at a time. The store's disk would be full before a limit of attempts is used up twice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { DEFAULT_STATE_QUOTA, live, type StateQuota } from "gatehouse/live";
import { LiveCallError, openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";
import { requireConfig, systemClock } from "gatehouse/kernel";

const KIB = 1024;

const shelf = live("shelf", {
  state: z.object({ text: z.string() }),
  mount: () => ({ text: "" }),
  actions: (action) => ({
    put: action(
      { input: z.object({ bytes: z.number() }), authorise: "public", rateLimit: 10_000, commutes: true },
      (_, { bytes }) => ({ text: "x".repeat(bytes) }),
    ),
    look: action({ authorise: "public", rateLimit: 10_000 }, () => undefined),
  }),
  render: ({ state }) => html`<p>${state.text.length}</p>`,
});

function open(quota: StateQuota, lifetime = 3_600_000): Promise<LiveKit> {
  return openLiveKit({ components: [shelf], quota, lifetime });
}

/** Stores a state of about so many bytes, and answers with the code of the refusal, or nothing. */
async function put(visitor: LiveVisitor, instance: number, bytes = 1): Promise<string | undefined> {
  try {
    await visitor.callAction(visitor.mountComponent(`shelf:${instance}`), "put", { bytes });
    return undefined;
  } catch (error) {
    if (error instanceof LiveCallError) return error.code;
    throw error;
  }
}

async function stored({ store }: LiveKit): Promise<{ readonly count: number; readonly bytes: number }> {
  const text = "SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM documents";
  const rows = await store.read((transaction) =>
    transaction.execute<{ count: number; bytes: number }>({ sqlite: text, postgres: text }, []),
  );
  assert.ok(rows[0]);
  return rows[0];
}

describe("states of live components stored for one session", () => {
  it("are no more than allowed, however many are asked for at once", async () => {
    await using kit = await open({ components: 8, bytes: 1024 * KIB });
    const visitor = await kit.visit();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, instance) => put(visitor, instance)));
    assert.equal(answers.filter((code) => code === undefined).length, 8);
    assert.equal(answers.filter((code) => code === "STATE_QUOTA_EXCEEDED").length, 32);
    assert.equal((await stored(kit)).count, 8);
    assert.equal(kit.events.filter(({ name }) => name === "excess_live_state").length, 32);
    assert.deepEqual(kit.errors, []);
  });

  it("are no larger than allowed, whether they are made or grow", async () => {
    await using kit = await open({ components: 100, bytes: 64 * KIB });
    const visitor = await kit.visit();
    for (let instance = 0; instance < 8; instance += 1) assert.equal(await put(visitor, instance), undefined);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, instance) => put(visitor, instance, 14 * KIB)));
    assert.ok(answers.includes(undefined));
    assert.ok(answers.includes("STATE_QUOTA_EXCEEDED"));
    for (let instance = 8; instance < 40; instance += 1) await put(visitor, instance);
    const { bytes, count } = await stored(kit);
    assert.ok(bytes <= 64 * KIB, `${bytes}`);
    assert.ok(count <= 16, "small ones count as 4 KiB");
  });

  it("stay as they are and usable at the limit, and leave others alone", async () => {
    await using kit = await open({ components: 2, bytes: 1024 * KIB });
    const visitor = await kit.visit();
    await put(visitor, 1, 10);
    await put(visitor, 2, 20);
    assert.equal(await put(visitor, 3), "STATE_QUOTA_EXCEEDED");
    assert.equal((await visitor.callAction(visitor.mountComponent("shelf:3"), "look")).html, "<p>0</p>");
    assert.equal((await visitor.callAction(visitor.mountComponent("shelf:1"), "look")).state.text.length, 10);
    assert.equal(await put(visitor, 2, 8 * KIB), undefined);
    assert.equal(await put(visitor, 2, 1), undefined);
    assert.equal(await put(await kit.visit(), 3), undefined);
  });

  it("make room when they expire", async () => {
    await using kit = await open({ components: 1, bytes: 1024 * KIB }, 60_000);
    const visitor = await kit.visit();
    assert.equal(await put(visitor, 1), undefined);
    assert.equal(await put(visitor, 2), "STATE_QUOTA_EXCEEDED");
    await kit.clock.advance(60_001);
    assert.equal(await put(visitor, 2), undefined);
  });

  it("have the same limit in a server's configuration and without one", () => {
    const config = requireConfig({ file: { profile: "development" }, clock: systemClock });
    const { components, bytes } = config.live;
    assert.deepEqual({ components, bytes }, { ...DEFAULT_STATE_QUOTA });
  });
});
