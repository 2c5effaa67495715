import type { StandardSchemaV1 } from "@standard-schema/spec";
import { pointerOf } from "../../guards/validate-pointer.ts";
import type { PrepareContext } from "../../kernel/action.ts";
import { canonicalJson } from "../../kernel/codec.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { WorkItem, WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { AnyOrderType, Finding } from "../order-type.ts";
import { workProblems } from "../problems.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import type { CheckoutParts } from "./checkout-parts.ts";
import { leaseLoss, proofOf } from "./holding.ts";
import type { Shown } from "./inputs.ts";
import { isKeepable } from "./keepable.ts";

/** What is submitted, checked by its schema, as it will be kept. */
export interface CheckedValue {
  readonly value: unknown;
  /** Canonical JSON (RFC 8785). */
  readonly json: string;
}

/** An item of whose lease the proof was shown, before any transaction. */
export interface ShownItem {
  readonly item: WorkItem;
  readonly order: WorkOrder;
  readonly type: AnyOrderType;
  readonly payloads: OrderPayloads;
}

const MOST_FINDINGS = 50;

/** Finds what a proof is shown for. Whoever has no lease learns nothing of the item, not even that there is one. */
export async function findShown(
  { leases, orders, types, payloads: all }: CheckoutParts,
  context: PrepareContext<Shown>,
): Promise<ShownItem | Denial> {
  const proof = proofOf(context, context.input);
  return context.read(async (transaction) => {
    const lease = await leases.find(transaction, proof);
    if (typeof lease === "string") return leaseLoss(lease);
    const item = await orders.item(transaction, { tenant: lease.tenant, id: lease.item });
    const order = await orders.find(transaction, { tenant: lease.tenant, id: lease.order });
    const type = types.find(lease.type);
    if (item === undefined || order === undefined || type === undefined) return leaseLoss("lost");
    const payloads = await all.of(transaction, order);
    return payloads === undefined ? leaseLoss("lost") : { item, order, type, payloads };
  });
}

/**
 * What was found out before the transaction, where it is not an answer by itself: whoever repeats a write that was taken has
 * no lease any more, and gets the answer that was given the first time.
 */
export class Deferred {
  readonly denial: Denial;
  constructor(denial: Denial) {
    this.denial = denial;
  }
}

/** What a schema makes of a value, or everything that is wrong with it. */
export async function checkValue(
  schema: StandardSchemaV1,
  given: unknown,
  { bytes }: { readonly bytes: number },
): Promise<CheckedValue | Denial> {
  if (Buffer.byteLength(canonicalJson(given)) > bytes) {
    return refuse([{ code: "too_large", message: `It has more than ${bytes} bytes.` }]);
  }
  const result = await schema["~standard"].validate(given);
  if (result.issues !== undefined) {
    const issues = result.issues.slice(0, MOST_FINDINGS);
    return refuse(issues.map(({ path, message }) => ({ code: "invalid", message, field: pointerOf(path) })));
  }
  if (!isKeepable(result.value)) return refuse([{ code: "invalid", message: "It is not JSON that can be kept." }]);
  const json = canonicalJson(result.value);
  return { value: JSON.parse(json), json };
}

/** What is wrong with a submission. Nothing of it is kept, and the item stays in its holder's hands. */
export function refuse(findings: readonly Finding[]): Denial {
  const context = { codes: [...new Set(findings.map(({ code }) => code))].join(" ").slice(0, 500) };
  return deny(workProblems.WORK_SUBMISSION_REFUSED, { extensions: { errors: findings }, context });
}
