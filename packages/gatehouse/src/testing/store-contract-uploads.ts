import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Store } from "../kernel/ports/store.ts";
import type { UploadReservation } from "../kernel/ports/uploads.ts";
import { createUploadRecords } from "../store/sql/media/upload-records.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const records = createUploadRecords();
const ROOMY = { files: 1000, bytes: 1e12, total: 1e13 };
const MINUTE = 60_000;
let numbers = 0;

/** A file of an owner no other test has. */
function freshFile(differences: Partial<UploadReservation> = {}): UploadReservation {
  numbers += 1;
  const id = numbers.toString(16).padStart(32, "0");
  const file = { id, tenant: `tenant ${numbers}`, owner: `owner ${numbers}`, source: `source ${numbers}` };
  return { ...file, bytes: 100, announced: undefined, lifetime: MINUTE, ...differences };
}

/** What the records of uploads promise on any transactional store. */
export function describeUploadsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: uploads`, () => {
    const current = useStore(create);
    describeWay(current);
    describeQuota(current);
    describeEnd(current);
  });
}

function describeWay(current: () => Store): void {
  const reserve = (file: UploadReservation) => current().write((writing) => records.reserve(writing, file, ROOMY));
  const arrive = (file: UploadReservation, lifetime = MINUTE) =>
    current().write((writing) => records.arrive(writing, { id: file.id, bytes: 7, lifetime }));
  const take = (file: UploadReservation) => current().write((writing) => records.take(writing, file));

  it("are taken once, after they have arrived, by their owner", async () => {
    const file = freshFile();
    assert.equal(await reserve(file), true);
    assert.equal(await take(file), false);
    assert.equal(await arrive(file), true);
    assert.equal(await arrive(file), false);
    assert.equal(await take({ ...file, owner: "another" }), false);
    assert.equal(await take({ ...file, tenant: "another" }), false);
    assert.equal(await take(file), true);
    assert.equal(await take(file), false);
  });

  it("are taken by one of many who try at once", async () => {
    const file = freshFile();
    await reserve(file);
    await arrive(file);
    const answers = await Promise.all(Array.from({ length: 12 }, () => take(file)));
    assert.equal(answers.filter(Boolean).length, 1);
  });

  it("wait on when the transaction that took them is rolled back", async () => {
    const file = freshFile();
    await reserve(file);
    await arrive(file);
    const failing = current().write(async (writing) => {
      assert.equal(await records.take(writing, file), true);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.equal(await take(file), true);
  });

  it("neither arrive nor are taken when their time has run out", async () => {
    const late = freshFile({ lifetime: -1 });
    await reserve(late);
    assert.equal(await arrive(late), false);
    const stale = freshFile();
    await reserve(stale);
    await arrive(stale, -1);
    assert.equal(await take(stale), false);
  });
}

function describeQuota(current: () => Store): void {
  const reserve = (file: UploadReservation, quota: Partial<typeof ROOMY>) =>
    current().write((writing) => records.reserve(writing, file, { ...ROOMY, ...quota }));

  it("are no more than an owner may have waiting, however many are begun at once", async () => {
    const { owner, tenant } = freshFile();
    const begun = Array.from({ length: 12 }, () => reserve(freshFile({ tenant, owner }), { files: 4 }));
    assert.equal((await Promise.all(begun)).filter(Boolean).length, 4);
    assert.equal(await reserve(freshFile(), { files: 4 }), true, "others have their own");
  });

  it("are no larger together than allowed, and count no more once they are taken", async () => {
    const first = freshFile();
    const { owner, tenant } = first;
    assert.equal(await reserve(first, { bytes: 150 }), true);
    assert.equal(await reserve(freshFile({ tenant, owner }), { bytes: 150 }), false);
    await current().write(async (writing) => {
      await records.arrive(writing, { id: first.id, bytes: 100, lifetime: MINUTE });
      await records.take(writing, first);
    });
    assert.equal(await reserve(freshFile({ tenant, owner }), { bytes: 150 }), true);
    assert.equal(await reserve(freshFile({ bytes: 1000 }), { total: 1000 }), false);
  });

  const extend = (file: UploadReservation, bytes: number, quota: Partial<typeof ROOMY> = {}) =>
    current().write((writing) => records.extend(writing, { ...file, bytes }, { ...ROOMY, ...quota }));
  const clear = () => current().write((writing) => records.forgetArriving(writing));

  it("take room as they arrive, and what is only announced takes none", async () => {
    const quota = { bytes: 1_000 };
    const { owner, tenant } = freshFile();
    const mine = { owner, tenant, announced: 900 };
    const [first, second] = [freshFile(mine), freshFile(mine)];
    assert.deepEqual([await reserve(first, quota), await reserve(second, quota)], [true, true]);
    assert.equal(await reserve(freshFile(mine), quota), false, "there is no room for what it will be");
    assert.equal(await extend(first, 900, quota), true);
    assert.equal(await extend(second, 101, quota), false);
    assert.equal(await extend(second, 100, quota), true);
    assert.equal(await extend(freshFile(), 100), false, "it is not arriving");
    const late = freshFile({ lifetime: -1 });
    await reserve(late, {});
    assert.equal(await extend(late, 200), false);
  });

  it("take no more room than there is, however many are extended at once", async () => {
    const { owner, tenant } = freshFile();
    const files = Array.from({ length: 12 }, () => freshFile({ owner, tenant, bytes: 10 }));
    for (const file of files) assert.equal(await reserve(file, {}), true);
    const extended = await Promise.all(files.map((file) => extend(file, 100, { bytes: 500 })));
    assert.equal(extended.filter(Boolean).length, 4, "4 * 100 + 8 * 10 bytes");
  });

  it("leave room to other sources and tenants while they arrive", async () => {
    await clear();
    const quota = { bytes: 100, total: 8_000 };
    const admitted = async (same: Partial<UploadReservation>, many: number): Promise<number> => {
      const begun = Array.from({ length: many }, () => reserve(freshFile(same), quota));
      return (await Promise.all(begun)).filter(Boolean).length;
    };
    assert.equal(await admitted({ source: "198.51.100.7" }, 14), 10);
    assert.equal(await admitted({ source: undefined, tenant: "crowded" }, 50), 40);
    await clear();
    assert.equal(await admitted({ source: "198.51.100.7" }, 1), 1);
  });

  it("do not count once their time has run out", async () => {
    const { owner, tenant } = freshFile();
    assert.equal(await reserve(freshFile({ tenant, owner, lifetime: -1 }), { files: 1 }), true);
    assert.equal(await reserve(freshFile({ tenant, owner }), { files: 1 }), true);
  });
}

function describeEnd(current: () => Store): void {
  const known = (ids: readonly string[]) => current().read((reading) => records.known(reading, ids));

  it("are forgotten when nobody has taken them, a limited number at once", async () => {
    const expired = () => current().write((writing) => records.expired(writing, 1000));
    const before = await expired();
    await current().write((writing) => records.remove(writing, before));
    const [taken, ...late] = [freshFile(), freshFile(), freshFile(), freshFile()];
    assert.ok(taken);
    await current().write(async (writing) => {
      await records.reserve(writing, taken, ROOMY);
      await records.arrive(writing, { id: taken.id, bytes: 1, lifetime: MINUTE });
      await records.take(writing, taken);
      for (const file of late) await records.reserve(writing, { ...file, lifetime: -1 }, ROOMY);
    });
    assert.equal((await current().write((writing) => records.expired(writing, 2))).length, 2);
    assert.deepEqual(new Set(await expired()), new Set(late.map(({ id }) => id)));
    await current().write((writing) => records.forget(writing, taken.id));
    assert.deepEqual(new Set(await expired()), new Set([taken, ...late].map(({ id }) => id)));
    assert.deepEqual(await known([taken.id]), new Set([taken.id]), "until nothing is stored of it");
    const ids = late.map(({ id }) => id);
    await current().write((writing) => records.remove(writing, ids));
    assert.deepEqual(await known([taken.id, ...ids]), new Set([taken.id]));
    assert.equal(await current().write((writing) => records.take(writing, taken)), false);
  });

  it("are forgotten where they were arriving when their server ended", async () => {
    const [arriving, arrived] = [freshFile(), freshFile()];
    await current().write(async (writing) => {
      await records.reserve(writing, arriving, ROOMY);
      await records.reserve(writing, arrived, ROOMY);
      await records.arrive(writing, { id: arrived.id, bytes: 1, lifetime: MINUTE });
      await records.forgetArriving(writing);
    });
    const expired = await current().write((writing) => records.expired(writing, 1000));
    assert.ok(expired.includes(arriving.id) && !expired.includes(arrived.id));
    assert.equal(await current().write((writing) => records.arrive(writing, { ...arriving, bytes: 1 })), false);
  });
}
