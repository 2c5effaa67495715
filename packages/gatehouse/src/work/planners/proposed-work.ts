import { hash } from "node:crypto";
import { canonicalJson } from "../../kernel/codec.ts";
import type { DocumentKey, Documents } from "../../kernel/ports/documents.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder, WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { OrderState } from "../../kernel/work-states.ts";
import type { WorkPayloads } from "../subject/payloads.ts";

/** What it is remembered with which order was proposed of what was found. */
export interface ProposedWorkParts {
  readonly documents: Documents;
  readonly orders: Pick<WorkOrders, "find">;
  readonly payloads: Pick<WorkPayloads, "of">;
  /** Milliseconds that orders are kept once they have ended. */
  readonly retention: number;
}

/** Something that was found. */
export interface FoundKey {
  readonly planner: string;
  readonly tenant: string;
  readonly key: string;
}

/** States of orders that somebody can still do something about. One that has failed can be put to work again. */
export const OPEN_STATES: readonly OrderState[] = [
  ...["queued", "checked_out", "in_progress", "submitted", "approved", "applied", "failed"],
] as const satisfies readonly OrderState[];

/** What is remembered of something that was found. */
export interface Remembered {
  /** Of what is remembered; 0 where nothing is. */
  readonly version: number;
  /** Whether nothing is to be proposed: there is an order for it, or people have decided about the same input. */
  readonly isSettled: boolean;
}

/**
 * What is remembered of something that was found with this input. An order that ended settles its own input: it was done,
 * or people did not want it. One that was given up because nobody did it settles nothing.
 */
export async function recall(
  { documents, orders, payloads }: ProposedWorkParts,
  transaction: ReadTransaction,
  { found, input }: { readonly found: FoundKey; readonly input: unknown },
): Promise<Remembered> {
  const document = await documents.get(transaction, documentKey(found));
  if (document === undefined) return { version: 0, isSettled: false };
  const { version, body: id } = document;
  const order = await orders.find(transaction, { tenant: found.tenant, id });
  if (order === undefined || order.state === "dead_lettered") return { version, isSettled: false };
  return { version, isSettled: isOpen(order) || (await hasInput(payloads, transaction, { order, input })) };
}

/** Remembers which order was proposed of something; `false` where another server has done so meanwhile. */
export async function remember(
  { documents, retention }: Pick<ProposedWorkParts, "documents" | "retention">,
  transaction: WriteTransaction,
  { found, order, version }: { readonly found: FoundKey; readonly order: string; readonly version: number },
): Promise<boolean> {
  // An order is kept for so long after it has ended, and may be open for as long before.
  const expiresAt = (await transaction.now()) + 2 * retention;
  const change = { expected: version, body: order, expiresAt };
  return (await documents.put(transaction, documentKey(found), change)) !== undefined;
}

function isOpen({ state }: WorkOrder): boolean {
  return OPEN_STATES.includes(state);
}

/** Whether an order was proposed with an input. Nothing is proposed anew about somebody who was erased. */
async function hasInput(
  payloads: ProposedWorkParts["payloads"],
  transaction: ReadTransaction,
  { order, input }: { readonly order: WorkOrder; readonly input: unknown },
): Promise<boolean> {
  const opened = await payloads.of(transaction, order);
  return opened === undefined || opened.digest(canonicalJson(input)) === order.inputHash;
}

function documentKey({ planner, tenant, key }: FoundKey): DocumentKey {
  return { kind: "work.found", tenant, id: hash("sha256", canonicalJson([planner, key]), "base64url") };
}
