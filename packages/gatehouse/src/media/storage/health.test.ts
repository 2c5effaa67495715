import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { JobHandler } from "../../kernel/ports/jobs.ts";
import type { StorageCapacity, StorageTarget } from "../../kernel/ports/storage-target.ts";
import { systemRandom } from "../../kernel/random.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { openFolder, StorageKit } from "../../testing/storage-kit.ts";
import { putFile } from "../../testing/storage-target-contract.ts";
import { nextAlarms, noAlarms, type Sighting } from "./alarms.ts";
import { daysToFull } from "./growth.ts";
import { createHealthCheck, healthOf, probeAndRecord, type HealthParts, type TargetHealth } from "./health.ts";
import { percentile } from "./latency.ts";
import { HEALTH_QUEUE } from "./repeated-job.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const GIBIBYTE = 1_073_741_824;

describe("the health of storage targets", () => {
  it("measures a real target and leaves nothing there", async () => {
    await using place = await createPlace();
    await place.probe();
    const [health] = await place.health();
    assert.equal(health?.level, "ok");
    assert.equal(health.failure, "");
    assert.equal(health.p50 !== undefined && health.p50 >= 0, true);
    assert.equal(health.errorRate, 0);
    assert.ok((health.total ?? 0) > (health.used ?? Number.MAX_VALUE));
    assert.deepEqual(await place.target.list(""), []);
  });

  it("is not disturbed by other probes at the same time, and clears away what one left that was cut off", async () => {
    await using place = await createPlace();
    await putFile(place.target, `gatehouse-probe/${DAY}-left`, Buffer.from("1"));
    await Promise.all([place.probe(), place.probe(), place.probe()]);
    const probes = await place.kit.parts.store.read((transaction) => place.kit.parts.log.probes(transaction, "hot", 0));
    assert.deepEqual(new Set(probes.map(({ failure }) => failure)), new Set([""]));
    assert.deepEqual(await place.target.list(""), []);
  });

  it("raises an alarm after the third failure in a row, and lifts it after the third success", async () => {
    await using place = await createPlace();
    await place.probe();
    place.down = true;
    await place.probe(2);
    assert.deepEqual(place.kit.eventNames(), []);
    await place.probe(3);
    assert.deepEqual(place.kit.eventNames(), ["storage_target_alarm"]);
    const [health] = await place.health();
    assert.deepEqual([health?.level, health?.alarms.availability.level], ["critical", "critical"]);
    assert.match(health?.failure ?? "", /is down/);
    assert.equal(health?.errorRate, 5 / 6);
    place.down = false;
    await place.probe(3);
    assert.deepEqual(place.kit.eventNames(), ["storage_target_alarm", "storage_target_recovered"]);
  });

  it("warns at 80 %, alarms at 90 %, and does not waver at the edge", async () => {
    await using place = await createPlace();
    const at = (share: number): void => {
      place.capacity = { total: 100 * GIBIBYTE, free: (1 - share) * 100 * GIBIBYTE };
    };
    for (const [share, expected] of [
      [0.79, []],
      [0.805, ["storage_target_warning"]],
      [0.79, []],
      [0.905, ["storage_target_alarm"]],
      [0.89, []],
      [0.87, ["storage_target_warning"]],
      [0.77, ["storage_target_recovered"]],
    ] as const) {
      at(share);
      place.kit.events.length = 0;
      await place.probe(4);
      assert.deepEqual(place.kit.eventNames(), expected, String(share));
    }
    at(0.95);
    await place.probe(2);
    at(0.5);
    place.kit.events.length = 0;
    await place.probe(4);
    assert.deepEqual(place.kit.eventNames(), [], "two probes are no alarm");
  });

  it("alarms when a target takes more than three times what it usually takes", async () => {
    await using place = await createPlace();
    place.delay = 20;
    await place.probe(45);
    assert.deepEqual(place.kit.eventNames(), []);
    place.delay = 80;
    await place.probe(4);
    assert.deepEqual(place.kit.eventNames(), ["storage_target_alarm"]);
    assert.equal(place.kit.events[0]?.context["concern"], "latency");
    const [health] = await place.health();
    assert.equal(health?.usualP95, 60 + 60);
    place.delay = 20;
    await place.probe(14);
    assert.deepEqual(place.kit.eventNames(), ["storage_target_alarm", "storage_target_recovered"]);
  });

  it("goes by a quota where the target cannot tell", async () => {
    await using place = await createPlace({ quota: 1000 });
    await place.kit.parts.store.write((transaction) =>
      place.kit.parts.files.add(transaction, {
        key: "t/a/view",
        bytes: 850,
        sha256: "0",
        type: "image/png",
        archiveAt: 0,
      }),
    );
    await place.probe(3);
    const [health] = await place.health();
    assert.deepEqual([health?.used, health?.total, health?.level], [850, 1000, "warning"]);
  });

  it("is a job that plans itself anew, also when it fails", async () => {
    await using place = await createPlace();
    const { jobs } = place.kit;
    const check = place.check();
    await place.kit.begin("ProbeTargets", HEALTH_QUEUE);
    for (const broken of [false, true, false]) {
      const [job] = await place.kit.claim(HEALTH_QUEUE);
      assert.ok(job !== undefined);
      if (broken) {
        const failure = { reason: "the store was away", runAt: 0 };
        await place.kit.parts.store.write(async (transaction) => {
          if ((await jobs.fail(transaction, job, failure)) === "dead")
            await check.dead?.(transaction, job, failure.reason);
        });
      } else {
        const effect = await check.run(job, new AbortController().signal);
        await place.kit.parts.store.write(async (transaction) => {
          await jobs.complete(transaction, job);
          await effect?.(transaction);
        });
      }
      assert.equal(await jobs.due(HEALTH_QUEUE), MINUTE);
      await place.pass(MINUTE);
    }
    const probes = await place.kit.parts.store.read((transaction) => place.kit.parts.log.probes(transaction, "hot", 0));
    assert.equal(probes.length, 2);
  });
});

describe("days to full", () => {
  it("draws a straight line", () => {
    const uses = Array.from({ length: 48 }, (_, hour) => ({
      at: hour * 3_600_000,
      used: 10 + hour,
      total: 10 + 47 + 48,
    }));
    assert.ok(Math.abs((daysToFull(uses) ?? 0) - 2) < 1e-9);
  });

  it("says nothing where nothing grows, or too little is known", () => {
    const use = (at: number, used: number) => ({ at, used, total: 100 });
    assert.equal(daysToFull([]), undefined);
    assert.equal(daysToFull([use(0, 1), use(DAY, 2)]), undefined);
    assert.equal(daysToFull([use(0, 1), use(1000, 2), use(2000, 3)]), undefined);
    assert.equal(daysToFull([use(0, 3), use(DAY, 2), use(2 * DAY, 1)]), undefined);
    assert.equal(daysToFull([use(0, 3), use(DAY, 3), use(2 * DAY, 3)]), undefined);
  });
});

describe("alarms", () => {
  it("never change by fewer than three probes that agree", () => {
    const sighting = fc.record({
      at: fc.nat(),
      failed: fc.boolean(),
      full: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      slowness: fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(sighting, { maxLength: 60 }), (sightings: readonly Sighting[]) => {
        let alarms = noAlarms(0);
        const last = { availability: -3, capacity: -3, latency: -3 };
        for (const [index, seen] of sightings.entries()) {
          const next = nextAlarms(alarms, seen);
          alarms = next.alarms;
          for (const { concern, from, to } of next.changes) {
            assert.notEqual(from, to);
            assert.ok(index - last[concern] >= 3);
            last[concern] = index;
          }
        }
      }),
    );
  });
});

describe("percentiles", () => {
  it("are values of the sample", () => {
    assert.equal(percentile([], 50), undefined);
    assert.equal(percentile([7], 95), 7);
    assert.equal(percentile([4, 1, 3, 2], 50), 2);
    assert.equal(
      percentile(
        Array.from({ length: 100 }, (_, index) => index + 1),
        95,
      ),
      95,
    );
  });
});

class Place implements AsyncDisposable {
  down = false;
  /** Milliseconds of the fake clock that each operation takes. */
  delay = 0;
  capacity: StorageCapacity | undefined;
  readonly target: StorageTarget;
  readonly kit: StorageKit;
  readonly #clock: FakeClock;
  readonly #parts: HealthParts;
  readonly #close: () => Promise<void>;

  constructor(
    {
      kit,
      clock,
      target,
      quota,
    }: { kit: StorageKit; clock: FakeClock; target: StorageTarget; quota: number | undefined },
    close: () => Promise<void>,
  ) {
    this.kit = kit;
    this.#clock = clock;
    this.target = target;
    this.#close = close;
    const watchedTarget = this.#slowed(target);
    this.#parts = {
      ...{ ...kit.parts, clock, random: systemRandom, timers: systemTimers },
      targets: [{ place: "hot", target: watchedTarget, quota }],
    };
  }

  async probe(times = 1): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      for (const placed of this.#parts.targets) await probeAndRecord(this.#parts, placed);
      await this.#clock.advance(MINUTE);
    }
  }

  pass(milliseconds: number): Promise<void> {
    return this.#clock.advance(milliseconds);
  }

  check(): JobHandler {
    return createHealthCheck(this.#parts);
  }

  health(): Promise<readonly TargetHealth[]> {
    return this.kit.parts.store.read((transaction) => healthOf(this.#parts, transaction));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #slowed(target: StorageTarget): StorageTarget {
    const slow = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (this.down) throw new Error("The target is down.");
      await this.#clock.advance(this.delay);
      return work();
    };
    return {
      name: target.name,
      put: (key, file) => slow(() => target.put(key, file)),
      get: (key, range) => slow(() => target.get(key, range)),
      head: (key) => slow(() => target.head(key)),
      delete: (key) => slow(() => target.delete(key)),
      list: (prefix, after) => slow(() => target.list(prefix, after)),
      removeUnfinished: (before) => slow(() => target.removeUnfinished(before)),
      capacity: async () => this.capacity ?? (await target.capacity()),
    };
  }
}

async function createPlace({ quota }: { readonly quota?: number } = {}): Promise<Place> {
  const folder = createTemporaryDirectory();
  const clock = createFakeClock();
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const target = await openFolder("hot", join(folder.path, "hot"));
  const archive = await openFolder("archive", join(folder.path, "archive"));
  const kit = new StorageKit({ store, clock, hot: target, archive });
  return new Place({ kit, clock, target, quota }, async () => {
    await store[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });
}
