import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { ADA, RITA, SAM } from "../../testing/review-kit-people.ts";
import { renamingType, reviewKitMigrations, type SentLetter } from "../../testing/review-kit-things.ts";
import { ReviewKit } from "../../testing/review-kit.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { addApply, WORK_QUEUE } from "../work-jobs.ts";

const migrations = [...coreMigrations, ...reviewKitMigrations];

/*
 * Two reviewers approve at once, or two workers take the same plan: the source project checked the state on a copy that
 * it had read before, so that both of them applied the order.
 */
function describeParallelApprovals(name: string, open: () => Promise<Store & AsyncDisposable>): void {
  describe(`${name}: two at once`, () => {
    let store: Store;
    let letters: SentLetter[];
    before(async () => (store = await open()));
    after(() => store[Symbol.asyncDispose]());
    let round = 0;
    const kitOf = async (): Promise<ReviewKit> => {
      letters = [];
      round += 1;
      return ReviewKit.open({ store, type: renamingType(letters), seed: `${name}-${round}` });
    };

    it("who approve have it applied once, and one of them is told that it was approved", async () => {
      await using kit = await kitOf();
      const seen = await kit.planned({ things: [], letter: "sent" });
      const outcomes = await Promise.all([RITA, SAM].map((who) => kit.attempt("work.approve", seen, who)));
      const codes = outcomes.map((outcome) => (outcome.ok ? "approved" : outcome.problem.code)).toSorted();
      assert.deepEqual(codes, ["WORK_STATE_CONFLICT", "approved"]);
      await Promise.all([kit.run(), kit.run()]);
      await kit.run();
      assert.equal((await kit.find(seen.order)).state, "completed");
      assert.equal(letters.length, 1);
      const applications = await store.read((reading) =>
        kit.parts.plans.applications(reading, { tenant: "acme", id: seen.order }),
      );
      assert.equal(applications.length, 1);
    });

    it("who carry it out change things once, although both have the job in hands", async () => {
      await using kit = await kitOf();
      const seen = await kit.planned({ things: [`thing ${round}`] });
      await kit.done("work.approve", seen, RITA);
      const [job] = await kit.jobs.claim(WORK_QUEUE, { limit: 1, duration: 3_600_000 });
      assert.ok(job !== undefined);
      await Promise.all([kit.perform(job), kit.perform(job), kit.perform(job)]);
      const applied = (await kit.events(seen.order)).filter((kind) => kind === "applied");
      assert.equal(applied.length, 1);
      assert.equal((await kit.find(seen.order)).state, "completed");
      await store.write((transaction) => addApply(kit.jobs, transaction, { tenant: "acme", id: seen.order }));
      await kit.run();
      assert.equal((await kit.find(seen.order)).state, "completed", "nor does a job that comes later");
      assert.deepEqual(kit.kit.reported, []);
    });

    it("of whom one approves and the other cancels have it one way or the other", async () => {
      await using kit = await kitOf();
      const seen = await kit.planned({ things: [`thing ${round}`] });
      const outcomes = await Promise.all([
        kit.attempt("work.approve", seen, RITA),
        kit.attempt("work.cancel", { order: seen.order }, ADA),
      ]);
      await kit.run();
      const { state } = await kit.find(seen.order);
      assert.ok(outcomes[1]?.ok, "what is not applied yet can be cancelled");
      assert.equal(state, "cancelled");
      assert.equal(await kit.thing(`thing ${round}`), undefined);
    });

    it("of whom one changes what the plan rests on while the other applies it never lose the change", async () => {
      await using kit = await kitOf();
      const thing = `thing ${round}`;
      await kit.setThing(thing, { name: "old", secret: "0" });
      const seen = await kit.planned({ things: [thing] }, { [thing]: "new" });
      await kit.done("work.approve", seen, RITA);
      await Promise.all([kit.setThing(thing, { name: "meanwhile", secret: "1" }), kit.run()]);
      const { state } = await kit.find(seen.order);
      const there = await kit.thing(thing);
      // Applied first and then changed, or changed first and then not applied: never the plan over the change.
      assert.deepEqual(there, { name: "meanwhile", secret: "1" }, state);
    });
  });
}

describeParallelApprovals("SQLite", () => openSqliteStore({ memory: true, clock: systemClock, migrations }));

describe("PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  const cleanUp: AsyncDisposable[] = [];
  after(async () => {
    for (const resource of cleanUp.toReversed()) await resource[Symbol.asyncDispose]();
  });
  describeParallelApprovals("PostgreSQL", async () => {
    const service = await startPostgres();
    const database = await service.createDatabase();
    cleanUp.push(service, database);
    return openPostgresStore({ url: database.url, clock: systemClock, migrations });
  });
});
