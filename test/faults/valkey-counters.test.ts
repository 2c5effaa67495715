import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StoreUnavailableError, systemClock, type Counters, type LimitCheck } from "gatehouse/kernel";
import { createMemoryCounters, createResilientCounters, type StoreStateChange } from "gatehouse/store";
import { createValkeyCounters, openValkeyConnection, type ValkeyConnection } from "gatehouse/store/valkey";
import { skipWithout, startOwnValkey } from "gatehouse/testing";
import { slowest, startWorkload, until, type Workload } from "./workload.ts";

const TIME_BOX = 50;
/** What a busy machine may add to most answers, and to single ones. */
const SLACK = 100;
const LONGEST = 1000;
const CALLERS = 16;
const LIMIT = 300;

// Whoever can make the limiter's store stumble gets a window without limits, or takes the service down with it.
// Limits must hold on this server and answers come within the time box, whatever happens to the store.
describe("Valkey counters under a workload", { skip: await skipWithout("valkey") }, () => {
  let service: Awaited<ReturnType<typeof startOwnValkey>>;
  let connection: ValkeyConnection;
  let counters: Counters;
  const changes: StoreStateChange[] = [];
  let round = 0;

  before(async () => {
    service = await startOwnValkey();
    connection = await openValkeyConnection({ url: service.url, clock: systemClock });
    counters = createResilientCounters({
      primary: createValkeyCounters({ connection, clock: systemClock }),
      fallback: createMemoryCounters({ clock: systemClock }),
      timeout: TIME_BOX,
      clock: systemClock,
      onStateChange: (change) => void changes.push(change),
    });
  });
  beforeEach(async () => {
    round += 1;
    await until("a store that answers", async () => {
      await counters.take([check("calm", 1_000_000)]);
      return changes.at(-1)?.available !== false;
    });
    changes.length = 0;
  });
  after(async () => {
    await counters[Symbol.asyncDispose]();
    await connection[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  function check(name: string, limit: number): LimitCheck {
    return { policy: name, key: `${name}:${round}`, rule: { kind: "window", limit, window: 600_000 }, cost: 1 };
  }

  /** Half of the calls go to a limit that is used up on the way, the others to one that never is. */
  async function underFault(fault: () => Promise<void>, end: () => Promise<void>): Promise<Workload<string>> {
    const [tight, wide] = [check("tight", LIMIT), check("wide", 1_000_000)];
    const workload = startWorkload(CALLERS, async (number) => {
      const { admitted } = await counters.take([number % 2 === 0 ? tight : wide]);
      return `${number % 2 === 0 ? "tight" : "wide"} ${admitted ? "admitted" : "refused"}`;
    });
    await until("the workload's beginning", () => workload.calls.length > LIMIT / 2);
    await fault();
    await until("the notice", () => changes.length > 0);
    await delay(1500);
    await end();
    await until("recovery", () => changes.at(-1)?.available === true);
    await delay(300);
    await workload.stop();
    return workload;
  }

  function judge(workload: Workload<string>): void {
    for (const { error } of workload.calls) assert.equal(error, undefined);
    assertTimely(workload);
    const count = (result: string): number => workload.calls.filter((call) => call.result === result).length;
    assert.equal(count("tight admitted"), LIMIT);
    assert.ok(count("tight refused") > 0);
    assert.equal(count("wide refused"), 0);
    assert.equal(changes[0]?.available, false);
    assert.ok(changes.some(({ available }) => available));
  }

  function assertTimely(workload: Workload<unknown>): void {
    const { calls } = workload;
    const timely = calls.filter(({ duration }) => duration < TIME_BOX + SLACK);
    assert.ok(timely.length >= calls.length * 0.99, `${calls.length - timely.length} of ${calls.length} took longer`);
    assert.ok(slowest(calls) < LONGEST, `a call took ${slowest(calls)} ms`);
  }

  it("survives a server that is stopped and comes back empty", async () => {
    const { process } = service;
    judge(
      await underFault(
        () => process.stop("crash"),
        () => process.start(),
      ),
    );
  });

  it("survives a server that hangs", async () => {
    const { process } = service;
    judge(
      await underFault(
        () => process.pause(),
        () => process.resume(),
      ),
    );
  });

  it("sends nothing after an outage that was decided during it", async () => {
    const asked = check("replay", 1_000_000);
    await service.process.pause();
    const workload = startWorkload(CALLERS, async () => counters.take([asked]));
    await until("many decisions", () => workload.calls.length > 500);
    await workload.stop();
    await service.process.resume();
    await until("recovery", () => connection.ready);
    await delay(200);
    const shared = createValkeyCounters({ connection, clock: systemClock });
    const { states } = await shared.take([asked]);
    const counted = 1_000_000 - 1 - (states[0]?.remaining ?? 0);
    // What was under way when the server froze reaches it once it wakes: at most one batch of the callers a failure.
    assert.ok(counted <= CALLERS * 3, `${counted} of ${workload.calls.length} decisions were counted afterwards`);
  });

  it("refuses in mode deny instead of judging without the store", async () => {
    const denying = createResilientCounters({
      primary: createValkeyCounters({ connection, clock: systemClock }),
      fallback: createMemoryCounters({ clock: systemClock }),
      mode: "deny",
      timeout: TIME_BOX,
      clock: systemClock,
    });
    await service.process.pause();
    const workload = startWorkload(CALLERS, async () => denying.take([check("login", 1000)]));
    await until("many refusals", () => workload.calls.length > 200);
    await workload.stop();
    await service.process.resume();
    for (const { error } of workload.calls) assert.ok(error instanceof StoreUnavailableError);
    assertTimely(workload);
    await until("recovery", async () => {
      try {
        return (await denying.take([check("login", 1000)])).admitted;
      } catch {
        return false;
      }
    });
  });

  it("keeps a single connection through any number of outages", async () => {
    for (let outage = 0; outage < 3; outage += 1) {
      await service.process.pause();
      await Promise.allSettled(Array.from({ length: 20 }, async () => counters.take([check("leak", 1_000_000)])));
      await delay(400);
      await service.process.resume();
      await until("recovery", () => connection.ready);
    }
    await until("one connection", async () => {
      const list = String(await connection.command("CLIENT", "LIST"));
      return list.trim().split("\n").length === 1;
    });
  });
});
