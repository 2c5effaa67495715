import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { renamingType, reviewKitMigrations, thingResource } from "../../testing/review-kit-things.ts";
import { inverseOf, isSameChanges, maskChange } from "./changes.ts";
import { RecordingSpace, type SpaceRecord } from "./recording-space.ts";

const sha = (text: string): string => createHash("sha256").update(text).digest("base64url");

async function inSpace(work: (space: RecordingSpace) => Promise<void>): Promise<SpaceRecord> {
  const migrations = [...coreMigrations, ...reviewKitMigrations];
  await using store = await openSqliteStore({ memory: true, clock: createFakeClock(), migrations });
  return await store.write(async (transaction) => {
    await thingResource.write(transaction, { tenant: "acme", id: "old" }, { name: "old", secret: "s" });
    const space = new RecordingSpace({ transaction, tenant: "acme", type: renamingType(), digest: sha });
    await work(space);
    return space.close();
  });
}

describe("a space", () => {
  it("notes what there was of everything before it changes anything, once each", async () => {
    const { readings } = await inSpace(async (space) => {
      assert.deepEqual(await space.read(thingResource, "old"), { name: "old", secret: "s" });
      await space.update(thingResource, "old", { name: "new" });
      assert.deepEqual(await space.read(thingResource, "old"), { name: "new", secret: "s" });
      await space.create(thingResource, "made", { name: "m", secret: "" });
      assert.equal(await space.read(thingResource, "none"), undefined);
    });
    assert.deepEqual(readings, [
      { type: "thing", id: "old", digest: sha('{"name":"old","secret":"s"}') },
      { type: "thing", id: "made", digest: "" },
      { type: "thing", id: "none", digest: "" },
    ]);
  });

  it("notes what was really changed, in order, and nothing that was not", async () => {
    const { changes } = await inSpace(async (space) => {
      await space.update(thingResource, "old", { name: "old" });
      await space.update(thingResource, "old", { name: "new" }, { sources: ["a"] });
      await space.delete(thingResource, "old");
    });
    const resource = { type: "thing", id: "old", label: "thing old" };
    const before = { name: "old", secret: "s" };
    const after = { name: "new", secret: "s" };
    assert.deepEqual(changes, [
      { step: 1, resource, action: "update", before, after, sensitive: ["/secret"], sources: ["a"] },
      { step: 2, resource, action: "delete", before: after, after: undefined, sensitive: ["/secret"], sources: [] },
    ]);
  });

  it("refuses what makes no sense", async () => {
    await inSpace(async (space) => {
      await assert.rejects(space.create(thingResource, "old", { name: "", secret: "" }), { code: "EXISTS" });
      await assert.rejects(space.update(thingResource, "none", { name: "" }), { code: "MISSING" });
      await assert.rejects(space.delete(thingResource, "none"), { code: "MISSING" });
      await assert.rejects(space.read({ ...thingResource }, "old"), { code: "UNDECLARED" });
      const effect = { type: "letter", label: () => "", run: async () => undefined };
      assert.throws(() => space.invoke(effect, "x", "y"), { code: "UNDECLARED" });
      const change = { step: 1, resource: { type: "thing", id: "old", label: "" }, sensitive: [], sources: [] };
      const other = { ...change, action: "delete", before: { name: "other", secret: "s" }, after: undefined } as const;
      await assert.rejects(space.carryOut(other), { code: "CHANGED_SINCE" });
    });
  });
});

describe("changes", () => {
  const made = (): Promise<SpaceRecord> =>
    inSpace(async (space) => {
      await space.update(thingResource, "old", { secret: "t" });
      await space.create(thingResource, "made", { name: "m", secret: "" });
    });

  it("are the same whatever things are called, and else not", async () => {
    const { changes } = await made();
    const [first, second] = changes;
    assert.ok(first !== undefined && second !== undefined);
    const relabelled = [{ ...first, resource: { ...first.resource, label: "x" }, sources: ["y"] }, second];
    assert.ok(isSameChanges(changes, relabelled));
    for (const other of [[first], [second, first], [first, { ...second, after: { name: "n", secret: "" } }], []])
      assert.ok(!isSameChanges(changes, other));
    assert.ok(!isSameChanges(changes, [first, { ...second, before: null }]), "nothing is not null");
  });

  it("are taken back by their inverse, which is taken back by them", async () => {
    const { changes } = await made();
    const inverse = inverseOf(changes);
    assert.deepEqual(
      inverse.map(({ step, action, resource: { id } }) => [step, action, id]),
      [
        [1, "delete", "made"],
        [2, "update", "old"],
      ],
    );
    assert.deepEqual(inverseOf(inverse), changes);
  });

  it("are masked where members are sensitive, which still tells whether they change", async () => {
    const { changes } = await made();
    const [first, second] = changes.map(maskChange);
    const masked = (changed: boolean) => ({ masked: true, changed });
    assert.deepEqual(first?.before, { name: "old", secret: masked(true) });
    assert.deepEqual(first?.after, { name: "old", secret: masked(true) });
    assert.deepEqual(second?.after, { name: "m", secret: masked(true) });
    assert.equal(second?.before, undefined);
    const [unchanged] = (await inSpace((space) => space.update(thingResource, "old", { name: "x" }))).changes.map(
      maskChange,
    );
    assert.deepEqual(unchanged?.after, { name: "x", secret: masked(false) });
  });
});
