import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createIds, systemClock, systemRandom, type Clock } from "gatehouse/kernel";
import { createWorkLeases, createWorkOrders, portableStatement } from "gatehouse/store";
import { createDice } from "../drill.ts";
import { openPlace, type Place } from "./store.ts";

/**
 * One of the processes of the drill: agents that claim items and submit them until all are submitted. Each acknowledged
 * submission goes into the journal once the store has answered. Its clock jumps about. It is killed and stopped at any time.
 */
const [engine = "sqlite", where = "", journal = "", seed = "1", total = "0"] = process.argv.slice(2);

const AGENTS = 16;
const LEASE = 800;
const CEILING = 60_000;
const ITEMS_PER_ORDER = 10;
const LARGEST_STEP = 3000;
const MOST_ATTEMPTS = 1_000_000;
const TENANT = "acme";
const TYPE = "caption.write";
const LOCKING = { isolation: "read committed" } as const;
const LEFT = portableStatement(
  "SELECT COUNT(*) AS left_over FROM (SELECT id FROM work_items WHERE state <> 'submitted' LIMIT 1) AS unfinished",
);
const ITEMS = portableStatement("SELECT COUNT(*) AS items FROM work_items");

const dice = createDice(seed);
let offset = dice.integer(-LARGEST_STEP, LARGEST_STEP);
const clock: Clock = { now: () => systemClock.now() + offset, monotonic: () => systemClock.monotonic() };
// The arguments are the drill's own.
const place = { engine, where } as Place;
await using store = await openPlace(place, clock);
const ids = createIds(systemClock, systemRandom);
const orders = createWorkOrders({ ids });
const leases = createWorkLeases({ ids });
const written = openSync(journal, "a");
let finished = false;

/** Proposes what is still missing; alone, before anybody claims. */
async function fill(): Promise<void> {
  const proposer = { type: "user", id: "ada" } as const;
  const event = { item: undefined, kind: "proposed", actor: proposer, from: undefined, to: "queued", details: "{}" };
  const [row] = await store.read((reading) => reading.execute<{ items: number }>(ITEMS, []));
  for (let items = row?.items ?? 0; items < Number(total); items += ITEMS_PER_ORDER) {
    await store.write(async (transaction) => {
      const order = {
        ...{ id: ids.next(), tenant: TENANT, type: TYPE, typeVersion: 1, priority: 0, risk: "low" as const, proposer },
        ...{ input: "{}", inputHash: "-", subject: undefined, reverts: undefined, provenance: { fingerprint: "-" } },
      };
      const numbers = Array.from({ length: ITEMS_PER_ORDER }, (_, number) => number);
      const items_ = numbers.map((number) => ({
        ...{ id: ids.next(), key: `item-${number}`, priority: 0, runAt: 0, attempts: MOST_ATTEMPTS, input: "{}" },
        // Some wait for another one of their order.
        dependsOn: number === ITEMS_PER_ORDER - 1 ? ["item-0"] : [],
      }));
      await orders.add(transaction, order, items_, [event]);
    });
  }
}

async function work(name: string): Promise<void> {
  const holder = { type: "agent", id: name } as const;
  while (!finished) {
    const tokenHashes = Array.from({ length: dice.chance(0.3) ? 5 : 1 }, () => new Uint8Array(systemRandom.bytes(32)));
    const claimed = await store.write(
      (transaction) =>
        leases.claim(transaction, {
          ...{ tenants: [TENANT], holder, tokenHashes, caps: { agent: 20, tenant: Number.POSITIVE_INFINITY } },
          types: [{ type: TYPE, duration: LEASE, ceiling: CEILING, cap: Number.POSITIVE_INFINITY }],
        }),
      LOCKING,
    );
    if (claimed.kind !== "claimed") {
      const [row] = await store.read((reading) => reading.execute<{ left_over: number }>(LEFT, []));
      if (row?.left_over === 0) finished = true;
      await delay(dice.integer(5, 50));
      continue;
    }
    // Some take longer than their lease lasts, and some never come back.
    if (dice.chance(0.01)) await delay(LEASE + dice.integer(1, LEASE));
    if (dice.chance(0.01)) continue;
    for (const [index, { item, lease }] of claimed.items.entries()) {
      const tokenHash = tokenHashes[index] ?? new Uint8Array();
      const result = JSON.stringify({ by: name, process: process.pid, epoch: lease.epoch });
      const accepted = await store.write(async (transaction) => {
        const proof = { tenant: TENANT, item: item.id, epoch: lease.epoch, tokenHash, holder };
        const held = await leases.hold(transaction, proof);
        if (typeof held === "string") return false;
        const resultHash = createHash("sha256").update(result).digest("base64url");
        const event = { kind: "submitted", actor: holder, details: "{}" };
        const submission = { result, resultHash, evidence: undefined, notes: undefined, event };
        await leases.submit(transaction, held, submission);
        return true;
      }, LOCKING);
      writeSync(written, `${accepted ? "accepted" : "refused"} ${item.id} ${result}\n`);
    }
  }
}

async function stepClock(): Promise<void> {
  while (!finished) {
    await delay(dice.integer(50, 500));
    offset = dice.integer(-LARGEST_STEP, LARGEST_STEP);
  }
}

if (total !== "0") await fill();
else await Promise.all([stepClock(), ...Array.from({ length: AGENTS }, (_, index) => work(`${process.pid}-${index}`))]);
