import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import fc from "fast-check";
import type { ClaimedJob } from "../../kernel/ports/jobs.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { Fuse, mortalStore, mortalTarget } from "../../testing/storage-crash.ts";
import { flipBit, openFolder, StorageKit } from "../../testing/storage-kit.ts";
import { putFile, readFile } from "../../testing/storage-target-contract.ts";
import { HEALTH_QUEUE } from "./repeated-job.ts";
import { TRANSFER_QUEUE, transferJob } from "./transfers.ts";

const KEYS = ["t/a/view", "t/b/view"];
const HOUR = 3_600_000;
const LEASE = 61_000;
const ROUNDS = 8;

const key = fc.constantFrom(...KEYS);
const place = fc.constantFrom("hot" as const, "archive" as const);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("put" as const), key, content: fc.string({ maxLength: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restore" as const), key }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("rot" as const), key, place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("check" as const), place }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), minutes: fc.constantFrom(1, 11, 61, 90) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("work" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("again" as const), nth: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("twice" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
/** After how many half steps the process dies during the step; `undefined`: it lives. */
const steps = fc.array(fc.record({ step, fuse: fc.option(fc.nat(16), { nil: undefined, freq: 2 }) }), {
  minLength: 10,
  maxLength: 50,
  size: "max",
});

it("loses nothing and leaves nothing behind, whatever crashes, rots, is repeated or overtaken", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      await using trial = await Trial.open();
      for (const name of KEYS) await trial.make({ do: "put", key: name, content: name }, undefined);
      for (const { step: made, fuse } of plan) await trial.make(made, fuse);
      await trial.finish();
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

/** A hot target and an archive beside a model: what is to be found under each key. */
class Trial implements AsyncDisposable {
  readonly #folder: { readonly path: string } & Disposable;
  readonly #clock: FakeClock;
  readonly #fuse = new Fuse();
  readonly #seen: ClaimedJob[] = [];
  readonly #model = new Map<string, string>();
  readonly #store: Store;
  readonly #hot: StorageTarget;
  readonly #archive: StorageTarget;
  readonly #kit: StorageKit;

  private constructor(
    store: Store,
    clock: FakeClock,
    folder: { readonly path: string } & Disposable,
    targets: [StorageTarget, StorageTarget],
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#folder = folder;
    [this.#hot, this.#archive] = targets;
    this.#kit = new StorageKit({
      ...{ clock, checkDays: 1, restoredFor: 2 * HOUR, store: mortalStore(store, this.#fuse) },
      ...{ hot: mortalTarget(this.#hot, this.#fuse), archive: mortalTarget(this.#archive, this.#fuse) },
    });
  }

  static async open(): Promise<Trial> {
    const folder = createTemporaryDirectory();
    const clock = createFakeClock();
    const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
    const hot = await openFolder("hot", join(folder.path, "hot"));
    return new Trial(store, clock, folder, [hot, await openFolder("archive", join(folder.path, "archive"))]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  async make(made: Step, fuse: number | undefined): Promise<void> {
    if (fuse !== undefined) this.#fuse.light(fuse);
    await this.#attempt(made).catch((error: unknown) => {
      if (!this.#fuse.dead) throw error;
    });
    const died = this.#fuse.dead;
    this.#fuse.restart();
    if (died) {
      this.#wait(LEASE);
      // Whoever puts or deletes a file tries again until it is told that this was done.
      if (made.do === "put" || made.do === "delete") await this.#attempt(made);
    }
    await this.#nothingIsLost();
  }

  async #attempt(made: Step): Promise<void> {
    const { parts, target } = this.#kit;
    switch (made.do) {
      case "put":
        return this.#put(made.key, made.content);
      case "delete":
        this.#model.delete(made.key);
        return target.delete(made.key);
      case "restore":
        await parts.store.write((transaction) => parts.jobs.add(transaction, transferJob("restore", made.key)));
        return;
      case "rot":
        for (const name of [made.key, ...KEYS]) if (await this.#rot(name, made.place)) return;
        return;
      case "check":
        return this.#kit.begin(made.place === "hot" ? "CheckHot" : "CheckArchive", TRANSFER_QUEUE);
      case "wait":
        return this.#wait(made.minutes * 60_000);
      case "work":
        await this.#kit.begin("PlanTransfers", HEALTH_QUEUE);
        for (const queue of [HEALTH_QUEUE, TRANSFER_QUEUE, TRANSFER_QUEUE]) {
          for (const job of await this.#claim(queue)) await this.#kit.work(job);
        }
        return;
      case "again": {
        const job = this.#seen[made.nth % Math.max(1, this.#seen.length)];
        return job === undefined ? undefined : this.#kit.work(job);
      }
      case "twice":
        return this.#workTwice();
      case "resume":
        await parts.store.write((transaction) => parts.log.resume(transaction, "archive"));
    }
  }

  /** While a file is being moved, a put says so, and is tried again later. */
  async #put(name: string, content: string): Promise<void> {
    const before = this.#model.get(name);
    this.#model.delete(name);
    try {
      await putFile(this.#kit.target, name, Buffer.from(content));
      this.#model.set(name, content);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("try again")) throw error;
      if (before !== undefined) this.#model.set(name, before);
    }
  }

  /** The worker that lost a job goes on with it beside the one that has it now. */
  async #workTwice(): Promise<void> {
    const [first] = await this.#claim(TRANSFER_QUEUE);
    if (first === undefined) return;
    this.#wait(LEASE);
    const second = (await this.#claim(TRANSFER_QUEUE)).filter(({ id }) => id === first.id);
    await Promise.all([first, ...second].map((job) => this.#kit.work(job)));
  }

  async #claim(queue: string): Promise<readonly ClaimedJob[]> {
    const jobs = await this.#kit.claim(queue);
    this.#seen.push(...jobs);
    return jobs;
  }

  /** Damages one of two good copies. */
  async #rot(name: string, where: "hot" | "archive"): Promise<boolean> {
    const content = this.#model.get(name);
    if (content === undefined || content === "" || (await this.#kit.state(name)) !== "copied") return false;
    const both = await Promise.all([this.#hot, this.#archive].map((target) => readFile(target, name)));
    if (!both.every((copy) => copy === content)) return false;
    flipBit(join(this.#folder.path, where), name);
    return true;
  }

  #wait(milliseconds: number): void {
    this.#clock.correct(this.#clock.now() + milliseconds);
  }

  async #nothingIsLost(): Promise<void> {
    for (const [name, content] of this.#model) {
      const copies = await Promise.all([this.#hot, this.#archive].map((target) => readFile(target, name)));
      assert.ok(copies.includes(content), `${name} is ${JSON.stringify(content)}, found ${JSON.stringify(copies)}`);
    }
  }

  /** Nobody crashes any more: in the end everything is in the archive, and nothing anywhere else. */
  async finish(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of ["hot", "archive"])
        await this.#store.write((transaction) => this.#kit.parts.log.resume(transaction, name));
      for (const kind of ["CheckHot", "CheckArchive"]) await this.#kit.begin(kind, TRANSFER_QUEUE);
      await this.#kit.settle();
      await this.#nothingIsLost();
      this.#wait(4 * HOUR);
    }
    const kept = [...this.#model.keys()].toSorted();
    assert.deepEqual(await this.#archive.list(""), kept);
    assert.deepEqual(await this.#hot.list(""), []);
    for (const name of KEYS) assert.equal(await this.#kit.state(name), kept.includes(name) ? "archived" : undefined);
    assert.deepEqual(
      this.#kit.eventNames().filter((name) => name === "storage_file_lost"),
      [],
    );
  }
}
