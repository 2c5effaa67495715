import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JoinTokenBucket, JoinTokenKey, NewJoinToken } from "../kernel/ports/join-tokens.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createJoinTokens } from "../store/sql/guests/join-tokens.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const tokens = createJoinTokens();
const HOUR = 3_600_000;
const AT_ONCE = 12;
let numbers = 0;

function fresh(more: Partial<NewJoinToken> = {}): NewJoinToken {
  numbers += 1;
  return {
    ...{ id: `token ${String(numbers).padStart(5, "0")}`, tenant: "t", collection: "event", label: "Tables" },
    ...{ kind: "derived", scopes: ["view", "upload"], weak: false, expiresAt: Number.MAX_SAFE_INTEGER },
    caps: { guests: 3, files: 10, bytes: 5_000_000_000 },
    ...more,
  };
}

/** What the rows of join tokens promise on any transactional store. */
export function describeJoinTokensContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: join tokens`, () => {
    const current = useStore(create);
    describeTexts(current);
    describeGuests(current);
    describeEnds(current);
    describeUsage(current);
  });
}

const text = (token: string, hash: string, issue = 0) => ({ token, hash, keyId: "k1", issue, hint: "abcd" });

async function made(store: Store, more: Partial<NewJoinToken> = {}): Promise<NewJoinToken> {
  const token = fresh(more);
  await store.write(async (writing) => {
    await tokens.create(writing, token);
    await tokens.addText(writing, text(token.id, `${token.id} first`));
  });
  return token;
}

function describeTexts(current: () => Store): void {
  const byText = (hash: string, tenant = "t") =>
    current().read((reading) => tokens.findByText(reading, tenant, ["no such hash", hash]));

  it("are found by any of their texts, in their tenant alone", async () => {
    const { id } = await made(current());
    const found = await byText(`${id} first`);
    assert.deepEqual([found?.token.id, found?.standing, found?.text.keyId], [id, "good", "k1"]);
    assert.deepEqual(found?.token.caps, { guests: 3, files: 10, bytes: 5_000_000_000 });
    assert.deepEqual(found.token.scopes, ["view", "upload"]);
    assert.equal(await byText(`${id} first`, "other"), undefined);
    assert.equal(await byText("unknown"), undefined);
  });

  it("share no text, whoever adds it first", async () => {
    const [one, other] = [await made(current()), await made(current())];
    const add = (id: string) => current().write((writing) => tokens.addText(writing, text(id, `${one.id} same`)));
    const added = await Promise.all([one, other].flatMap(({ id }) => [add(id), add(id)]));
    assert.equal(added.filter(Boolean).length, 1);
  });

  it("go on for a while under a text that was replaced", async () => {
    const { id } = await made(current());
    const replace = (hash: string, inMilliseconds: number) =>
      current().write(async (writing) => {
        await tokens.addText(writing, text(id, hash, 1));
        await tokens.endOtherTexts(writing, { token: id, hash }, (await writing.now()) + inMilliseconds);
      });
    await replace(`${id} second`, HOUR);
    assert.deepEqual(
      [(await byText(`${id} first`))?.standing, (await byText(`${id} second`))?.standing],
      ["good", "good"],
    );
    await replace(`${id} third`, 0);
    const standings = ["first", "second", "third"].map(async (nth) => (await byText(`${id} ${nth}`))?.standing);
    assert.deepEqual(await Promise.all(standings), ["replaced", "replaced", "good"]);
    const texts = await current().read((reading) => tokens.texts(reading, id));
    assert.deepEqual(
      texts.map(({ issue }) => issue),
      [1, 1, 0],
    );
  });
}

function describeGuests(current: () => Store): void {
  const join = ({ tenant, id }: JoinTokenKey, guest: string) =>
    current().write((writing) => tokens.join(writing, { tenant, id, guest }));

  it("let as many guests in as they may, and those who are in again", async () => {
    const token = await made(current());
    const names = Array.from({ length: AT_ONCE }, (_, index) => `guest ${index}`);
    const entries = await Promise.all(names.map((name) => join(token, name)));
    assert.deepEqual(
      entries.toSorted(),
      ["joined", "joined", "joined"].concat(Array.from({ length: AT_ONCE - 3 }, () => "full")).toSorted(),
    );
    const inside = names.filter((_, index) => entries[index] === "joined");
    assert.deepEqual(await Promise.all(inside.map((name) => join(token, name))), ["again", "again", "again"]);
    const found = await current().read((reading) => tokens.find(reading, token));
    assert.equal(found?.guests, 3);
  });

  it("count one guest once who comes many times at once", async () => {
    const token = await made(current());
    const entries = await Promise.all(Array.from({ length: AT_ONCE }, () => join(token, "the same")));
    assert.deepEqual(entries.toSorted(), [...Array.from({ length: AT_ONCE - 1 }, () => "again"), "joined"]);
    assert.equal((await current().read((reading) => tokens.find(reading, token)))?.guests, 1);
  });

  it("let nobody in who comes too late, for another tenant, or after a revocation", async () => {
    const expired = await made(current(), { expiresAt: 1000 });
    assert.equal(await join(expired, "late"), "ended");
    const token = await made(current());
    assert.equal(await join({ ...token, tenant: "other" }, "stranger"), "ended");
    assert.equal(await join(token, "early"), "joined");
    await current().write((writing) => tokens.revoke(writing, token));
    assert.deepEqual([await join(token, "early"), await join(token, "late")], ["ended", "ended"]);
  });
}

function describeEnds(current: () => Store): void {
  it("are revoked once, with a new generation, which others can notice", async () => {
    const token = await made(current());
    const revision = () => current().read((reading) => tokens.revision(reading));
    const revoke = (key: JoinTokenKey) => current().write((writing) => tokens.revoke(writing, key));
    const before = await revision();
    assert.equal(await revoke({ ...token, tenant: "other" }), undefined);
    assert.equal(await revision(), before);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => revoke(token)));
    assert.deepEqual(
      answers.filter((generation) => generation !== undefined),
      [2],
    );
    assert.ok((await revision()) > before);
    const [found, good] = await current().read(async (reading) => [
      await tokens.findByText(reading, "t", [`${token.id} first`]),
      await tokens.findGood(reading, token),
    ]);
    assert.deepEqual([found?.standing, found?.token.generation, good], ["revoked", 2, undefined]);
  });

  it("are revoked all at once, of one collection or of a tenant, and no others", async () => {
    const whose = [
      { tenant: "all", collection: "a" },
      { tenant: "all", collection: "a" },
      { tenant: "all", collection: "b" },
      { tenant: "other", collection: "a" },
    ];
    const keys = await Promise.all(whose.map((one) => made(current(), one)));
    const revision = () => current().read((reading) => tokens.revision(reading));
    const good = () =>
      current().read((reading) => Promise.all(keys.map(async (key) => Boolean(await tokens.findGood(reading, key)))));
    const revokeAll = (which: { tenant: string; collection?: string }) =>
      current().write((writing) => tokens.revokeAll(writing, which));
    const before = await revision();
    assert.equal(await revokeAll({ tenant: "all", collection: "c" }), 0);
    assert.equal(await revision(), before);
    assert.equal(await revokeAll({ tenant: "all", collection: "a" }), 2);
    assert.ok((await revision()) > before);
    assert.deepEqual(await good(), [false, false, true, true]);
    assert.equal(await revokeAll({ tenant: "all" }), 1);
    assert.deepEqual(await good(), [false, false, false, true]);
  });

  it("are forgotten with all that was counted of them, by their own tenant alone", async () => {
    const token = await made(current());
    const bucket = { start: 300_000, views: 1, joins: 1, uploads: 0, bytes: 0, sessions: 1 };
    const refused = { refusedExpired: 0, refusedRevoked: 0, refusedFull: 0, refusedLimited: 0 };
    await current().write((writing) => tokens.addUsage(writing, { token: token.id, ...bucket, ...refused }));
    const known = () =>
      current().read(async (reading) => [
        (await tokens.find(reading, token)) !== undefined,
        (await tokens.texts(reading, token.id)).length,
        (await tokens.usage(reading, token.id, { from: 0, to: 900_000 })).length,
      ]);
    const before = await known();
    assert.deepEqual(before, [true, before[1], 1]);
    await current().write((writing) => tokens.forget(writing, { ...token, tenant: "other" }));
    assert.deepEqual(await known(), before);
    await current().write((writing) => tokens.forget(writing, token));
    assert.deepEqual(await known(), [false, 0, 0]);
  });

  it("are listed newest first, a page at a time, and by collection", async () => {
    const listed = [];
    for (const collection of ["a", "b", "a"]) listed.push(await made(current(), { tenant: "list", collection }));
    const ids = async (page: object) =>
      (await current().read((reading) => tokens.list(reading, { tenant: "list", limit: 2, ...page }))).map(
        ({ id }) => id,
      );
    const [first, second, third] = listed.map(({ id }) => id);
    assert.deepEqual(await ids({}), [third, second]);
    assert.deepEqual(await ids({ after: second }), [first]);
    assert.deepEqual(await ids({ collection: "a" }), [third, first]);
  });

  it("are removed with all that is known of them once they have ended for long", async () => {
    const [ended, lasting] = [await made(current(), { tenant: "prune", expiresAt: 500 }), await made(current())];
    for (const { id: token } of [ended, lasting]) {
      await current().write((writing) => tokens.addUsage(writing, bucket({ token, start: 0 })));
      await current().write((writing) => tokens.addUsage(writing, bucket({ token, start: 10_000 })));
    }
    const removed = await current().write((writing) => tokens.prune(writing, { ended: 1000, counted: 5000 }, 100));
    assert.ok(removed >= 2);
    const [gone, texts, usage] = await current().read(async (reading) => [
      await tokens.find(reading, ended),
      await tokens.texts(reading, ended.id),
      await tokens.usage(reading, ended.id, EVER),
    ]);
    assert.deepEqual([gone, texts, usage], [undefined, [], []]);
    const kept = await current().read((reading) => tokens.usage(reading, lasting.id, EVER));
    assert.deepEqual(
      kept.map(({ start }) => start),
      [10_000],
    );
  });
}

const EVER = { from: 0, to: Number.MAX_SAFE_INTEGER };

function bucket(more: Partial<JoinTokenBucket> & Pick<JoinTokenBucket, "token" | "start">): JoinTokenBucket {
  return {
    ...{ views: 0, joins: 0, uploads: 0, bytes: 0, sessions: 0 },
    ...{ refusedExpired: 0, refusedRevoked: 0, refusedFull: 0, refusedLimited: 0 },
    ...more,
  };
}

function describeUsage(current: () => Store): void {
  it("sum up what is counted of them, whoever counts at once", async () => {
    const { id: token } = await made(current());
    const one = bucket({ token, start: 300_000, views: 1, bytes: 4_000_000_000, refusedLimited: 2 });
    await Promise.all(
      Array.from({ length: AT_ONCE }, () => current().write((writing) => tokens.addUsage(writing, one))),
    );
    await current().write((writing) => tokens.addUsage(writing, bucket({ token, start: 600_000, joins: 1 })));
    const read = (from: number, to: number) => current().read((reading) => tokens.usage(reading, token, { from, to }));
    assert.deepEqual(await read(300_000, 600_000), [
      { ...one, views: AT_ONCE, bytes: AT_ONCE * 4_000_000_000, refusedLimited: 2 * AT_ONCE },
    ]);
    assert.deepEqual(
      (await read(0, 900_000)).map(({ start }) => start),
      [300_000, 600_000],
    );
  });

  it("tell which of them were used, and how those of a tenant come and go", async () => {
    const start = await current().write((writing) => writing.now());
    const [lasting, ended] = [
      await made(current(), { tenant: "churn" }),
      await made(current(), { tenant: "churn", expiresAt: start - 1 }),
    ];
    const at = start + 24 * HOUR * 400;
    for (const row of [
      bucket({ token: lasting.id, start: at, views: 5, joins: 2, uploads: 9 }),
      bucket({ token: ended.id, start: at, refusedExpired: 3, refusedRevoked: 1, refusedLimited: 1 }),
    ]) {
      await current().write((writing) => tokens.addUsage(writing, row));
    }
    const range = { from: at, to: at + 1 };
    const used = (after: string, limit: number) =>
      current().read((reading) => tokens.used(reading, { ...range, after, limit }));
    const ids = [lasting, ended].map(({ id, tenant }) => ({ id, tenant })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    assert.deepEqual([...(await used("", 1)), ...(await used(ids[0]?.id ?? "", 10))], ids);
    const churn = await current().read((reading) => tokens.churn(reading, { from: start - HOUR, to: at + 1 }));
    const own = churn.find(({ tenant }) => tenant === "churn");
    assert.deepEqual(own, { tenant: "churn", ended: 1, hits: 12, hitsOnEnded: 4 });
  });
}
