import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DocumentChange } from "../kernel/ports/documents.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const documents = createDocuments();
let numbers = 0;

/** A key no other test has used. */
function freshKey(): { kind: string; tenant: string; id: string } {
  numbers += 1;
  return { kind: "contract", tenant: "t", id: `document ${numbers}` };
}

/** What documents promise on any transactional store. */
export function describeDocumentsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: documents`, () => {
    const current = useStore(create);
    describeVersions(current);
    describeExpiry(current);
    describeOwners(current);
  });
}

function describeOwners(current: () => Store): void {
  const owned = (owner: string, except: ReturnType<typeof freshKey>) =>
    current().read((reading) => documents.owned(reading, { owner, except, least: 10 }));
  const put = (key: ReturnType<typeof freshKey>, change: Omit<DocumentChange, "expected">) =>
    current().write((writing) => documents.put(writing, key, { ...change, expected: 0 }));

  it("count what an owner has besides one document, in bytes, small ones as the least", async () => {
    const [mine, small, large] = [freshKey(), freshKey(), freshKey()];
    const owner = `owner of ${mine.id}`;
    assert.deepEqual(await owned(owner, mine), { count: 0, bytes: 0 });
    await put(mine, { body: "mine", owner });
    await put(small, { body: "ä", owner });
    await put(large, { body: "ä".repeat(10), owner });
    await put({ ...freshKey(), tenant: "other" }, { body: "elsewhere", owner });
    await put({ ...freshKey(), kind: "other" }, { body: "of another kind", owner });
    await put(freshKey(), { body: "somebody's", owner: `${owner} 2` });
    await put(freshKey(), { body: "nobody's" });
    await put(freshKey(), { body: "expired", owner, expiresAt: 1 });
    assert.deepEqual(await owned(owner, mine), { count: 2, bytes: 30 });
    await current().write((writing) => documents.put(writing, large, { expected: 1, body: "x", owner }));
    assert.deepEqual(await owned(owner, mine), { count: 2, bytes: 20 });
  });

  it("let nobody have more than was counted, however many are made at once", async () => {
    const first = freshKey();
    const owner = `owner of ${first.id}`;
    const keys = Array.from({ length: 12 }, freshKey);
    const made = keys.map((except) =>
      current().write(async (writing) => {
        const { count } = await documents.owned(writing, { owner, except, least: 1 });
        return count < 4 ? documents.put(writing, except, { expected: 0, body: "x", owner }) : undefined;
      }),
    );
    assert.equal((await Promise.all(made)).filter((written) => written !== undefined).length, 4);
    assert.equal((await owned(owner, first)).count, 4);
  });
}

function describeVersions(current: () => Store): void {
  const get = (key: ReturnType<typeof freshKey>) => current().read((reading) => documents.get(reading, key));
  const put = (key: ReturnType<typeof freshKey>, change: DocumentChange) =>
    current().write((writing) => documents.put(writing, key, change));

  it("creates, reads, changes and deletes", async () => {
    const key = freshKey();
    assert.equal(await get(key), undefined);
    assert.deepEqual(await put(key, { expected: 0, body: "one" }), { ...key, version: 1, body: "one" });
    assert.deepEqual(await put(key, { expected: 1, body: "two" }), { ...key, version: 2, body: "two" });
    assert.deepEqual(await get(key), { ...key, version: 2, body: "two" });
    await current().write((writing) => documents.delete(writing, key));
    assert.equal(await get(key), undefined);
  });

  it("changes nothing when the version is another one", async () => {
    const key = freshKey();
    assert.equal(await put(key, { expected: 3, body: "early" }), undefined);
    await put(key, { expected: 0, body: "one" });
    assert.equal(await put(key, { expected: 0, body: "again" }), undefined);
    assert.equal(await put(key, { expected: 2, body: "future" }), undefined);
    assert.equal((await get(key))?.body, "one");
  });

  it("tells apart kinds, tenants and identifiers", async () => {
    const key = freshKey();
    await put(key, { expected: 0, body: "mine" });
    assert.equal(await get({ ...key, tenant: "other" }), undefined);
    assert.equal(await get({ ...key, kind: "other" }), undefined);
    assert.equal(await get({ ...key, id: "other" }), undefined);
  });

  it("lets exactly one of many concurrent changes to a version win", async () => {
    const key = freshKey();
    for (let expected = 0; expected < 5; expected += 1) {
      const bodies = Array.from({ length: 16 }, (_, index) => `${expected} by ${index}`);
      const answers = await Promise.all(bodies.map((body) => put(key, { expected, body })));
      const winners = answers.filter((answer) => answer !== undefined);
      assert.equal(winners.length, 1);
      assert.deepEqual(await get(key), winners[0]);
    }
  });

  it("loses no change of writers that retry from the current version", async () => {
    const key = freshKey();
    await put(key, { expected: 0, body: "0" });
    const increment = async (): Promise<void> => {
      for (;;) {
        const { version = 0, body = "0" } = (await get(key)) ?? {};
        if ((await put(key, { expected: version, body: String(Number(body) + 1) })) !== undefined) return;
      }
    };
    await Promise.all(Array.from({ length: 12 }, increment));
    assert.deepEqual(await get(key), { ...key, version: 13, body: "12" });
  });
}

function describeExpiry(current: () => Store): void {
  it("reads an expired document as absent, and goes on counting its versions", async () => {
    const key = freshKey();
    const store = current();
    const past = (await store.write((writing) => writing.now())) - 1;
    await store.write((writing) => documents.put(writing, key, { expected: 0, body: "old", expiresAt: past }));
    assert.equal(await store.read((reading) => documents.get(reading, key)), undefined);
    const late = await store.write((writing) => documents.put(writing, key, { expected: 1, body: "late" }));
    assert.equal(late, undefined);
    const renewed = await store.write((writing) => documents.put(writing, key, { expected: 0, body: "new" }));
    assert.deepEqual(renewed, { ...key, version: 2, body: "new" });
  });

  it("keeps a document until it expires", async () => {
    const key = freshKey();
    const store = current();
    const expiresAt = (await store.write((writing) => writing.now())) + 60_000;
    await store.write((writing) => documents.put(writing, key, { expected: 0, body: "kept", expiresAt }));
    const document = { ...key, version: 1, body: "kept", expiresAt };
    assert.deepEqual(await store.read((reading) => documents.get(reading, key)), document);
  });

  it("prunes expired documents, a limited number at once", async () => {
    const store = current();
    const now = await store.write((writing) => writing.now());
    await store.write((writing) => documents.prune(writing, 1000));
    for (let index = 0; index < 3; index += 1) {
      const change = { expected: 0, body: "old", expiresAt: now - 1 };
      await store.write((writing) => documents.put(writing, freshKey(), change));
    }
    const pruned = [2, 2, 2].map((limit) => store.write((writing) => documents.prune(writing, limit)));
    const counts = await Promise.all(pruned);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      3,
    );
    assert.ok(counts.every((count) => count <= 2));
  });
}
