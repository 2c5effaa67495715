import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Principal } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import type { Ban, BanSubject } from "../kernel/ports/bans.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom } from "../kernel/random.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { passThrough, type GuardPassing } from "../testing/guard-passing.ts";
import { passageOf } from "../testing/passage.ts";
import { admitGuard, type AdmitOptions } from "./admit.ts";
import { admitPrincipalGuard, principalSubject } from "./admit-principal.ts";

type PrincipalType = Principal["type"];

const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
const clock = createFakeClock();
const action = passageOf().action;

/** The look-up alone, over a fixed list: what is in it and how it lasts is the business of the store's contract. */
function bansOn(subject: BanSubject, more: Partial<Ban> = {}) {
  const expiresAt = clock.now() + 90_500;
  const ban: Ban = { id: "b1", subject, reason: "test", createdAt: 0, violations: 3, expiresAt, ...more };
  const applies = (asked: readonly BanSubject[], entrance: string): boolean =>
    asked.some(({ kind, value }) => kind === subject.kind && value === subject.value) &&
    (ban.entrance === undefined || ban.entrance === entrance);
  return { find: (asked: readonly BanSubject[], entrance: string) => (applies(asked, entrance) ? ban : undefined) };
}

function setUp(more: Partial<AdmitOptions> = {}): GuardPassing {
  const counters = createMemoryCounters({ clock });
  const guard = admitGuard({ bans: bansOn({ kind: "ip", value: "-" }), counters, keyRing, clock, ...more });
  return passThrough(guard, action);
}

const from = (ip: string) => passageOf({ attempt: { peer: { ip, tls: true } } });

describe("admitGuard", () => {
  it("refuses a banned address with the time the ban lasts", async () => {
    const passing = setUp({ bans: bansOn({ kind: "ip", value: "192.0.2.1" }) });
    const denial = await passing.enter(from("192.0.2.1"));
    assert.equal(denial?.problem, problems.SOURCE_BANNED);
    assert.equal(denial?.retryAfter, 91);
    assert.equal(denial?.event?.name, "source_ban_refused");
    assert.equal(await passing.enter(from("192.0.2.2")), undefined);
  });

  it("bans IPv6 by network, and only at the entrance a ban names", async () => {
    const bans = bansOn({ kind: "ip", value: "2001:db8:1:2::/64" }, { entrance: "live" });
    const guard = admitGuard({ bans, counters: createMemoryCounters({ clock }), keyRing, clock });
    const passage = passageOf({ attempt: { entrance: "live", peer: { ip: "2001:db8:1:2:ffff::1", tls: true } } });
    assert.equal((await passThrough(guard, action, "live").enter(passage))?.problem, problems.SOURCE_BANNED);
    assert.equal(await passThrough(guard, action).enter(from("2001:db8:1:2:ffff::1")), undefined);
  });

  // A stranger gets an address banned from an entrance in seconds; who may be signed in must not answer for that.
  it("lets those with a session pass a ban from an entrance, and nobody pass one from all of them", async () => {
    const withSession = passageOf({ attempt: { credentials: [{ kind: "session", id: "s" }] } });
    const subject = { kind: "ip", value: "192.0.2.1" } as const;
    const here = setUp({ bans: bansOn(subject, { entrance: "http" }) });
    assert.equal(await here.enter(withSession), undefined);
    assert.equal((await here.enter(from("192.0.2.1")))?.problem, problems.SOURCE_BANNED);
    const everywhere = setUp({ bans: bansOn(subject) });
    assert.equal((await everywhere.enter(withSession))?.problem, problems.SOURCE_BANNED);
  });

  it("counts apart what an action says many people do behind one address, by its own bounds", async () => {
    const counters = createMemoryCounters({ clock });
    const bans = bansOn({ kind: "ip", value: "-" });
    const guard = admitGuard({ bans, counters, keyRing, clock, perIp: { limit: 1, window: 1000 }, concurrentPerIp: 1 });
    const perAddress = { limit: 4, window: 1000, atOnce: 3 };
    const crowd = passThrough(guard, { ...action, name: "photos.send", perAddress });
    const plain = passThrough(guard, action);
    const passages = Array.from({ length: 4 }, () => from("192.0.2.7"));
    const denials = await Promise.all(passages.map((passage) => crowd.enter(passage)));
    assert.deepEqual(
      denials.map((denial) => denial?.problem),
      [undefined, undefined, undefined, problems.TOO_MANY_CONCURRENT],
    );
    assert.equal(await plain.enter(from("192.0.2.7")), undefined, "they use up nothing of the others");
    assert.equal((await plain.enter(from("192.0.2.7")))?.problem, problems.RATE_LIMIT_EXCEEDED);
  });

  it("limits attempts of all kinds from one address, without telling of it while there is room", async () => {
    const passing = setUp({ perIp: { limit: 2, window: 1000 } });
    for (const ip of ["2001:db8::1", "2001:db8::2"]) {
      const passage = from(ip);
      assert.equal(await passing.enter(passage), undefined);
      assert.deepEqual(passage.limits, []);
      await passing.leave(passage);
    }
    const denial = await passing.enter(from("2001:db8::3"));
    assert.equal(denial?.problem, problems.RATE_LIMIT_EXCEEDED);
    assert.equal(denial?.limits?.[0]?.limit, 2);
    assert.equal(await passing.enter(from("192.0.2.1")), undefined);
  });

  it("limits attempts under way at once", async () => {
    const passing = setUp({ concurrentPerIp: 2 });
    const [first, second] = [from("192.0.2.1"), from("192.0.2.1")];
    await passing.enter(first);
    await passing.enter(second);
    assert.equal((await passing.enter(from("192.0.2.1")))?.problem, problems.TOO_MANY_CONCURRENT);
    await passing.leave(first);
    assert.equal(await passing.enter(from("192.0.2.1")), undefined);
  });

  it("puts callers without a readable address into one bucket", async () => {
    const passing = setUp({ perIp: { limit: 1, window: 1000 } });
    assert.equal(await passing.enter(from("unknown")), undefined);
    assert.equal((await passing.enter(from("0177.0.0.1")))?.problem, problems.RATE_LIMIT_EXCEEDED);
  });

  it("leaves trusted ranges, the system and jobs alone", async () => {
    const bans = bansOn({ kind: "ip", value: "10.0.0.1" });
    const passing = setUp({ bans, trustedCidrs: ["10.0.0.0/8"], perIp: { limit: 0, window: 1000 } });
    assert.equal(await passing.enter(from("10.0.0.1")), undefined);
    assert.equal(await passing.enter(passageOf({ attempt: { provenance: { kind: "internal" } } })), undefined);
    const guard = admitGuard({ bans, counters: createMemoryCounters({ clock }), keyRing, clock });
    assert.equal(passThrough(guard, action, "job").applies, false);
  });
});

describe("admitPrincipalGuard", () => {
  const grants: ReadonlySet<string> = new Set();

  it("counts connections when they are opened, and refuses their commands only where the address is banned", async () => {
    const bans = bansOn({ kind: "ip", value: "192.0.2.9" });
    const passing = setUp({ bans, perIp: { limit: 1, window: 1000 }, concurrentPerIp: 1 });
    const command = (ip: string) =>
      passageOf({ attempt: { entrance: "realtime", peer: { ip, tls: true }, provenance: { kind: "connection" } } });
    for (let index = 0; index < 5; index += 1) assert.equal(await passing.enter(command("192.0.2.1")), undefined);
    assert.equal((await passing.enter(command("192.0.2.9")))?.problem, problems.SOURCE_BANNED);
    const elsewhere = passageOf({
      attempt: { peer: { ip: "192.0.2.1", tls: true }, provenance: { kind: "connection" } },
    });
    assert.equal(await passing.enter(elsewhere), undefined);
    assert.equal((await passing.enter(elsewhere))?.problem.status, 429);
  });

  it("refuses banned users, clients and sessions wherever they come from", async () => {
    const cases = [
      [
        { kind: "user", value: "ada" },
        { type: "user", id: "ada" },
      ],
      [
        { kind: "client", value: "app" },
        { type: "client", id: "app" },
      ],
      [
        { kind: "guest", value: "g1" },
        { type: "guest", id: "g1" },
      ],
      [
        { kind: "session", value: "s1" },
        { type: "user", id: "eve", session: "s1" },
      ],
    ] as const;
    for (const [subject, who] of cases) {
      const passing = passThrough(admitPrincipalGuard({ bans: bansOn(subject), clock }), action);
      const passage = passageOf({ passage: { principal: { tenant: "default", grants, ...who } } });
      assert.equal((await passing.enter(passage))?.problem, problems.SOURCE_BANNED, subject.value);
      assert.equal(await passing.enter(passageOf()), undefined);
    }
  });

  it("refuses strangers with a session at a banned address, and nobody who is signed in there", async () => {
    const bans = bansOn({ kind: "ip", value: "192.0.2.1" }, { entrance: "http" });
    const passing = passThrough(admitPrincipalGuard({ bans, clock }), action);
    const attempt = { credentials: [{ kind: "session", id: "s" }] } as const;
    const ada = { type: "user", id: "ada", tenant: "acme", grants, session: "s1" } as const;
    const visitor = { type: "anonymous", id: "-", tenant: "acme", grants, session: "s2" } as const;
    assert.equal(await passing.enter(passageOf({ attempt, passage: { principal: ada } })), undefined);
    assert.equal(
      (await passing.enter(passageOf({ attempt, passage: { principal: visitor } })))?.problem,
      problems.SOURCE_BANNED,
    );
    assert.equal((await passing.enter(passageOf({ attempt })))?.problem, problems.SOURCE_BANNED);
    const trusting = passThrough(admitPrincipalGuard({ bans, clock, trustedCidrs: ["192.0.2.0/24"] }), action);
    assert.equal(await trusting.enter(passageOf({ attempt })), undefined);
  });

  // Tenants name their own people: a namesake elsewhere, or one made on purpose, must not share a ban.
  it("does not refuse a namesake in another tenant", async () => {
    const enter = (value: string, who: { readonly id: string; readonly tenant: string }) => {
      const bans = bansOn({ kind: "user", value });
      const passing = passThrough(admitPrincipalGuard({ bans, clock }), action);
      return passing.enter(passageOf({ passage: { principal: { type: "user", grants, ...who } } }));
    };
    assert.equal((await enter("acme/ada", { id: "ada", tenant: "acme" }))?.problem, problems.SOURCE_BANNED);
    assert.equal(await enter("acme/ada", { id: "ada", tenant: "evil" }), undefined);
    assert.equal(await enter("acme/ada", { id: "ada", tenant: "default" }), undefined);
    assert.equal(await enter("acme/ada", { id: "acme/ada", tenant: "default" }), undefined);
    assert.equal(await enter("ada", { id: "ada", tenant: "evil" }), undefined);
  });

  // Who may choose an identifier chooses one that reads like somebody else's, and gets itself banned: the other would
  // be banned with it.
  it("has a subject for every principal that no other principal has", () => {
    const nameOf = (type: PrincipalType, id: string, tenant: string): string => {
      const subject = principalSubject({ type, id, tenant });
      assert.ok(subject !== undefined);
      return `${subject.kind}:${subject.value}`;
    };
    const collisions: readonly (readonly [Parameters<typeof nameOf>, Parameters<typeof nameOf>])[] = [
      [
        ["user", "guest:x", "default"],
        ["guest", "x", "default"],
      ],
      [
        ["user", "agent:x", "acme"],
        ["agent", "x", "acme"],
      ],
      [
        ["guest", "agent:x", "default"],
        ["agent", "guest:x", "default"],
      ],
      [
        ["user", "acme/x", "default"],
        ["user", "x", "acme"],
      ],
      [
        ["user", "default/x", "default"],
        ["user", "default%2fx", "default"],
      ],
      [
        ["user", "b/c", "a"],
        ["user", "c", "a/b"],
      ],
      [
        ["user", "a\ud800", "default"],
        ["user", "a\udbff", "default"],
      ],
    ];
    for (const [left, right] of collisions) assert.notEqual(nameOf(...left), nameOf(...right), left.join(" "));
    const text = fc.string({
      unit: fc.constantFrom("a", "/", "%", ":", "2", "f", "\u0000", "\ud800", " "),
      maxLength: 6,
    });
    const anybody = fc.tuple(fc.constantFrom<PrincipalType>("user", "guest", "agent", "client"), text, text);
    fc.assert(
      fc.property(anybody, anybody, (left, right) => {
        assert.equal(
          nameOf(...left) === nameOf(...right),
          left.every((part, index) => part === right[index]),
        );
        assert.doesNotMatch(nameOf(...left), /\p{Cc}|\p{Cs}/u);
      }),
      { numRuns: 3_000 },
    );
  });
});
