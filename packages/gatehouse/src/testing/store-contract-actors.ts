import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemRandom } from "../kernel/random.ts";
import type { ActorAddress, ActorRecord } from "../kernel/ports/actors.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import { createActorRecords } from "../store/sql/realtime/actors.ts";
import { createPublications } from "../store/sql/realtime/publications.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const records = createActorRecords({ random: systemRandom });
const publications = createPublications();
const LONG = 60_000;
const ENTER = portableStatement(
  `INSERT INTO realtime_nodes (id, roles, lease_until) VALUES ($1, '["worker"]', $2)
   ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until`,
);
let numbers = 0;

function freshAddress(key: readonly string[] = []): ActorAddress {
  numbers += 1;
  return { tenant: "acme", type: "room", key: [`n${numbers}`, ...key] };
}

/** A node whose lease runs for so many milliseconds more, on the database's clock. */
function enter(store: Store, id: string, lease = LONG): Promise<unknown> {
  return store.write(async (writing) => writing.execute(ENTER, [id, (await writing.now()) + lease]));
}

/** What records of actors promise on any transactional store. */
export function describeActorRecordsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: actors`, () => {
    const current = useStore(create);
    describeClaims(current);
    describeSaving(current);
    describeClosing(current);
    describeTimers(current);
  });
}

function describeClaims(current: () => Store): void {
  const claim = (address: ActorAddress, node: string) =>
    current().write((writing) => records.claim(writing, address, node));

  it("gives an actor to one of twenty nodes that claim it at once", async () => {
    const address = freshAddress();
    const nodes = Array.from({ length: 20 }, (_, index) => `racer ${index}`);
    await Promise.all(nodes.map((node) => enter(current(), node)));
    const answers = await Promise.all(nodes.map((node) => claim(address, node)));
    const owners = new Set(answers.map(({ owner }) => owner));
    assert.equal(owners.size, 1);
    assert.equal(new Set(answers.map(({ streamEpoch }) => streamEpoch)).size, 1);
    assert.deepEqual([...new Set(answers.map(({ epoch }) => epoch))], [1]);
    const again = await claim(address, [...owners][0] ?? "");
    assert.equal(again.epoch, 1, "whoever owns it keeps its epoch");
  });

  it("passes an actor on once its owner's lease has run out on the database's clock, with a new epoch", async () => {
    const address = freshAddress();
    await enter(current(), "alive");
    await enter(current(), "next");
    const first = await claim(address, "alive");
    assert.equal((await claim(address, "next")).owner, "alive");
    await enter(current(), "alive", -1);
    const second = await claim(address, "next");
    assert.deepEqual([second.owner, second.epoch], ["next", first.epoch + 1]);
    assert.equal(second.streamEpoch, first.streamEpoch, "the streams go on");
  });

  it("passes a released actor on at once, and all actors of a node that goes", async () => {
    const [one, other] = [freshAddress(), freshAddress()];
    await enter(current(), "leaving");
    await enter(current(), "staying");
    for (const address of [one, other]) await claim(address, "leaving");
    await current().write((writing) => records.release(writing, "leaving", one));
    assert.equal((await claim(one, "staying")).owner, "staying");
    assert.equal((await claim(other, "staying")).owner, "leaving");
    await current().write((writing) => records.release(writing, "leaving"));
    assert.deepEqual(
      [await claim(other, "staying")].map(({ owner, epoch }) => [owner, epoch]),
      [["staying", 2]],
    );
    await current().write((writing) => records.release(writing, "leaving", one));
    assert.equal((await claim(one, "leaving")).owner, "staying", "nobody gives up what another owns");
  });

  it("opens an actor that nobody owns yet, under one position for all", async () => {
    const address = freshAddress();
    const opened = await Promise.all(
      Array.from({ length: 8 }, () => current().write((writing) => records.open(writing, address))),
    );
    assert.equal(new Set(opened.map(({ streamEpoch }) => streamEpoch)).size, 1);
    assert.deepEqual([opened[0]?.owner, opened[0]?.version, opened[0]?.offsets], ["", 0, "{}"]);
    await enter(current(), "opener");
    const claimed = await claim(address, "opener");
    assert.deepEqual([claimed.owner, claimed.streamEpoch], ["opener", opened[0]?.streamEpoch]);
  });

  it("keeps keys apart whose parts are the same letters", async () => {
    await enter(current(), "keeper");
    const keys = [["a", "b"], ["a:b"], ['a","b'], ["a", "b", ""], ["", "a", "b"], ["ab"]];
    const addresses = keys.map((key) => ({ tenant: "acme", type: "apart", key }));
    const seen = await Promise.all(addresses.map((address) => claim(address, "keeper")));
    assert.equal(new Set(seen.map(({ streamEpoch }) => streamEpoch)).size, keys.length);
  });
}

/** An actor that the node `owner` has claimed. */
async function claimed(store: Store, address: ActorAddress): Promise<ActorRecord> {
  await enter(store, "owner");
  return store.write((writing) => records.claim(writing, address, "owner"));
}

function describeSaving(current: () => Store): void {
  const change = { state: '{"count":1}', offsets: '{"room:a":1}' };
  const save = (address: ActorAddress, expected: ActorRecord) =>
    current().write((writing) => records.save(writing, address, expected, change));
  const find = (address: ActorAddress) => current().read((reading) => records.find(reading, address));

  it("writes version after version", async () => {
    const address = freshAddress();
    const first = await claimed(current(), address);
    assert.equal(await save(address, first), true);
    assert.deepEqual(await find(address), { ...first, ...change, version: 1 });
    assert.equal(await save(address, first), false, "the version is another by now");
    assert.equal(await save(address, { ...first, version: 1 }), true);
  });

  it("fences off whoever has lost the actor", async () => {
    const address = freshAddress();
    const first = await claimed(current(), address);
    await enter(current(), "owner", -1);
    await enter(current(), "heir");
    const second = await current().write((writing) => records.claim(writing, address, "heir"));
    assert.equal(await save(address, first), false);
    assert.equal(await save(address, { ...first, epoch: second.epoch }), false);
    assert.equal(await save(address, { ...second, epoch: first.epoch }), false);
    assert.deepEqual(await find(address), second);
    assert.equal(await save(address, second), true);
  });

  it("knows nothing of an actor that was never opened", async () => {
    assert.equal(await find(freshAddress()), undefined);
  });
}

function describeClosing(current: () => Store): void {
  it("deletes an actor with its publications and timers, and nobody else's", async () => {
    const [address, neighbour] = [freshAddress(), freshAddress()];
    const first = await claimed(current(), address);
    await claimed(current(), neighbour);
    const channel = `room:${address.key[0]}`;
    const kept = { tenant: "acme", channel: `room:${neighbour.key[0]}` };
    await current().write(async (writing) => {
      const publication = { offset: 1, epoch: first.streamEpoch, data: "1", at: 1 };
      await publications.append(writing, { tenant: "acme", channel }, [publication]);
      await publications.append(writing, kept, [publication]);
      const change = { state: "1", offsets: JSON.stringify({ [channel]: 1 }) };
      await records.save(writing, address, first, change);
      for (const each of [address, neighbour]) {
        await records.setTimer(writing, each, { name: "end", dueAt: 1, payload: "" });
      }
    });
    const close = (epoch: number) =>
      current().write((writing) => records.close(writing, address, { owner: "owner", epoch }));
    assert.equal(await close(first.epoch + 1), false);
    assert.equal(await close(first.epoch), true);
    assert.equal(await close(first.epoch), false);
    const position = { offset: 0, epoch: first.streamEpoch };
    const left = await current().read(async (reading) => [
      await records.find(reading, address),
      (await publications.after(reading, { tenant: "acme", channel }, position, 10)).length,
      (await publications.after(reading, kept, position, 10)).length,
    ]);
    assert.deepEqual(left, [undefined, 0, 1]);
    const again = await current().write((writing) => records.claim(writing, address, "owner"));
    assert.notEqual(again.streamEpoch, first.streamEpoch, "a position of the former run means nothing");
    const clear = (each: ActorAddress) => current().write((writing) => records.clearTimer(writing, each, "end"));
    assert.deepEqual([await clear(address), await clear(neighbour)], [false, true]);
  });
}

function describeTimers(current: () => Store): void {
  const set = (address: ActorAddress, name: string, dueAt: number) =>
    current().write((writing: WriteTransaction) => records.setTimer(writing, address, { name, dueAt, payload: name }));
  const due = async (node: string, now: number, limit = 100) =>
    (await current().read((reading) => records.dueTimers(reading, node, now, limit))).map(({ name }) => name);

  it("keeps one timer a name, and clears it once, only where it is still set to that time", async () => {
    const address = freshAddress();
    await set(address, "once", 5);
    await set(address, "once", 7);
    const clear = (dueAt?: number) => current().write((writing) => records.clearTimer(writing, address, "once", dueAt));
    assert.deepEqual([await clear(5), await clear(7), await clear(7), await clear()], [false, true, false, false]);
  });

  it("tells those that are due, oldest first, of actors that the node owns or nobody alive does", async () => {
    const [mine, theirs, dead] = [freshAddress(), freshAddress(), freshAddress()];
    const [released, fresh] = [freshAddress(), freshAddress()];
    for (const node of ["me", "them", "late"]) await enter(current(), node);
    const owners = [
      [mine, "me"],
      [theirs, "them"],
      [dead, "late"],
      [released, "them"],
    ] as const;
    await current().write(async (writing) => {
      for (const [address, node] of owners) await records.claim(writing, address, node);
      await records.release(writing, "them", released);
    });
    await enter(current(), "late", -1);
    const named = [
      [mine, "mine"],
      [theirs, "theirs"],
      [dead, "dead"],
      [released, "released"],
      [fresh, "fresh"],
    ] as const;
    for (const [index, [address, name]] of named.entries()) await set(address, name, 100 + index);
    await set(mine, "later", 200);
    assert.deepEqual(await due("me", 150), ["mine", "dead", "released", "fresh"]);
    assert.deepEqual(await due("them", 150), ["theirs", "dead", "released", "fresh"]);
    assert.deepEqual(await due("me", 150, 2), ["mine", "dead"]);
    assert.deepEqual(await due("me", 99), []);
    const [timer] = await current().read((reading) => records.dueTimers(reading, "me", 100, 1));
    assert.deepEqual(timer, { address: mine, name: "mine", dueAt: 100, payload: "mine" });
  });
}
