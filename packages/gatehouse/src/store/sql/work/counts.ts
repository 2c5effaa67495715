import type { WriteTransaction } from "../../../kernel/ports/store.ts";
import type { LeaseCaps } from "../../../kernel/ports/work-leases.ts";
import { portableStatement } from "../statement.ts";
import type { Change } from "../together.ts";

/** What leases are counted by, and the bit of each in the column `counted`. */
const BITS: Readonly<Record<keyof LeaseCaps, number>> = { agent: 1, type: 2, tenant: 4 };
const KINDS: readonly (keyof LeaseCaps)[] = ["agent", "type", "tenant"];

/** Counts up to a bound and not beyond: no row comes back then. The row stays locked until the transaction ends. */
const TAKE = portableStatement(
  `INSERT INTO work_counts (tenant, kind, name, live) VALUES ($1, $2, $3, $4)
   ON CONFLICT (tenant, kind, name) DO UPDATE SET live = work_counts.live + excluded.live
   WHERE work_counts.live + excluded.live <= $5 RETURNING live`,
);
const LIVE = portableStatement("SELECT live FROM work_counts WHERE tenant = $1 AND kind = $2 AND name = $3");
const GIVE_BACK = portableStatement(
  "UPDATE work_counts SET live = live - $4 WHERE tenant = $1 AND kind = $2 AND name = $3",
);

/** Whose leases are counted. */
export interface Counter {
  readonly tenant: string;
  readonly type: string;
  /** The holder, as `agentName` has it. */
  readonly agent: string;
}

/** A lease that is counted: `counted` says by what. */
export interface Counted extends Counter {
  readonly counted: number;
}

/** How many were granted, and where it is none, by what. `counted` goes into the leases. */
export type Granted =
  | { readonly kind: "granted"; readonly granted: number; readonly counted: number }
  | { readonly kind: "capped"; readonly by: keyof LeaseCaps };

/** Counts as many leases as the caps leave room for, up to those wanted; the agent is counted for some of them already. */
export async function takeCounts(
  transaction: WriteTransaction,
  whose: Counter,
  { wanted, taken: before, caps }: { readonly wanted: number; readonly taken: number; readonly caps: LeaseCaps },
): Promise<Granted> {
  const kinds = KINDS.filter((kind) => Number.isFinite(caps[kind]));
  const counted = kinds.reduce((bits, kind) => bits | BITS[kind], 0);
  let granted = wanted;
  let by: keyof LeaseCaps = "agent";
  const taken: (keyof LeaseCaps)[] = [];
  for (const kind of kinds) {
    const name = nameOf(kind, whose);
    const already = kind === "agent" ? before : 0;
    const key = [whose.tenant, kind, name] as const;
    const room = already + (await take(transaction, key, { wanted: granted - already, cap: caps[kind] }));
    if (room < granted) {
      const surplus = granted - room;
      for (const other of taken) {
        await transaction.execute(GIVE_BACK, [whose.tenant, other, nameOf(other, whose), surplus]);
      }
      granted = room;
      by = kind;
    }
    if (granted === 0) return { kind: "capped", by };
    taken.push(kind);
  }
  return { kind: "granted", granted, counted };
}

/** Takes as many of those wanted as there is room for. */
async function take(
  transaction: WriteTransaction,
  key: readonly [string, string, string],
  { wanted, cap }: { readonly wanted: number; readonly cap: number },
): Promise<number> {
  const first = Math.min(wanted, cap);
  if (first <= 0) return 0;
  if ((await transaction.execute(TAKE, [...key, first, cap])).length > 0) return first;
  // The refused update has locked the row all the same.
  const [row] = await transaction.execute<{ live: number }>(LIVE, key);
  const room = Math.min(first, cap - (row?.live ?? 0));
  if (room <= 0) return 0;
  await transaction.execute(TAKE, [...key, room, cap]);
  return room;
}

/** What counts leases no longer: one change a row, in the order in which they are taken. */
export function giveBack(leases: readonly Counted[]): readonly Change[] {
  return KINDS.flatMap((kind) => {
    const rows = new Map<string, { readonly key: readonly [string, string, string]; live: number }>();
    for (const lease of leases) {
      if ((lease.counted & BITS[kind]) === 0) continue;
      const key = [lease.tenant, kind, nameOf(kind, lease)] as const;
      const row = rows.get(key.join("\n")) ?? { key, live: 0 };
      row.live += 1;
      rows.set(key.join("\n"), row);
    }
    return [...rows.values()].map(({ key, live }): Change => [GIVE_BACK, [...key, live]]);
  });
}

function nameOf(kind: keyof LeaseCaps, { type, agent }: Counter): string {
  if (kind === "agent") return agent;
  return kind === "type" ? type : "";
}
