import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NewResumableUpload, ResumableBounds, ResumableUpload } from "../kernel/ports/resumable-uploads.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createResumableUploads } from "../store/sql/media/resumable-uploads.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const uploads = createResumableUploads();
const MINUTE = 60_000;
const ROOMY: ResumableBounds = {
  ...{ room: { quota: undefined }, openPerOwner: 1000, openPerGrant: 1000, openPerSource: 1000 },
  ...{ reserve: 100, lifetime: MINUTE },
};
let numbers = 0;

/** An upload under a grant, by an owner and from a network that no other test has. */
function fresh(differences: Partial<NewResumableUpload> = {}): NewResumableUpload {
  numbers += 1;
  return {
    id: numbers.toString(16).padStart(32, "0"),
    tenant: `tenant ${numbers}`,
    collection: "fair",
    grant: { id: `grant ${numbers}`, generation: 3 },
    owner: { type: "guest", id: `owner ${numbers}` },
    source: `source ${numbers}`,
    ...{ kind: "whole", parts: [], length: 100, name: "a.jpg", declaredType: "image/jpeg" },
    ...{ announcedSha256: undefined, metadata: "filename YS5qcGc=" },
    ...differences,
  };
}

/** What the records of resumable uploads promise on any transactional store. */
export function describeResumableUploadsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: resumable uploads`, () => {
    const current = useStore(create);
    describeWay(current);
    describeWriters(current);
    describeQuota(current);
    describeEnd(current);
  });
}

interface Steps {
  begin(upload: NewResumableUpload, bounds?: Partial<ResumableBounds>): Promise<string | undefined>;
  find(id: string): Promise<ResumableUpload | undefined>;
  claim(id: string, writer?: string): Promise<ResumableUpload | undefined>;
  finish(id: string, epoch: number, bytes?: number): Promise<boolean>;
}

function stepsOn(current: () => Store): Steps {
  return {
    begin: (upload, bounds = {}) =>
      current().write((writing) => uploads.begin(writing, upload, { ...ROOMY, ...bounds })),
    find: (id) => current().read((reading) => uploads.find(reading, id)),
    claim: (id, writer = "one") => current().write((writing) => uploads.claim(writing, { id, writer })),
    finish: (id, epoch, bytes = 100) =>
      current().write((writing) => uploads.finish(writing, { id, epoch, bytes, kept: MINUTE })),
  };
}

function describeWay(current: () => Store): void {
  const { begin, find, claim, finish } = stepsOn(current);

  it("are known with everything that was said of them", async () => {
    const upload = fresh({ source: undefined, declaredType: undefined, announcedSha256: "ab" });
    assert.equal(await begin(upload), undefined);
    const { expiresAt, ...known } = (await find(upload.id)) ?? assert.fail();
    const plain = { state: "receiving", offset: 0, reserved: 100, epoch: 0, writer: undefined, joined: undefined };
    assert.deepEqual(known, { ...upload, ...plain });
    assert.ok(expiresAt > 0);
    assert.equal(await find("f".repeat(32)), undefined);
  });

  it("advance and are finished once", async () => {
    const upload = fresh();
    await begin(upload);
    const { epoch } = (await claim(upload.id)) ?? assert.fail();
    const advance = (offset: number, closed = false) =>
      current().write((writing) => uploads.advance(writing, { id: upload.id, epoch, offset, closed }));
    assert.equal(await advance(60), true);
    assert.equal(await advance(59), false, "an offset that was told never goes back");
    assert.equal((await find(upload.id))?.writer, "one");
    assert.equal(await advance(60, true), true);
    assert.equal((await find(upload.id))?.writer, undefined);
    assert.equal(await finish(upload.id, epoch), true);
    assert.equal(await finish(upload.id, epoch), false);
    const { state, offset } = (await find(upload.id)) ?? assert.fail();
    assert.deepEqual([state, offset], ["received", 100]);
    assert.equal(await claim(upload.id), undefined);
  });

  it("have one length", async () => {
    const upload = fresh({ length: undefined });
    await begin(upload);
    const { epoch } = (await claim(upload.id)) ?? assert.fail();
    const set = (length: number) =>
      current().write((writing) => uploads.setLength(writing, { id: upload.id, epoch, length }));
    assert.deepEqual([await set(70), await set(70), await set(71)], [true, true, false]);
    assert.equal((await find(upload.id))?.length, 70);
  });

  it("become one of several parts, once", async () => {
    const first = fresh({ kind: "part" });
    const second = fresh({ kind: "part", tenant: first.tenant, grant: first.grant });
    for (const part of [first, second]) await begin(part);
    const join = (parts: readonly string[], whole: string) =>
      current().write((writing) => uploads.join(writing, parts, whole));
    assert.equal(await join([first.id], "whole"), false, "it has not arrived");
    for (const { id } of [first, second]) await finish(id, (await claim(id))?.epoch ?? -1);
    assert.equal(await join([first.id, second.id], "whole"), true);
    assert.equal(await join([first.id], "another"), false);
    assert.equal((await find(first.id))?.joined, "whole");
  });
}

function describeWriters(current: () => Store): void {
  const { begin, find, claim, finish } = stepsOn(current);

  it("obey the last writer alone", async () => {
    const upload = fresh();
    await begin(upload);
    const former = (await claim(upload.id, "one")) ?? assert.fail();
    const later = (await claim(upload.id, "two")) ?? assert.fail();
    assert.equal(later.writer, "one", "whoever may still have it open is told of");
    const { id } = upload;
    const late = { id, epoch: former.epoch };
    await current().write(async (writing) => {
      assert.equal(await uploads.advance(writing, { ...late, offset: 10, closed: true }), false);
      assert.equal(await uploads.reserve(writing, { ...late, bytes: 200 }, { quota: undefined }), "writer");
      assert.equal(await uploads.setLength(writing, { ...late, length: 100 }), false);
    });
    assert.equal(await finish(id, former.epoch), false);
    assert.equal((await find(id))?.writer, "two");
    assert.equal(await finish(id, later.epoch), true);
  });

  it("obey one of many who claim them at once", async () => {
    const upload = fresh();
    await begin(upload);
    const claims = await Promise.all(Array.from({ length: 8 }, (_, index) => claim(upload.id, `writer ${index}`)));
    const epochs = new Set(claims.map((claimed) => claimed?.epoch));
    assert.equal(epochs.size, 8);
    const finished = await Promise.all(claims.map((claimed) => finish(upload.id, claimed?.epoch ?? -1)));
    assert.equal(finished.filter(Boolean).length, 1);
  });

  it("obey nobody once they are fenced", async () => {
    const upload = fresh();
    await begin(upload);
    const { epoch } = (await claim(upload.id)) ?? assert.fail();
    await current().write((writing) => uploads.fence(writing, upload.id));
    assert.equal(await finish(upload.id, epoch), false);
    const epochs = await current().read((reading) => uploads.epochs(reading, [upload.id, "f".repeat(32)]));
    assert.deepEqual([...epochs], [[upload.id, epoch + 1]]);
  });
}

function describeQuota(current: () => Store): void {
  const { begin, claim, finish } = stepsOn(current);
  const end = (id: string) => current().write((writing) => uploads.end(writing, { id, kept: MINUTE }));

  it("are exactly as many as their grant allows, however many begin at once", async () => {
    const { tenant, grant } = fresh();
    const begun = await Promise.all(
      Array.from({ length: 32 }, () => begin(fresh({ tenant, grant }), { room: { quota: { files: 7, bytes: 1e6 } } })),
    );
    assert.equal(begun.filter((shortage) => shortage === undefined).length, 7);
    assert.ok(begun.every((shortage) => shortage === undefined || shortage === "files"));
    assert.equal(
      await begin(fresh(), { room: { quota: { files: 1, bytes: 100 } } }),
      undefined,
      "other grants have their own",
    );
  });

  it("count for good once they have arrived, and give back what they held where they end before", async () => {
    const { tenant, grant } = fresh();
    const room = { quota: { files: 5, bytes: 250 } };
    const [first, second] = [fresh({ tenant, grant }), fresh({ tenant, grant })];
    assert.equal(await begin(first, { room }), undefined);
    assert.equal(await begin(second, { room }), undefined);
    assert.equal(await begin(fresh({ tenant, grant }), { room }), "bytes");
    assert.deepEqual([await end(second.id), await end(second.id)], [true, false]);
    assert.equal(await begin(fresh({ tenant, grant }), { room }), undefined);
    assert.equal(await finish(first.id, (await claim(first.id))?.epoch ?? -1, 60), true);
    assert.equal(await end(first.id), false, "it has arrived");
    const missing = (bytes: number) =>
      current().read((reading) => uploads.shortage(reading, first, { quota: { files: 5, bytes } }));
    assert.deepEqual([await missing(160), await missing(159)], [undefined, "bytes"]);
  });

  it("hold more room as they grow, and no more than there is", async () => {
    const upload = fresh({ length: undefined });
    await begin(upload);
    const { epoch } = (await claim(upload.id)) ?? assert.fail();
    const reserve = (bytes: number) =>
      current().write((writing) =>
        uploads.reserve(writing, { id: upload.id, epoch, bytes }, { quota: { files: 1, bytes: 300 } }),
      );
    assert.deepEqual([await reserve(300), await reserve(301), await reserve(50)], [undefined, "bytes", undefined]);
    const { tenant, grant } = upload;
    assert.equal(await begin(fresh({ tenant, grant }), { room: { quota: { files: 2, bytes: 150 } } }), undefined);
  });

  it("are as many and as large of one owner as a share of the grant allows, and no more", async () => {
    const { tenant, grant, owner } = fresh();
    const room = { quota: { files: 20, bytes: 2000 }, share: { files: 3, bytes: 250 } };
    const mine = () => fresh({ tenant, grant, owner });
    const all = await Promise.all(Array.from({ length: 8 }, () => begin(mine(), { room, reserve: 10 })));
    assert.equal(all.filter((shortage) => shortage === undefined).length, 3);
    assert.ok(all.every((shortage) => shortage === undefined || shortage === "share"));
    assert.equal(await begin(fresh({ tenant, grant }), { room }), undefined, "others have shares of their own");
    const large = fresh({ tenant, grant, owner: { type: "guest", id: "large" } });
    assert.equal(await begin(large, { room, reserve: 200 }), undefined);
    const { epoch } = (await claim(large.id)) ?? assert.fail();
    const grown = { id: large.id, epoch, bytes: 251 };
    assert.equal(await current().write((writing) => uploads.reserve(writing, grown, room)), "share");
    assert.equal(await finish(large.id, epoch, 240), true);
    const next = { tenant, grant, owner: large.owner };
    assert.equal(await begin(fresh(next), { room, reserve: 20 }), "share", "what has arrived counts for good");
    assert.equal(await begin(fresh({ ...next, length: 10 }), { room, reserve: 10 }), undefined);
  });

  it("are open only so many at once of an owner, a grant and a network", async () => {
    const { tenant, grant, owner, source } = fresh();
    const same = { tenant, grant, owner, source };
    for (let count = 0; count < 3; count += 1) assert.equal(await begin(fresh(same)), undefined);
    assert.equal(await begin(fresh({ tenant, owner }), { openPerOwner: 3 }), "owner");
    assert.equal(await begin(fresh({ tenant, grant }), { openPerGrant: 3 }), "grant");
    assert.equal(await begin(fresh({ source }), { openPerSource: 3 }), "source");
    assert.equal(await begin(fresh({ source: undefined }), { openPerSource: 3 }), undefined);
  });

  it("count parts by their bytes, and what is put together of them as one file", async () => {
    const { tenant, grant } = fresh();
    const room = { quota: { files: 1, bytes: 200 } };
    const parts = [fresh({ tenant, grant, kind: "part" }), fresh({ tenant, grant, kind: "part" })];
    for (const part of parts) {
      assert.equal(await begin(part, { room }), undefined);
      await finish(part.id, (await claim(part.id))?.epoch ?? -1);
    }
    const joined = fresh({ tenant, grant, kind: "joined", parts: parts.map(({ id }) => id), length: 200 });
    assert.equal(await begin(joined, { room, reserve: 0 }), undefined);
    const { epoch } = (await claim(joined.id)) ?? assert.fail();
    await current().write(async (writing) => {
      assert.equal(await uploads.join(writing, joined.parts, joined.id), true);
      assert.equal(await uploads.finish(writing, { id: joined.id, epoch, bytes: 200, kept: MINUTE }), true);
    });
    assert.equal(await current().read((reading) => uploads.shortage(reading, joined, room)), undefined);
    assert.equal(await begin(fresh({ tenant, grant }), { room }), "files");
  });
}

function describeEnd(current: () => Store): void {
  const { begin, find, claim } = stepsOn(current);
  const expired = () => current().read((reading) => uploads.expired(reading, 1000));

  it("are found when their time has run out, and take nothing more", async () => {
    const [late, early] = [fresh(), fresh()];
    await begin(late, { lifetime: -1 });
    await begin(early);
    const found = (await expired()).map(({ id }) => id);
    assert.ok(found.includes(late.id) && !found.includes(early.id));
    assert.equal(await claim(late.id), undefined);
    await current().write((writing) => uploads.keep(writing, late.id, MINUTE));
    assert.ok(!(await expired()).some(({ id }) => id === late.id));
  });

  it("are forgotten last of all", async () => {
    const upload = fresh();
    await begin(upload);
    await current().write((writing) => uploads.end(writing, { id: upload.id, kept: -1 }));
    assert.equal((await find(upload.id))?.state, "ended");
    const known = () => current().read((reading) => uploads.known(reading, [upload.id, "f".repeat(32)]));
    assert.deepEqual(await known(), new Set([upload.id]));
    await current().write((writing) => uploads.remove(writing, [upload.id]));
    assert.deepEqual(await known(), new Set());
  });
}
