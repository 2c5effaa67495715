import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createIds } from "../kernel/ids.ts";
import { systemRandom } from "../kernel/random.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { createJoinTokens } from "../store/sql/guests/join-tokens.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createJoinTokenAlerts } from "./alerts.ts";
import { BUCKET, bucketAt, JoinTokenUsage } from "./usage.ts";

const HOUR = 3_600_000;
const unexpected = (error: unknown): never => {
  throw error;
};

async function setUp() {
  const clock = createFakeClock();
  await clock.advance(BUCKET - (clock.now() % BUCKET));
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const tokens = createJoinTokens();
  const stream = createEventStream(unexpected);
  const events: SecurityEvent[] = [];
  stream.subscribe((event) => events.push(event));
  const ids = createIds(clock, systemRandom);
  const parts = { tokens, documents: createDocuments(), store, events: stream, ids, clock, spikeFloor: 20 };
  // Two servers look, as they do where several share a store.
  const servers = [createJoinTokenAlerts(parts), createJoinTokenAlerts(parts)];
  const usage = new JoinTokenUsage({ tokens, store, clock, report: unexpected, timers: clock });
  const token = async (more: { readonly id: string; readonly lifetime?: number }) => {
    const made = { tenant: "acme", collection: "party", label: "l", kind: "once", scopes: [], weak: false } as const;
    const caps = { guests: 9, files: 9, bytes: 9 };
    const { id, lifetime = 100 * HOUR } = more;
    await store.write((writing) => tokens.create(writing, { ...made, id, caps, expiresAt: clock.now() + lifetime }));
  };
  /** Five minutes in which so much happened, and a look at them. */
  const pass = async (uses: Parameters<JoinTokenUsage["record"]>[1], id = "t1") => {
    usage.record(id, uses);
    await usage.flush();
    await clock.advance(BUCKET + BUCKET / 5);
    await Promise.all(servers.map((look) => look(new AbortController().signal)));
    await clock.advance(bucketAt(clock.now()) + BUCKET - clock.now());
    return events.splice(0).map(({ name, target, tenant, context }) => ({ name, target, tenant, context }));
  };
  return { store, token, pass, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

describe("alerts on join tokens", () => {
  it("tell once of a spike and once of its end, on however many servers", async () => {
    await using site = await setUp();
    await site.token({ id: "t1" });
    assert.deepEqual(await site.pass({ views: 10 }), []);
    const begun = await site.pass({ views: 90, uploads: 60 });
    assert.deepEqual(
      begun.map(({ name, target, tenant }) => [name, target, tenant]),
      [["join_token_spike", "t1", "acme"]],
    );
    assert.deepEqual(begun[0]?.context, { hits: 150, threshold: 20, collection: "party" });
    const later = [];
    for (const views of [400, 10, 10, 10, 10]) later.push(...(await site.pass({ views })));
    assert.deepEqual(
      later.map(({ name }) => name),
      ["join_token_spike_over"],
    );
  });

  it("tell of tokens that end soon after they were made", async () => {
    await using site = await setUp();
    for (let count = 0; count < 5; count += 1) await site.token({ id: `short ${count}`, lifetime: 1000 });
    const told = await site.pass({ views: 1 }, "short 0");
    assert.deepEqual(
      told.map(({ name, context }) => [name, context["ended"]]),
      [["join_token_churn", 5]],
    );
    assert.deepEqual(await site.pass({ views: 1 }, "short 0"), []);
  });

  it("tell of guests who come with tokens that have ended", async () => {
    await using site = await setUp();
    await site.token({ id: "t1" });
    assert.deepEqual(await site.pass({ views: 15, refused: "limited" }), []);
    const told = [];
    for (let count = 0; count < 7; count += 1) told.push(...(await site.pass({ refused: "expired" })));
    assert.deepEqual(
      told.map(({ name }) => name),
      ["join_token_churn"],
    );
  });
});
