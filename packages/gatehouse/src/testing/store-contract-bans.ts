import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import type { Bans, BanSubject, NewBan } from "../kernel/ports/bans.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createBans } from "../store/sql/bans.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const MINUTE = 60_000;
const ids = createIds(systemClock, createDeterministicRandom("bans"));

function freshSubject(kind: BanSubject["kind"] = "ip"): BanSubject {
  return { kind, value: ids.next() };
}

function banOn(subject: BanSubject, more: Partial<NewBan> = {}): NewBan {
  return { subject, reason: "test", duration: MINUTE, violations: 3, ...more };
}

/** What bans promise on any transactional store, with the buses of two servers. */
export function describeBansContract(name: string, create: CreateStoreFixture, openBus: () => Promise<Bus>): void {
  describe(`${name}: bans`, () => {
    const current = useStore(create);
    const open = async (pollInterval = MINUTE) => {
      const bus = await openBus();
      const bans = await createBans({ store: current(), bus, clock: systemClock, ids, pollInterval });
      return { bans, bus };
    };
    describeFinding(open);
    describeSpreading(current, open);
    describeViolations(open);
  });
}

type Opened = { readonly bans: Bans; readonly bus: Bus };

async function closing(opened: readonly Opened[]): Promise<void> {
  for (const { bans, bus } of opened) {
    await bans[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
  }
}

function describeFinding(open: () => Promise<Opened>): void {
  it("finds a ban at once, by its subject alone", async () => {
    const opened = await open();
    const subject = freshSubject();
    const ban = await opened.bans.add(banOn(subject));
    assert.deepEqual(opened.bans.find([freshSubject(), subject], "http"), ban);
    assert.equal(opened.bans.find([{ ...subject, kind: "user" }], "http"), undefined);
    assert.ok(opened.bans.list().some(({ id }) => id === ban.id));
    await closing([opened]);
  });

  it("applies a ban to its entrance, and the longest one first", async () => {
    const opened = await open();
    const subject = freshSubject();
    const short = await opened.bans.add(banOn(subject));
    const long = await opened.bans.add(banOn(subject, { duration: 2 * MINUTE, entrance: "live" }));
    assert.deepEqual(opened.bans.find([subject], "http"), short);
    assert.deepEqual(opened.bans.find([subject], "live"), long);
    await closing([opened]);
  });

  it("ignores a ban that has expired", async () => {
    const opened = await open();
    const subject = freshSubject();
    await opened.bans.add(banOn(subject, { duration: -1 }));
    assert.equal(opened.bans.find([subject], "http"), undefined);
    await closing([opened]);
  });

  it("lifts a ban once", async () => {
    const opened = await open();
    const subject = freshSubject();
    const ban = await opened.bans.add(banOn(subject));
    assert.deepEqual(await opened.bans.lift(ban.id), ban);
    assert.equal(opened.bans.find([subject], "http"), undefined);
    assert.equal(await opened.bans.lift(ban.id), undefined);
    await closing([opened]);
  });
}

function describeSpreading(current: () => Store, open: (pollInterval?: number) => Promise<Opened>): void {
  it("keeps bans over a restart", async () => {
    const opened = await open();
    const subject = freshSubject();
    const ban = await opened.bans.add(banOn(subject, { entrance: "http" }));
    await closing([opened]);
    const again = await open();
    assert.deepEqual(again.bans.find([subject], "http"), ban);
    await closing([again]);
  });

  it("sees bans of other servers when it looks at the table, even when the message was lost", async () => {
    const watching = await open(20);
    const subject = freshSubject();
    const silent: Bus = {
      publish: async () => undefined,
      subscribe: (topic, receive) => watching.bus.subscribe(topic, receive),
      [Symbol.asyncDispose]: async () => undefined,
    };
    const bans = await createBans({ store: current(), bus: silent, clock: systemClock, ids });
    const ban = await bans.add(banOn(subject));
    const deadline = systemClock.monotonic() + 5000;
    while (watching.bans.find([subject], "http") === undefined && systemClock.monotonic() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(watching.bans.find([subject], "http"), ban);
    await bans[Symbol.asyncDispose]();
    await closing([watching]);
  });
}

function describeViolations(open: () => Promise<Opened>): void {
  it("counts violations within the window, each once under concurrency", async () => {
    const opened = await open();
    const subject = freshSubject();
    const counts = await Promise.all(Array.from({ length: 10 }, () => opened.bans.violate(subject, MINUTE)));
    assert.deepEqual(
      counts.toSorted((left, right) => left - right),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.equal(await opened.bans.violate(freshSubject(), MINUTE), 1);
    await closing([opened]);
  });

  it("does not count what lies before the window", async () => {
    const opened = await open();
    const subject = freshSubject();
    await opened.bans.violate(subject, MINUTE);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(await opened.bans.violate(subject, 20), 1);
    assert.equal(await opened.bans.violate(subject, MINUTE), 3);
    await closing([opened]);
  });
}
