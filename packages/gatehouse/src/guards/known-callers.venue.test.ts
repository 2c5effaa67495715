// Everybody at an event comes from one address. A stranger there who floods the server, or has the address banned, must
// not use up what those may do who have signed in, or who hold a join token that is good.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LimitPolicy } from "../kernel/action.ts";
import type { Attempt, KnownCaller } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import type { Ban } from "../kernel/ports/bans.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom } from "../kernel/random.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { passThrough } from "../testing/guard-passing.ts";
import { passageOf } from "../testing/passage.ts";
import { admitGuard } from "./admit.ts";
import { admitPrincipalGuard } from "./admit-principal.ts";
import { limitGuard } from "./limit.ts";

const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
const clock = createFakeClock();
const counters = () => createMemoryCounters({ clock });
const session = (id: string): KnownCaller => ({ by: "session", id });
const INVITED: KnownCaller = { by: "invitation", id: "t1" };
const cookie = { credentials: [{ kind: "session", id: "c" }] } as const;
const coming = (attempt: Partial<Attempt>) => passageOf({ attempt });
const known = (caller: KnownCaller) => coming({ known: caller });

describe("callers who are known, at an address that a stranger floods", () => {
  it("have what they may do for themselves, and those with one invitation together", async () => {
    const guard = admitGuard({ bans: { find: () => undefined }, counters: counters(), keyRing, clock, perIp: WINDOW });
    const passing = passThrough(guard, passageOf().action);
    for (let count = 0; count < 5; count += 1) await passing.enter(coming({}));
    assert.equal((await passing.enter(coming({})))?.problem, problems.RATE_LIMIT_EXCEEDED);
    for (const [caller, share] of [
      ...[[session("a"), 1] as const, [session("b"), 1] as const],
      // A whole event holds one invitation.
      [INVITED, 10] as const,
    ]) {
      for (let count = 0; count < WINDOW.limit * share; count += 1) {
        assert.equal(await passing.enter(known(caller)), undefined, `${caller.by} ${caller.id}`);
      }
      assert.equal((await passing.enter(known(caller)))?.problem, problems.RATE_LIMIT_EXCEEDED);
    }
  });

  it("come in with an invitation in spite of a ban that guessing has brought, and not of one from everything", async () => {
    const ban = (more: Partial<Ban>) => {
      const subject = { kind: "ip", value: "192.0.2.1" } as const;
      const expiresAt = clock.now() + 1000;
      return { find: () => ({ id: "b", subject, reason: "", createdAt: 0, violations: 3, expiresAt, ...more }) };
    };
    for (const [bans, expected] of [
      [ban({ entrance: "http" }), undefined],
      [ban({}), problems.SOURCE_BANNED],
    ] as const) {
      const guard = admitGuard({ bans, counters: counters(), keyRing, clock });
      const passing = passThrough(guard, passageOf().action);
      assert.equal((await passing.enter(coming({ ...cookie, known: INVITED })))?.problem, expected);
    }
    const passing = passThrough(admitPrincipalGuard({ bans: ban({ entrance: "http" }), clock }), passageOf().action);
    assert.equal(await passing.enter(coming({ ...cookie, known: INVITED })), undefined);
    const stranger = await passing.enter(coming({ ...cookie, known: session("ended") }));
    assert.equal(stranger?.problem, problems.SOURCE_BANNED, "a cookie of a session that has ended is worth nothing");
  });

  it("are counted by limits for the invited alone, as strangers are by limits for the uninvited", async () => {
    const limits: readonly LimitPolicy[] = [
      { name: "guesses", by: ["ip"], rule: { kind: "window", ...WINDOW }, refund: "success", counts: "uninvited" },
      { name: "pair", by: ["invitation", "ip"], rule: { kind: "window", limit: 5, window: 60_000 }, counts: "invited" },
    ];
    const action = { ...passageOf().action, name: "guest.come", limits };
    const passing = passThrough(limitGuard({ counters: counters(), keyRing, clock }), action);
    const states = async (attempt: Partial<Attempt>) => (await passing.enter(coming(attempt)))?.problem.code;
    for (let count = 0; count < WINDOW.limit; count += 1) assert.equal(await states({}), undefined);
    assert.equal(await states({}), "RATE_LIMIT_EXCEEDED");
    for (let count = 0; count < 5; count += 1) assert.equal(await states({ known: INVITED }), undefined);
    assert.equal(await states({ known: INVITED }), "RATE_LIMIT_EXCEEDED");
    assert.equal(await states({ known: { by: "invitation", id: "t2" } }), undefined);
  });
});

const WINDOW = { limit: 3, window: 60_000 };
