import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AssetChange, MediaAsset } from "../kernel/ports/media-assets.ts";
import type { ReceivedFile } from "../kernel/ports/media-intake.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { createMediaAssets } from "../store/sql/media/media-assets.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const assets = createMediaAssets();
let numbers = 0;

/** What the record of assets promises on any transactional store. */
export function describeMediaAssetsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: media assets`, () => {
    const current = useStore(create);
    describeWay(current);
    describeLookUps(current);
  });
}

function fileOf(more: Partial<ReceivedFile> = {}): ReceivedFile {
  return {
    id: Buffer.from(systemRandom.bytes(16)).toString("hex"),
    tenant: `t${(numbers += 1)}`,
    collection: "wedding",
    grant: { id: "g1", generation: 3 },
    owner: { type: "guest", id: "anna" },
    bytes: 1234,
    name: "Foto 1.jpg",
    declaredType: "image/jpeg",
    announcedSha256: undefined,
    ...more,
  };
}

const add = (store: Store, file: ReceivedFile) => store.write((transaction) => assets.add(transaction, file));
const find = (store: Store, id: string) => store.read((transaction) => assets.find(transaction, id));
const step = (store: Store, id: string, made: AssetChange) =>
  store.write((transaction) => assets.change(transaction, id, made));

function describeWay(current: () => Store): void {
  it("keeps what was received, in the state received", async () => {
    const file = fileOf({ announcedSha256: "ab".repeat(32), declaredType: undefined });
    await add(current(), file);
    const { receivedAt, changedAt, ...asset }: MediaAsset = (await find(current(), file.id)) ?? assert.fail();
    assert.equal(receivedAt, changedAt);
    const news = { state: "received", reason: "", findings: {}, scannedBy: undefined, quarantined: true } as const;
    assert.deepEqual(asset, { ...file, ...news, publishedAt: undefined });
  });

  it("refuses a second file of the same id", async () => {
    const file = fileOf();
    await add(current(), file);
    await assert.rejects(add(current(), file));
  });

  it("makes a step only from where it starts", async () => {
    const { id } = await added(current());
    assert.equal(await step(current(), id, { from: ["clean"], to: "published" }), false);
    assert.equal(await step(current(), id, { from: ["received", "held"], to: "scanning" }), true);
    const findings = { type: "image/jpeg", sha256: "cd".repeat(32), width: 3, scrubbed: ["exif"] };
    await step(current(), id, { from: ["scanning"], to: "clean", findings, scannedBy: "ClamAV 1" });
    await step(current(), id, { from: ["clean"], to: "published", quarantined: false });
    const asset = await find(current(), id);
    assert.deepEqual(asset?.findings, findings);
    assert.deepEqual([asset?.state, asset?.scannedBy, asset?.quarantined], ["published", "ClamAV 1", false]);
    const { publishedAt } = asset ?? {};
    await step(current(), id, { from: ["published"], to: "held", reason: "hidden" });
    await step(current(), id, { from: ["held"], to: "published" });
    assert.equal((await find(current(), id))?.publishedAt, publishedAt);
    assert.equal((await find(current(), id))?.reason, "");
  });

  it("keeps one set of variants, and forgets all of an asset", async () => {
    const { id } = await added(current());
    const thumb = {
      name: "thumb",
      key: `k/${id}/thumb`,
      type: "image/webp",
      bytes: 9,
      sha256: "00",
      width: 4,
      height: 3,
    };
    const original = { name: "original", key: `k/${id}/original`, type: "video/mp4", bytes: 99, sha256: "11" };
    const set = (variants: readonly (typeof thumb | typeof original)[]) =>
      current().write((transaction) => assets.setVariants(transaction, id, variants));
    const all = () => current().read(async (transaction) => (await assets.variants(transaction, [id])).get(id));
    await set([thumb]);
    await set([original, thumb]);
    assert.deepEqual(await all(), [original, thumb]);
    await current().write((transaction) => assets.remove(transaction, id));
    assert.equal(await all(), undefined);
    assert.equal(await find(current(), id), undefined);
  });
}

async function added(store: Store, more: Partial<ReceivedFile> = {}): Promise<ReceivedFile> {
  const file = fileOf(more);
  await add(store, file);
  return file;
}

function describeLookUps(current: () => Store): void {
  it("lists newest first, page by page, without those of others", async () => {
    const tenant = "pages";
    const files: ReceivedFile[] = [];
    for (let count = 0; count < 7; count += 1) files.push(await added(current(), { tenant }));
    await added(current(), { tenant, collection: "other" });
    await added(current());
    const seen: string[] = [];
    let after: { readonly receivedAt: number; readonly id: string } | undefined;
    for (;;) {
      const query = { tenant, collection: "wedding", limit: 3, ...(after === undefined ? {} : { after }) };
      const page = await current().read((transaction) => assets.list(transaction, query));
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
      after = page.at(-1);
    }
    assert.deepEqual(seen.toSorted(), files.map(({ id }) => id).toSorted());
  });

  it("lists by state and by who brought it", async () => {
    const tenant = "filters";
    const mine = await added(current(), { tenant, owner: { type: "guest", id: "ben" } });
    await added(current(), { tenant });
    const list = (more: object) =>
      current().read((transaction) => assets.list(transaction, { tenant, limit: 9, ...more }));
    assert.deepEqual(
      (await list({ owner: { type: "guest", id: "ben" } })).map(({ id }) => id),
      [mine.id],
    );
    await step(current(), mine.id, { from: ["received"], to: "held", reason: "scanner" });
    assert.deepEqual(
      (await list({ states: ["held", "rejected"] })).map(({ id }) => id),
      [mine.id],
    );
  });

  it("counts by state and reason, with the oldest of each", async () => {
    const tenant = "counts";
    const first = await added(current(), { tenant });
    await added(current(), { tenant });
    const held = await added(current(), { tenant });
    await step(current(), held.id, { from: ["received"], to: "held", reason: "scanner" });
    const counts = await current().read((transaction) => assets.counts(transaction, tenant));
    assert.deepEqual(
      counts.map(({ state, reason, count }) => [state, reason, count]),
      [
        ["held", "scanner", 1],
        ["received", "", 2],
      ],
    );
    assert.equal(counts[1]?.oldest, (await find(current(), first.id))?.receivedAt);
    assert.ok((await current().read((transaction) => assets.counts(transaction))).length >= 2);
  });

  it("finds what other signatures have looked at", async () => {
    const { id } = await added(current());
    await step(current(), id, { from: ["received"], to: "published", scannedBy: "ClamAV/1" });
    const unscanned = await added(current());
    await step(current(), unscanned.id, { from: ["received"], to: "published" });
    const found = async (by: string, since = 0) =>
      (await current().read((transaction) => assets.scannedByOthers(transaction, { by, since, limit: 999 }))).map(
        (asset) => asset.id,
      );
    assert.ok((await found("ClamAV/2")).includes(id));
    assert.ok((await found("ClamAV/2")).includes(unscanned.id));
    assert.ok(!(await found("ClamAV/1")).includes(id));
    assert.ok(!(await found("ClamAV/2", Number.MAX_SAFE_INTEGER)).includes(id));
    await step(current(), id, { from: ["published"], to: "held", reason: "hidden" });
    assert.ok((await found("ClamAV/2", Number.MAX_SAFE_INTEGER)).includes(id), "what is held is never too old");
    const query = { by: "ClamAV/2", since: 0, limit: 999 };
    const all = await current().read((transaction) => assets.scannedByOthers(transaction, query));
    const [first] = all;
    assert.ok(first !== undefined && all.length > 1);
    const behind = { ...query, after: first };
    const rest = await current().read((transaction) => assets.scannedByOthers(transaction, behind));
    assert.deepEqual(rest, all.slice(1));
  });
}
