import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { defineAction, type AnyAction, type Effects, type LimitPolicy } from "../kernel/action.ts";
import type { Principal } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { Counters } from "../kernel/ports/counters.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom } from "../kernel/random.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { passThrough, type GuardPassing } from "../testing/guard-passing.ts";
import { passageOf } from "../testing/passage.ts";
import { limitGuard, type LimitOptions } from "./limit.ts";

const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
const grants: ReadonlySet<string> = new Set();
const ada: Principal = { type: "user", id: "ada", tenant: "acme", grants, session: "s-ada" };
const bob: Principal = { type: "user", id: "bob", tenant: "acme", grants, session: "s-bob" };

function actionWith(limits?: readonly LimitPolicy[], effects: Effects = "store", name = "note.write"): AnyAction {
  return defineAction({
    name,
    entrances: ["http"],
    input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
    effects,
    authorise: "public",
    ...(limits === undefined ? {} : { limits }),
    run: () => Promise.resolve("written"),
  });
}

function setUp(limits?: readonly LimitPolicy[], more: Partial<LimitOptions> = {}) {
  const clock = createFakeClock();
  const counters = more.counters ?? createMemoryCounters({ clock });
  const guard = limitGuard({ counters, keyRing, clock, ...more });
  return { clock, counters, guard, passing: passThrough(guard, actionWith(limits)) };
}

/** How many of `count` attempts get in. */
async function admitted(passing: GuardPassing, count: number, who: Partial<Who> = {}): Promise<number> {
  let number = 0;
  for (let index = 0; index < count; index += 1) if ((await attempt(passing, who)) === undefined) number += 1;
  return number;
}

interface Who {
  readonly principal: Principal;
  readonly ip: string;
  readonly connection: string;
}

function attempt(passing: GuardPassing, { principal, ip = "192.0.2.1", connection }: Partial<Who>) {
  return passing.enter(passageFor({ ip, ...(principal && { principal }), ...(connection && { connection }) }));
}

function passageFor({ principal, ip = "192.0.2.1", connection }: Partial<Who>) {
  const peer = { ip, tls: true, ...(connection === undefined ? {} : { connection }) };
  return passageOf({ attempt: { peer }, ...(principal === undefined ? {} : { passage: { principal } }) });
}

const perMinute = (limit: number, more: Partial<LimitPolicy> = {}): LimitPolicy => ({
  name: "note",
  by: ["principal"],
  rule: { kind: "window", limit, window: 60_000 },
  ...more,
});

describe("limitGuard", () => {
  it("admits sixty attempts a minute by default and refuses the next with everything a caller needs", async () => {
    const { passing, clock } = setUp();
    assert.equal(await admitted(passing, 60, { principal: ada }), 60);
    await clock.advance(14_500);
    const denial = await attempt(passing, { principal: ada });
    assert.ok(denial !== undefined);
    assert.equal(denial.problem, problems.RATE_LIMIT_EXCEEDED);
    assert.equal(denial.retryAfter, 46);
    assert.equal(denial.event?.name, "excess_rate_limit_exceeded");
    assert.deepEqual(denial.context, { policy: "default", limit: 60, window: 60, retry_after: 46 });
    assert.deepEqual(denial.limits, [
      { policy: "default", limit: 60, window: 60_000, remaining: 0, resetAt: clock.now() + 45_500, retryAfter: 45_500 },
    ]);
    await clock.advance(45_500);
    assert.equal(await attempt(passing, { principal: ada }), undefined);
  });

  it("counts who is signed in by identity, strangers by address, and both apart", async () => {
    const { passing } = setUp([perMinute(1)]);
    assert.equal(await admitted(passing, 2, { principal: ada, ip: "192.0.2.1" }), 1);
    assert.equal(await admitted(passing, 2, { principal: ada, ip: "192.0.2.99" }), 0);
    assert.equal(await admitted(passing, 2, { principal: bob, ip: "192.0.2.1" }), 1);
    assert.equal(await admitted(passing, 2, { ip: "192.0.2.1" }), 1);
    assert.equal(await admitted(passing, 2, { ip: "2001:db8::1" }), 1);
    assert.equal(await admitted(passing, 2, { ip: "2001:db8::2" }), 0);
  });

  it("counts by each kind of subject", async () => {
    const client: Principal = { type: "client", id: "app", tenant: "acme", grants, session: "token-1" };
    const agent: Principal = { type: "agent", id: "bot", tenant: "acme", grants, session: "t", onBehalfOf: "ada" };
    const cases: readonly (readonly [LimitPolicy["by"], Partial<Who>, Partial<Who>, boolean])[] = [
      [["user"], { principal: agent }, { principal: { ...agent, id: "other-bot" } }, true],
      [["principal"], { principal: agent }, { principal: { ...agent, id: "other-bot" } }, false],
      [["user"], { principal: ada }, { principal: { ...ada, tenant: "rival" } }, false],
      [["session"], { principal: ada }, { principal: { ...ada, session: "elsewhere" } }, false],
      [["token"], { principal: client }, { principal: { ...client, id: "same token" } }, true],
      [["client"], { principal: client }, { principal: { ...client, session: "token-2" } }, true],
      [["client"], { principal: ada }, { principal: bob }, true],
      [["ip"], { principal: ada }, { principal: bob }, true],
      [["ip", "user"], { principal: ada }, { principal: ada, ip: "192.0.2.2" }, false],
      [["tenant"], { principal: ada }, { ip: "192.0.2.2" }, true],
      [["connection"], { connection: "c1" }, { connection: "c2" }, false],
      [["connection"], {}, { ip: "192.0.2.2" }, false],
    ];
    for (const [by, first, second, together] of cases) {
      const { passing } = setUp([perMinute(1, { by })]);
      assert.equal(await admitted(passing, 1, first), 1);
      assert.equal(await admitted(passing, 1, second), together ? 0 : 1, JSON.stringify([by, first, second]));
    }
  });

  it("lets actions share a limit by its name, unless it counts by action", async () => {
    for (const [by, expected] of [
      [["ip"], 0],
      [["ip", "action"], 1],
    ] as const) {
      const { guard } = setUp();
      const limits = [perMinute(1, { by })];
      assert.equal(await admitted(passThrough(guard, actionWith(limits)), 1), 1);
      assert.equal(await admitted(passThrough(guard, actionWith(limits, "store", "note.erase")), 1), expected);
    }
  });

  it("takes as many units as an attempt costs", async () => {
    const { passing } = setUp([perMinute(10, { cost: 4 })]);
    assert.equal(await admitted(passing, 5), 2);
  });

  it("gives strangers a limit of their own", async () => {
    const { passing } = setUp([perMinute(5, { anonymousLimit: 2 })]);
    assert.equal(await admitted(passing, 9), 2);
    assert.equal(await admitted(passing, 9, { principal: ada }), 5);
    const bucket = setUp([
      perMinute(5, { rule: { kind: "bucket", limit: 5, window: 1000, burst: 8 }, anonymousLimit: 2 }),
    ]);
    assert.equal(await admitted(bucket.passing, 9), 2);
  });

  it("checks all policies together and tells of all that were admitted", async () => {
    const { passing } = setUp([perMinute(3), perMinute(1, { name: "tight", by: ["ip"] })]);
    const passage = passageFor({ principal: ada });
    assert.equal(await passing.enter(passage), undefined);
    assert.deepEqual(
      passage.limits.map(({ policy, remaining }) => [policy, remaining]),
      [
        ["note", 2],
        ["tight", 0],
      ],
    );
    assert.equal(await admitted(passing, 5, { principal: ada }), 0);
    const elsewhere = passageFor({ principal: ada, ip: "192.0.2.2" });
    await passing.enter(elsewhere);
    assert.equal(elsewhere.limits[0]?.remaining, 1);
  });

  it("limits neither trusted ranges nor the system", async () => {
    const { passing, guard } = setUp([perMinute(1)], { trustedCidrs: ["10.0.0.0/8"] });
    assert.equal(await admitted(passing, 9, { ip: "10.1.2.3" }), 9);
    const internal = passageOf({ attempt: { provenance: { kind: "internal" } } });
    assert.equal(await passing.enter(internal), undefined);
    assert.equal(await passing.enter(internal), undefined);
    assert.equal(passThrough(guard, actionWith(), "job").applies, false);
    assert.equal(passThrough(guard, actionWith([perMinute(1)]), "job").applies, true);
  });
});

describe("limitGuard with policies that give back", () => {
  const failure: Denial = deny(problems.PERMISSION_DENIED);

  it("counts failures alone where a policy refunds success", async () => {
    const { passing } = setUp([perMinute(2, { refund: "success" })]);
    for (let round = 0; round < 5; round += 1) {
      const passage = passageFor({ principal: ada });
      assert.equal(await passing.enter(passage), undefined);
      await passing.leave(passage);
    }
    for (let round = 0; round < 2; round += 1) {
      const passage = passageFor({ principal: ada });
      assert.equal(await passing.enter(passage), undefined);
      await passing.leave(passage, failure);
    }
    assert.equal(await admitted(passing, 1, { principal: ada }), 0);
  });

  it("charges nobody for failures of the server", async () => {
    const { passing } = setUp([perMinute(1, { refund: "success" })]);
    const passage = passageFor({ principal: ada });
    await passing.enter(passage);
    await passing.leave(passage, deny(problems.INTERNAL_ERROR));
    assert.equal(await admitted(passing, 1, { principal: ada }), 1);
  });

  it("limits failures over all actions when told to", async () => {
    const { guard } = setUp(undefined, { failures: { limit: 2, window: 1000 } });
    const [write, erase] = ["note.write", "note.erase"].map((name) =>
      passThrough(guard, actionWith(undefined, "store", name)),
    );
    assert.ok(write !== undefined && erase !== undefined);
    for (const passing of [write, erase]) {
      const passage = passageFor({ principal: ada });
      await passing.enter(passage);
      await passing.leave(passage, failure);
    }
    assert.equal((await attempt(write, { principal: ada }))?.context?.["policy"], "failures");
  });

  it("frees slots when attempts end, however they end, and says TOO_MANY_CONCURRENT until then", async () => {
    const slots = perMinute(1, { name: "slots", rule: { kind: "concurrency", limit: 1, window: 60_000 } });
    const { passing } = setUp([perMinute(9), slots]);
    const first = passageFor({ principal: ada });
    assert.equal(await passing.enter(first), undefined);
    assert.deepEqual(
      first.limits.map(({ policy }) => policy),
      ["note"],
    );
    const denial = await attempt(passing, { principal: ada });
    assert.equal(denial?.problem, problems.TOO_MANY_CONCURRENT);
    assert.equal(denial?.retryAfter, 1);
    assert.equal(denial?.event?.name, "excess_concurrency");
    await passing.leave(first, failure);
    await passing.leave(first, failure);
    assert.equal(await admitted(passing, 2, { principal: ada }), 1);
  });
});

describe("limitGuard.check", () => {
  const faults = (limits: readonly LimitPolicy[], effects: Effects = "store"): readonly string[] => {
    const { guard } = setUp();
    return guard.check?.(actionWith(limits, effects)) ?? [];
  };

  it("refuses a mutation without any limit, and lets a read do without", () => {
    assert.match(faults([]).join(), /empty list of limits/);
    assert.deepEqual(faults([], "none"), []);
    assert.deepEqual(faults([perMinute(1)]), []);
  });

  it("refuses policies that cannot work", () => {
    const rule = perMinute(1).rule;
    assert.match(faults([perMinute(1), perMinute(1)]).join(), /another limit has this name/);
    assert.match(faults([perMinute(1, { name: "ünïcode" })]).join(), /printable ASCII/);
    assert.match(faults([perMinute(1, { name: "default" })]).join(), /another limit has this name/);
    assert.match(faults([perMinute(1, { by: [] })]).join(), /names nobody/);
    assert.match(faults([perMinute(1, { anonymousLimit: -1 })]).join(), /anonymousLimit/);
    for (const wrong of [{ limit: 1.5 }, { limit: -1 }, { window: 0 }, { window: Number.NaN }]) {
      assert.equal(faults([perMinute(1, { rule: { ...rule, ...wrong } })]).length, 1, JSON.stringify(wrong));
    }
    for (const cost of [0, -1, 1.5, 2, Number.NaN])
      assert.match(faults([perMinute(1, { cost })]).join(), /cost must be/);
    const bucket = { kind: "bucket", limit: 999_999_999_989, window: 86_399_999, burst: 999_999_999_989 } as const;
    assert.match(faults([perMinute(1, { rule: bucket })]).join(), /exact arithmetic/);
  });

  // Types are stripped before a program runs. A mistyped word must not make a limit that counts nobody: a door left
  // open by a slip of the pen.
  it("refuses words and numbers that type stripping lets through, with the action and what is possible", () => {
    const { rule } = perMinute(1);
    const slips: readonly [unknown, RegExp][] = [
      [{ by: ["pricipal"] }, /unknown subject "pricipal"; choose of principal, user, session, ip, /],
      [{ by: ["ip", "constructor"] }, /unknown subject "constructor"/],
      [{ by: "ip" }, /`by` must be a list of principal/],
      [{ rule: { ...rule, kind: "windw" } }, /unknown rule\.kind "windw"; choose one of window, bucket, concurrency/],
      [{ rule: undefined }, /unknown rule\.kind/],
      [{ rule: { ...rule, limit: 0 } }, /limit must be 1 or more/],
      [{ rule: { ...rule, limit: "60" } }, /limit must be a whole number/],
      [{ rule: { ...rule, window: -1 } }, /window must be whole milliseconds/],
      [{ refund: "sucess" }, /unknown refund "sucess"/],
    ];
    for (const [slip, expected] of slips) {
      // What type stripping lets through has no type.
      const found = faults([{ ...perMinute(1), ...(slip as Partial<LimitPolicy>) }]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", /^The action note\.write, limit "/);
      assert.match(found[0] ?? "", expected);
    }
  });

  it("refuses one name for two different limits", () => {
    const { guard } = setUp();
    assert.deepEqual(guard.check?.(actionWith([perMinute(1)])), []);
    assert.deepEqual(guard.check?.(actionWith([perMinute(1)], "store", "note.erase")), []);
    assert.match((guard.check?.(actionWith([perMinute(2)], "store", "note.move")) ?? []).join(), /different limit/);
  });
});

describe("limitGuard on counters elsewhere", () => {
  function remote(clock: ReturnType<typeof createFakeClock>): { counters: Counters; calls: () => number } {
    const local = createMemoryCounters({ clock });
    let calls = 0;
    const counters: Counters = {
      take: async (checks) => {
        calls += 1;
        return local.take(checks);
      },
      release: async (reservation) => local.release(reservation),
      renew: async (reservation) => local.renew(reservation),
      reset: async (keys) => local.reset(keys),
      [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
    };
    return { counters, calls: () => calls };
  }

  it("answers those who keep knocking without asking again", async () => {
    const clock = createFakeClock();
    const { counters, calls } = remote(clock);
    const { passing } = setUp([perMinute(2, { rule: { kind: "window", limit: 2, window: 3000 } })], {
      counters,
      clock,
    });
    assert.equal(await admitted(passing, 20, { principal: ada }), 2);
    assert.equal(calls(), 3);
    await clock.advance(1000);
    assert.equal((await attempt(passing, { principal: ada }))?.retryAfter, 2);
    assert.equal(await admitted(passing, 1, { principal: bob }), 1);
    await clock.advance(2000);
    assert.equal(await admitted(passing, 1, { principal: ada }), 1);
  });

  it("asks again within five seconds, so that a reset is felt, and always for what may be given back", async () => {
    const clock = createFakeClock();
    const { counters } = remote(clock);
    const { passing } = setUp([perMinute(1)], { counters, clock });
    assert.equal(await admitted(passing, 2, { principal: ada }), 1);
    await counters.reset();
    assert.equal(await admitted(passing, 1, { principal: ada }), 0);
    await clock.advance(5000);
    assert.equal(await admitted(passing, 1, { principal: ada }), 1);
    const refunding = setUp([perMinute(1, { refund: "success" })], { counters: remote(clock).counters, clock });
    const passage = passageFor({ principal: ada });
    await refunding.passing.enter(passage);
    assert.equal(await admitted(refunding.passing, 1, { principal: ada }), 0);
    await refunding.passing.leave(passage);
    assert.equal(await admitted(refunding.passing, 1, { principal: ada }), 1);
  });
});
