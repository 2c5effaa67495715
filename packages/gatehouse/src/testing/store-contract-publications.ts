import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChannelKey, StoredPublication } from "../kernel/ports/publications.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createPublications } from "../store/sql/realtime/publications.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const publications = createPublications();
const EPOCH = "first";
let numbers = 0;

function freshKey(): ChannelKey {
  numbers += 1;
  return { tenant: "acme", channel: `room:p${numbers}` };
}

function publication(offset: number, more: Partial<StoredPublication> = {}): StoredPublication {
  return { offset, epoch: EPOCH, data: `{"n":${offset}}`, at: 1000 + offset, ...more };
}

/** What streams of publications promise on any transactional store. */
export function describePublicationsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: publications`, () => describePublications(useStore(create)));
}

function describePublications(current: () => Store): void {
  const append = (key: ChannelKey, list: readonly StoredPublication[]) =>
    current().write((writing) => publications.append(writing, key, list));
  const after = (key: ChannelKey, offset: number, { epoch = EPOCH, limit = 100 } = {}) =>
    current().read((reading) => publications.after(reading, key, { offset, epoch }, limit));
  const newest = async (key: ChannelKey, options: { before?: number; limit: number; epoch?: string }) =>
    (await current().read((reading) => publications.newest(reading, key, { epoch: EPOCH, ...options }))).map(
      ({ offset }) => offset,
    );
  const numbersUpTo = (count: number) => Array.from({ length: count }, (_, index) => publication(index + 1));

  it("gives back what was appended, after an offset of the same epoch", async () => {
    const key = freshKey();
    const list = [
      publication(1),
      publication(2, { info: '{"user":"ada"}' }),
      publication(3, { audience: ["a", "b"] }),
      publication(4, { except: ["connection 1"] }),
      publication(5, { audience: ["a"], except: ["connection 1"] }),
    ];
    await append(key, list);
    assert.deepEqual(await after(key, 0), list);
    assert.deepEqual(await after(key, 2), list.slice(2));
    assert.deepEqual(await after(key, 0, { limit: 2 }), list.slice(0, 2));
    assert.deepEqual(await after(key, 0, { epoch: "other" }), []);
    assert.deepEqual(await after({ ...key, tenant: "other" }, 0), []);
    assert.deepEqual(await after(freshKey(), 0), []);
  });

  it("gives the newest, newest first, before an offset", async () => {
    const key = freshKey();
    await append(key, numbersUpTo(5));
    assert.deepEqual(await newest(key, { limit: 2 }), [5, 4]);
    assert.deepEqual(await newest(key, { before: 3, limit: 10 }), [2, 1]);
    assert.deepEqual(await newest(key, { limit: 10, epoch: "other" }), []);
  });

  it("takes one publication an offset", async () => {
    const key = freshKey();
    await append(key, [publication(1)]);
    await assert.rejects(append(key, [publication(1, { data: "2" })]));
    assert.equal((await after(key, 0))[0]?.data, '{"n":1}');
  });

  it("trims a channel to its newest", async () => {
    const [key, other] = [freshKey(), freshKey()];
    await append(key, numbersUpTo(6));
    await append(other, numbersUpTo(6));
    await current().write((writing) => publications.trim(writing, key, 2));
    assert.deepEqual(await newest(key, { limit: 10 }), [6, 5]);
    assert.equal((await newest(other, { limit: 10 })).length, 6);
    await current().write((writing) => publications.trim(writing, freshKey(), 2));
  });

  it("prunes what is old, a few at a time", async () => {
    const [key, other] = [freshKey(), freshKey()];
    // Older than anything other tests have left.
    const list = numbersUpTo(5).map((each) => ({ ...each, at: each.offset }));
    await append(key, list);
    await append(other, list);
    const prune = (at: number, limit: number) =>
      current().write((writing) => publications.prune(writing, { at, limit }));
    assert.equal(await prune(4, 4), 4);
    assert.equal(await prune(4, 4), 2);
    assert.equal(await prune(4, 4), 0);
    assert.deepEqual(await newest(key, { limit: 10 }), [5, 4]);
    assert.deepEqual(await newest(other, { limit: 10 }), [5, 4]);
  });
}
