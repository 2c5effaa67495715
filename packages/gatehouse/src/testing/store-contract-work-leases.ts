import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WAIT_PER_POINT } from "../kernel/work-states.ts";
import { agent, LOCKING, told, type WorkKit } from "./work-kit.ts";

/** That waiting makes up for priority. */
export function describeWorkAgeing(fresh: () => WorkKit): void {
  it("serves a low priority in the end, however many high ones keep coming", async () => {
    const kit = fresh();
    const began = (await kit.now()) - 20 * WAIT_PER_POINT;
    const low = await kit.propose(["low"], { priority: -3, runAt: began });
    const high = (minute: number) => kit.propose(["high"], { priority: 3, runAt: began + minute * WAIT_PER_POINT });
    await high(0);
    const served: string[] = [];
    for (let minute = 1; minute < 12; minute += 1) {
      // There is always one of high priority that could be taken instead.
      await high(minute);
      served.push((await kit.take()).item.order);
    }
    // Six points less are made up for by six points' worth of waiting: those of high priority that came before are first.
    assert.equal(served.indexOf(low.id), 6);
  });
}

/** Many at once. */
export function describeWorkBatches(fresh: () => WorkKit): void {
  it("takes the results of many items at once, and says of each why not where it is held no more", async () => {
    const kit = fresh();
    const [one, two] = [await kit.propose(["a", "b", "c"], { dependsOn: { c: ["a", "b"] } }), await kit.propose()];
    const { grips } = await kit.ask(agent("a"), { count: 3, caps: { agent: 3, tenant: 3 } });
    assert.equal(grips.length, 3);
    const gone = await kit.take(agent("b"), { types: [kit.kind(kit.type)] }).catch(() => undefined);
    assert.equal(gone, undefined);
    const [first] = grips;
    assert.ok(first !== undefined);
    const proofs = [
      ...grips.map(({ proof }) => proof),
      { ...first.proof, epoch: 7 },
      { ...first.proof, holder: agent("b") },
    ];
    const answers = await kit.store.write(async (transaction) => {
      const held = await kit.leases.holdAll(transaction, proofs);
      const submissions = held.flatMap((answer) =>
        typeof answer === "string"
          ? []
          : [
              {
                held: answer,
                result: "{}",
                resultHash: "h",
                evidence: undefined,
                notes: undefined,
                event: told("submitted"),
              },
            ],
      );
      const ends = await kit.leases.submitAll(transaction, submissions);
      return { losses: held.filter((answer) => typeof answer === "string"), lasts: ends.map(({ last }) => last) };
    }, LOCKING);
    assert.deepEqual(answers.losses, ["lost", "lost"]);
    assert.equal(answers.lasts.filter(Boolean).length, 1);
    assert.equal((await kit.order(two)).state, "submitted");
    assert.equal((await kit.take()).item.key, "c");
    for (const order of [one, two]) assert.equal(await kit.verify(order), undefined);
    const counted = await kit.ask(agent("a"), { caps: { agent: 1, tenant: 3 } });
    assert.deepEqual(counted.claimed, { kind: "none" });
  });
}

/** What becomes of items whose holders do not come back. */
export function describeWorkExpiry(fresh: () => WorkKit): void {
  it("hands an expired item on, and fences off who had it", async () => {
    const kit = fresh();
    const order = await kit.propose();
    const late = await kit.take(agent("a"), { duration: 1 });
    await delay(10);
    assert.equal(await kit.submit(late), "expired");
    assert.equal(await kit.renew(late), "expired");
    const grip = await kit.take(agent("b"));
    assert.deepEqual([grip.item.id, grip.item.epoch, grip.item.attempt], [late.item.id, 2, 2]);
    for (const end of [kit.submit(late), kit.giveUp(late), kit.renew(late), kit.begin(late)]) {
      assert.equal(await end, "lost");
    }
    assert.deepEqual(await kit.submit(grip), { last: true });
    assert.equal(await kit.verify(order), undefined);
  });

  it("reclaims what has expired and nothing else, least of all what is submitted", async () => {
    const kit = fresh();
    const [expired, held, submitted] = [await kit.propose(), await kit.propose(), await kit.propose()];
    await kit.submit(await kit.take(agent("a"), { order: submitted.id, duration: 1000 }));
    await kit.take(agent("a"), { order: held.id });
    await kit.begin(await kit.take(agent("a"), { order: expired.id, duration: 200 }));
    await delay(250);
    const reclaimed = await kit.reclaim();
    assert.deepEqual(
      reclaimed.filter(({ tenant }) => tenant === kit.tenant).map(({ order }) => order),
      [expired.id],
    );
    assert.equal((await kit.order(expired)).state, "queued");
    assert.equal((await kit.order(held)).state, "checked_out");
    assert.equal((await kit.order(submitted)).state, "submitted");
  });

  it("hands out all of an order again that was put to work anew, though several of its items had failed", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b"], { attempts: 1 });
    await kit.ask(agent("a"), { count: 2, duration: 1 });
    await delay(5);
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
    await kit.change(order, { state: "queued" }, { from: ["failed"], to: "queued" });
    assert.equal((await kit.ask(agent("a"), { count: 2 })).grips.length, 2);
  });

  it("ends an item whose holders die each time", async () => {
    const kit = fresh();
    const order = await kit.propose(["one"], { attempts: 2 });
    for (let round = 0; round < 2; round += 1) {
      await kit.take(agent("a"), { duration: 1 });
      await delay(5);
    }
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
    const [item] = await kit.store.read((transaction) => kit.orders.items(transaction, order));
    assert.deepEqual([item?.state, (await kit.order(order)).state], ["failed", "failed"]);
  });
}

/** How many items can be held at once. */
export function describeWorkCaps(fresh: () => WorkKit): void {
  it("lets nobody hold more than the caps say, however many ask at once", async () => {
    for (const [by, caps, cap] of [
      ["agent", { agent: 3, tenant: Number.POSITIVE_INFINITY }, Number.POSITIVE_INFINITY],
      ["tenant", { agent: 100, tenant: 3 }, Number.POSITIVE_INFINITY],
      ["type", { agent: 100, tenant: 100 }, 3],
    ] as const) {
      const kit = fresh();
      await Promise.all(Array.from({ length: 12 }, () => kit.propose()));
      const types = [kit.kind(kit.type, { cap })];
      const asked = await Promise.all(Array.from({ length: 16 }, () => kit.ask(agent("a"), { types, caps, count: 2 })));
      const grips = asked.flatMap((one) => one.grips);
      while (grips.length < 3) grips.push(...(await kit.ask(agent("a"), { types, caps })).grips);
      assert.equal(grips.length, 3);
      assert.deepEqual((await kit.ask(agent("a"), { types, caps })).claimed, { kind: "capped", by });
      const [first, second] = grips;
      assert.ok(first !== undefined && second !== undefined);
      await Promise.all([kit.submit(first), kit.giveUp(second)]);
      assert.equal((await kit.ask(agent("a"), { types, caps, count: 5 })).grips.length, 2);
    }
  });

  it("counts leases no longer that expired or were taken away", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b"]);
    const caps = { agent: 2, tenant: 2 };
    await kit.ask(agent("a"), { caps, count: 2, duration: 1 });
    await delay(10);
    assert.equal((await kit.ask(agent("a"), { caps, count: 2 })).grips.length, 2);
    await kit.change(order, { state: "cancelled" }, { from: ["queued", "leased", "in_progress"], to: "cancelled" });
    await kit.propose(["c", "d"]);
    assert.equal((await kit.ask(agent("a"), { caps, count: 2 })).grips.length, 2);
  });
}
