import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import type { ClaimedJob, Jobs, NewJob } from "../kernel/ports/jobs.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { createJobs } from "../store/sql/jobs.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const LONG = 60_000;
let numbers = 0;

/** What jobs promise on any transactional store. */
export function describeJobsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: jobs`, () => {
    const current = useStore(create);
    const fresh = (): Queue => new Queue(current());
    describeClaims(fresh);
    describeEnds(fresh);
    describeDelays(fresh);
  });
}

/** A queue that no other test uses. */
class Queue {
  readonly name = `queue-${(numbers += 1)}`;
  readonly store: Store;
  readonly jobs: Jobs;
  constructor(store: Store) {
    this.store = store;
    this.jobs = createJobs({ store, bus: createMemoryBus(), ids: createIds(systemClock, systemRandom) });
  }
  add(job: Partial<NewJob> = {}): Promise<string> {
    const whole = { queue: this.name, kind: "count", tenant: "-", payload: { number: 1 }, ...job };
    return this.store.write((transaction) => this.jobs.add(transaction, whole));
  }
  claim(limit = 1, duration = LONG): Promise<readonly ClaimedJob[]> {
    return this.jobs.claim(this.name, { limit, duration });
  }
  async take(duration = LONG): Promise<ClaimedJob> {
    const [job] = await this.claim(1, duration);
    assert.ok(job !== undefined);
    return job;
  }
  complete(job: ClaimedJob): Promise<boolean> {
    return this.store.write((transaction) => this.jobs.complete(transaction, job));
  }
  fail(job: ClaimedJob, more: { readonly runAt?: number; readonly final?: boolean } = {}) {
    const failure = { reason: "no luck", runAt: 0, ...more };
    return this.store.write((transaction) => this.jobs.fail(transaction, job, failure));
  }
  dead() {
    return this.store.read((transaction) => this.jobs.dead(transaction, this.name, 10));
  }
  now(): Promise<number> {
    return this.store.write((transaction) => transaction.now());
  }
}

function describeClaims(fresh: () => Queue): void {
  it("hands each job to one of many who ask at once", async () => {
    const queue = fresh();
    const ids = await Promise.all(Array.from({ length: 12 }, () => queue.add()));
    const claims = await Promise.all(Array.from({ length: 8 }, () => queue.claim(3)));
    const claimed = claims.flat().map(({ id }) => id);
    assert.deepEqual(claimed.toSorted(), ids.toSorted());
  });

  it("gives what was added, oldest first", async () => {
    const queue = fresh();
    const first = await queue.add({ kind: "resize", tenant: "acme", payload: { names: ["a", null], more: { at: 1 } } });
    const second = await queue.add();
    const jobs = await queue.claim(5);
    assert.deepEqual(
      jobs.map(({ id }) => id),
      [first, second],
    );
    const { createdAt, ...job } = jobs[0] ?? assert.fail();
    assert.deepEqual(job, {
      ...{ id: first, queue: queue.name, kind: "resize", tenant: "acme", epoch: 1, attempt: 1, attempts: 10 },
      payload: { names: ["a", null], more: { at: 1 } },
    });
    assert.ok(Math.abs(createdAt - (await queue.now())) < 10_000);
  });

  it("adds nothing when the transaction that made it necessary is rolled back", async () => {
    const queue = fresh();
    const failing = queue.store.write(async (transaction) => {
      await queue.jobs.add(transaction, { queue: queue.name, kind: "count", tenant: "-", payload: 1 });
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual(await queue.claim(), []);
  });

  it("adds one job under a key until that one is done, and lets it come earlier", async () => {
    const queue = fresh();
    const id = await queue.add({ key: "photo", runAt: (await queue.now()) + LONG });
    assert.deepEqual(await queue.claim(), []);
    assert.equal(await queue.add({ key: "photo" }), id);
    const job = await queue.take();
    assert.equal(job.id, id);
    assert.equal(await queue.add({ key: "photo" }), id);
    assert.equal(await queue.complete(job), true);
    assert.notEqual(await queue.add({ key: "photo" }), id);
  });

  it("adds the next job under the key of the one that the same transaction completes", async () => {
    const queue = fresh();
    await queue.add({ key: "photo" });
    const job = await queue.take();
    const next = await queue.store.write(async (transaction) => {
      assert.equal(await queue.jobs.complete(transaction, job), true);
      return queue.jobs.add(transaction, { ...job, key: "photo", payload: 2 });
    });
    assert.equal((await queue.take()).id, next);
  });
}

function describeEnds(fresh: () => Queue): void {
  it("hands a job on whose lease ended, and fences off who had it", async () => {
    const queue = fresh();
    await queue.add();
    const late = await queue.take(1);
    await delay(10);
    assert.equal(await queue.jobs.renew(late, LONG), false);
    const job = await queue.take();
    assert.deepEqual([job.id, job.epoch, job.attempt], [late.id, 2, 2]);
    assert.equal(await queue.complete(late), false);
    assert.equal(await queue.fail(late), "lost");
    assert.equal(await queue.jobs.renew(late, LONG), false);
    assert.equal(await queue.jobs.renew(job, LONG), true);
    assert.equal(await queue.complete(job), true);
    assert.equal(await queue.complete(job), false);
  });

  it("keeps the job when the transaction of its effect is rolled back", async () => {
    const queue = fresh();
    await queue.add();
    const job = await queue.take(1);
    const failing = queue.store.write(async (transaction) => {
      await queue.jobs.complete(transaction, job);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    await delay(10);
    assert.equal((await queue.take()).id, job.id);
  });

  it("puts a failed job back until its time, and aside once its attempts are used up", async () => {
    const queue = fresh();
    const id = await queue.add({ attempts: 2, payload: { photo: 7 } });
    assert.equal(await queue.fail(await queue.take(), { runAt: (await queue.now()) + 5 }), "again");
    await delay(20);
    assert.equal(await queue.fail(await queue.take()), "dead");
    assert.deepEqual(await queue.claim(), []);
    const [dead] = await queue.dead();
    assert.deepEqual([dead?.id, dead?.attempt, dead?.reason, dead?.payload], [id, 2, "no luck", { photo: 7 }]);
  });

  it("puts a job aside at once where its failure is final, and revives it once", async () => {
    const queue = fresh();
    const id = await queue.add({ key: "photo" });
    assert.equal(await queue.fail(await queue.take(), { final: true }), "dead");
    const revive = (): Promise<boolean> => queue.store.write((transaction) => queue.jobs.revive(transaction, id));
    assert.equal(await revive(), true);
    assert.equal(await revive(), false);
    const job = await queue.take();
    assert.deepEqual([job.id, job.attempt], [id, 1]);
    await queue.fail(job, { final: true });
    await queue.add({ key: "photo" });
    assert.equal(await revive(), false);
  });

  it("claims a job once more than it may be tried, for it to be put aside", async () => {
    const queue = fresh();
    await queue.add({ attempts: 1 });
    await queue.take(1);
    await delay(10);
    const job = await queue.take();
    assert.ok(job.attempt > job.attempts);
  });

  it("lets a job be claimed at once whose worker is known to be gone, and fences that one off", async () => {
    const queue = fresh();
    await queue.add();
    const gone = await queue.take();
    assert.deepEqual(await queue.claim(), []);
    await queue.store.write((transaction) => queue.jobs.takeBack(transaction, queue.name));
    const job = await queue.take();
    assert.equal(job.id, gone.id);
    assert.equal(await queue.complete(gone), false);
  });

  it("keeps what died lately", async () => {
    const queue = fresh();
    await queue.add();
    await queue.fail(await queue.take(), { final: true });
    await queue.store.write((transaction) => queue.jobs.prune(transaction, 10));
    assert.equal((await queue.dead()).length, 1);
  });
}

function describeDelays(fresh: () => Queue): void {
  it("says when the next job can be claimed, by the database's clock", async () => {
    const queue = fresh();
    assert.equal(await queue.jobs.due(queue.name), undefined);
    await queue.add({ runAt: (await queue.now()) + LONG });
    const later = await queue.jobs.due(queue.name);
    assert.ok(later !== undefined && later > LONG / 2 && later <= LONG);
    await queue.add();
    assert.equal(await queue.jobs.due(queue.name), 0);
    await queue.take(1000);
    const leased = await queue.jobs.due(queue.name);
    assert.ok(leased !== undefined && leased <= 1000);
  });

  it("tells listeners of a job once it is durable", async () => {
    const queue = fresh();
    const heard = Promise.withResolvers<number>();
    await using _listening = await queue.jobs.listen(
      queue.name,
      () => void queue.claim().then(({ length }) => heard.resolve(length)),
    );
    await queue.add();
    assert.equal(await heard.promise, 1);
  });
}
