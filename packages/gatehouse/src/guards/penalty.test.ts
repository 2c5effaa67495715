import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Principal, Provenance } from "../kernel/attempt.ts";
import { describe as describeEvent } from "../kernel/attempt-event.ts";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { events } from "../kernel/events.ts";
import { createIds } from "../kernel/ids.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import { systemRandom } from "../kernel/random.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createBans } from "../store/sql/bans.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { attemptOf } from "../testing/passage.ts";
import { createPenalties, type PenaltyOptions } from "./penalty.ts";

const HOUR = 60 * 60_000;
const stranger: Principal = { type: "anonymous", id: "-", tenant: "acme", grants: new Set() };
const ada: Principal = { ...stranger, type: "user", id: "ada" };

/** A bus nobody else is on. */
const solitude: Bus = {
  publish: () => Promise.resolve(),
  subscribe: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

async function open(more: Partial<PenaltyOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const clock = createFakeClock();
  const ids = createIds(clock, systemRandom);
  const report = (error: unknown): never => {
    throw error;
  };
  const stream = createEventStream(report);
  const store = stack.use(await openSqliteStore({ memory: true, clock, migrations: coreMigrations }));
  const bans = stack.use(await createBans({ store, bus: solitude, clock, ids, pollInterval: HOUR }));
  const penalties = stack.use(createPenalties({ events: stream, bans, clock, ids, report, ...more }));
  const banned: SecurityEvent[] = [];
  stream.subscribe((event) => {
    if (event.name === "source_banned") banned.push(event);
  });

  /** Denied attempts, all at once. */
  async function violate(
    times: number,
    { problem = "RATE_LIMIT_EXCEEDED", ip = "192.0.2.1", who = stranger, fetchSite = "", context = {} } = {},
  ) {
    const browser: Provenance = { kind: "browser", method: "POST", target: "https://app.example" };
    const provenance: Provenance = fetchSite === "" ? browser : { ...browser, fetchSite };
    const attempt = attemptOf({ entrance: "live", peer: { ip, tls: true }, provenance });
    for (let index = 0; index < times; index += 1) {
      const definition = events.excess_rate_limit_exceeded;
      const event = describeEvent({ ids, clock }, attempt, { definition, outcome: "denied", context, principal: who });
      stream.emit({ ...event, problem });
    }
    await penalties.settled();
  }
  return { clock, bans, banned, violate, stream, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("createPenalties", () => {
  it("bans an address from the entrance it used for an hour after three violations", async () => {
    await using setUp = await open();
    await setUp.violate(2);
    assert.deepEqual(setUp.bans.list(), []);
    await setUp.violate(1);
    const ban = setUp.bans.find([{ kind: "ip", value: "192.0.2.1" }], "live");
    assert.equal(ban?.expiresAt, setUp.clock.now() + HOUR);
    assert.equal(ban?.violations, 3);
    assert.equal(setUp.bans.find([{ kind: "ip", value: "192.0.2.1" }], "http"), undefined);
    assert.equal(setUp.banned[0]?.target, "ip:192.0.2.1");
    assert.equal(setUp.banned[0]?.context["minutes"], 60);
    assert.equal(setUp.banned.length, 1);
  });

  it("bans a source altogether for a day after ten", async () => {
    await using setUp = await open();
    await setUp.violate(3);
    await setUp.clock.advance(HOUR);
    assert.deepEqual(setUp.bans.list(), []);
    await setUp.violate(7);
    const ban = setUp.bans.find([{ kind: "ip", value: "192.0.2.1" }], "http");
    assert.equal(ban?.expiresAt, setUp.clock.now() + 24 * HOUR);
    assert.equal(ban?.entrance, undefined);
  });

  it("forgets violations older than its window", async () => {
    await using setUp = await open({ settings: { window: HOUR } });
    await setUp.violate(2);
    await setUp.clock.advance(HOUR + 1);
    await setUp.violate(2);
    assert.deepEqual(setUp.bans.list(), []);
  });

  it("bans an IPv6 network as a whole, and those who are signed in as themselves", async () => {
    await using setUp = await open();
    for (const ip of ["2001:db8::1", "2001:db8::2", "2001:db8::3"]) await setUp.violate(1, { ip });
    for (const ip of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) await setUp.violate(1, { ip, who: ada });
    assert.deepEqual(
      setUp.bans
        .list()
        .map(({ subject }) => subject)
        .toSorted((a, b) => (a.kind < b.kind ? -1 : 1)),
      [
        { kind: "ip", value: "2001:db8::/64" },
        { kind: "user", value: "acme/ada" },
      ],
    );
  });

  it("can be lifted, and bans again after the next violation", async () => {
    await using setUp = await open();
    await setUp.violate(3);
    const [ban] = setUp.bans.list();
    assert.ok(ban !== undefined);
    await setUp.bans.lift(ban.id);
    assert.deepEqual(setUp.bans.list(), []);
    await setUp.violate(1);
    assert.equal(setUp.bans.list().length, 1);
  });

  it("does not pile up bans for a flood that was under way", async () => {
    await using setUp = await open();
    await setUp.violate(5000);
    await setUp.violate(5000);
    assert.equal(setUp.bans.list().length, 1);
    assert.equal(setUp.banned.length, 1);
  });

  // A page of another origin makes its visitors' browsers flood us, so that they, and everybody behind their address,
  // get banned. What a foreign page causes must not be held against those who visit it.
  it("does not ban visitors of a foreign page for what it makes their browsers send", async () => {
    await using setUp = await open();
    for (const fetchSite of ["cross-site", "same-site"]) await setUp.violate(20, { fetchSite });
    assert.deepEqual(setUp.bans.list(), []);
    await setUp.violate(3, { fetchSite: "same-origin" });
    assert.equal(setUp.bans.list().length, 1);
  });

  // Whoever forges signatures or guesses credentials says in a header that a foreign page made a browser do it. No page
  // can make a browser send either, so that does not help.
  it("bans for forged signatures and guessed credentials, whatever page they say they come from", async () => {
    const cases = [
      { problem: "CREDENTIAL_INVALID", context: { reason: "wrong secret", credential: "client" } },
      { problem: "CREDENTIAL_INVALID", context: {} },
      { problem: "SIGNATURE_INVALID", context: { reason: "mismatch" } },
      { problem: "SIGNATURE_INVALID", context: { reason: "too-old" } },
    ];
    for (const { problem, context } of cases) {
      await using setUp = await open();
      await setUp.violate(3, { problem, context, fetchSite: "cross-site" });
      assert.equal(setUp.bans.list().length, 1, problem);
    }
    await using setUp = await open();
    const missing = { problem: "SIGNATURE_INVALID", context: { reason: "missing" }, fetchSite: "cross-site" };
    await setUp.violate(20, missing);
    const session = { problem: "CREDENTIAL_INVALID", context: { credential: "session" }, fetchSite: "cross-site" };
    await setUp.violate(20, session);
    assert.deepEqual(setUp.bans.list(), []);
  });

  it("does not ban people for tabs left open over a sign-in", async () => {
    await using setUp = await open();
    await setUp.violate(20, { problem: "CSRF_TOKEN_INVALID", fetchSite: "same-origin" });
    assert.deepEqual(setUp.bans.list(), []);
    await setUp.violate(3, { problem: "CSRF_TOKEN_INVALID" });
    assert.equal(setUp.bans.list().length, 1);
  });

  describe("for used-up limits", () => {
    const context = { policy: "default", limit: 60, window: 60 };

    it("does not ban an address for what its many people send after the limit is used up", async () => {
      await using setUp = await open();
      for (let windows = 1; windows <= 2; windows += 1) {
        await setUp.violate(50, { context });
        await setUp.clock.advance(60_000);
      }
      assert.deepEqual(setUp.bans.list(), []);
    });

    it("counts a window once, whichever limits refuse, so that three windows are three violations", async () => {
      await using setUp = await open();
      for (let windows = 1; windows <= 3; windows += 1) {
        assert.deepEqual(setUp.bans.list(), []);
        for (const policy of ["default", "live.like.set", "address"]) {
          await setUp.violate(5, { context: { ...context, policy } });
        }
        await setUp.clock.advance(60_000);
      }
      assert.equal(setUp.bans.list().length, 1);
    });

    it("bans who goes on for another share, and another, within the window", async () => {
      await using setUp = await open();
      await setUp.violate(120, { context });
      assert.deepEqual(setUp.bans.list(), []);
      await setUp.violate(1, { context });
      assert.equal(setUp.bans.list()[0]?.violations, 3);
    });

    it("bans who is signed in after three refusals, which nobody else caused", async () => {
      await using setUp = await open();
      await setUp.violate(3, { context, who: ada });
      assert.deepEqual(setUp.bans.list()[0]?.subject, { kind: "user", value: "acme/ada" });
    });
  });

  it("answers one burst with the ban for an hour, not for a day", async () => {
    await using setUp = await open();
    await setUp.violate(12);
    const [ban] = setUp.bans.list();
    assert.equal(ban?.entrance, "live");
    assert.equal(ban?.expiresAt, setUp.clock.now() + HOUR);
  });

  it("weighs denials, and lets foreign pages do no harm to those who visit them", async () => {
    await using setUp = await open({ settings: { weights: { SIGNATURE_INVALID: 3 } } });
    await setUp.violate(20, { problem: "RATE_LIMIT_EXCEEDED" });
    assert.deepEqual(setUp.bans.list(), []);
    await setUp.violate(1, { problem: "SIGNATURE_INVALID" });
    assert.equal(setUp.bans.list().length, 1);
    await using ordinary = await open();
    await ordinary.violate(20, { problem: "ORIGIN_REFUSED" });
    await ordinary.violate(20, { problem: "VALIDATION_ERROR" });
    assert.deepEqual(ordinary.bans.list(), []);
    await ordinary.violate(3, { problem: "CSRF_TOKEN_INVALID" });
    assert.equal(ordinary.bans.list().length, 1);
  });

  it("bans neither trusted ranges nor everybody whose address is unknown", async () => {
    await using setUp = await open({ trustedCidrs: ["10.0.0.0/8"] });
    await setUp.violate(20, { ip: "10.1.1.1" });
    await setUp.violate(20, { ip: "unknown" });
    assert.deepEqual(setUp.bans.list(), []);
  });
});
