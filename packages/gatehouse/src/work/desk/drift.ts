import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkReading } from "../../kernel/ports/work-plans.ts";
import type { AnyOrderType } from "../order-type.ts";
import { digestOfReading, plainOf } from "../space/snapshot.ts";
import type { OrderPayloads } from "../subject/payloads.ts";

/** What a plan rests on, and whose it is. */
export interface Basis {
  readonly tenant: string;
  readonly type: AnyOrderType;
  readonly payloads: OrderPayloads;
  readonly readings: readonly WorkReading[];
}

/** Something that is not as it was when a plan was made. */
export interface Drifted {
  readonly type: string;
  readonly id: string;
}

/** What has changed of all that a plan rests on: to carry it out would be refused. */
export async function driftOf(
  transaction: ReadTransaction,
  { tenant, type, payloads, readings }: Basis,
): Promise<readonly Drifted[]> {
  const drifted: Drifted[] = [];
  for (const { type: name, id, digest } of readings) {
    const resource = type.resources.find((declared) => declared.type === name);
    const snapshot = plainOf(await resource?.read(transaction, { tenant, id }));
    if (resource === undefined || digestOfReading(snapshot, payloads.digest) !== digest)
      drifted.push({ type: name, id });
  }
  return drifted;
}
