import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import { createWorkSubjectKeys } from "../store/sql/work/subject-keys.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const ids = createIds(systemClock, createDeterministicRandom("work subjects"));
const keys = createWorkSubjectKeys();

/** What keys of subjects promise on any transactional store. */
export function describeWorkSubjectKeysContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: keys of subjects of work`, () => {
    const current = useStore(create);

    it("are kept once: who comes second gets the one that is there", async () => {
      const subject = { tenant: "acme", subject: ids.next() };
      const added = ["first", "second"].map((key) => current().write((writing) => keys.add(writing, subject, key)));
      const [first, second] = await Promise.all(added);
      assert.deepEqual(first, second);
      assert.deepEqual(await current().read((reading) => keys.find(reading, subject)), first);
      const foreign = { ...subject, tenant: "other" };
      assert.equal(await current().read((reading) => keys.find(reading, foreign)), undefined);
    });

    it("are destroyed once and never made anew", async () => {
      const subject = { tenant: "acme", subject: ids.next() };
      await current().write((writing) => keys.add(writing, subject, "key"));
      assert.equal(await current().write((writing) => keys.destroy(writing, subject)), true);
      assert.equal(await current().write((writing) => keys.destroy(writing, subject)), false);
      assert.deepEqual(await current().read((reading) => keys.find(reading, subject)), { sealedKey: undefined });
      const again = await current().write((writing) => keys.add(writing, subject, "another"));
      assert.deepEqual(again, { sealedKey: undefined });
    });

    it("can be refused to subjects of whom there is nothing", async () => {
      const subject = { tenant: "acme", subject: ids.next() };
      assert.equal(await current().write((writing) => keys.destroy(writing, subject)), true);
      assert.deepEqual(await current().write((writing) => keys.add(writing, subject, "key")), { sealedKey: undefined });
    });
  });
}
