import { hash } from "node:crypto";
import type { ActionContext } from "../../kernel/action.ts";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { HeldItem, HolderEvent, LeaseLoss, LeaseProof } from "../../kernel/ports/work-leases.ts";
import type { WorkItem } from "../../kernel/ports/work-orders.ts";
import type { AnyOrderType } from "../order-type.ts";
import { workProblems } from "../problems.ts";
import { actorOf, provenanceOf } from "../provenance.ts";
import { sealDetails, type EventDetails } from "../subject/event-details.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import type { CheckoutParts } from "./checkout-parts.ts";
import type { Shown } from "./inputs.ts";

/** A held item, with what it takes to read and write it. */
export interface OpenedItem {
  readonly held: HeldItem;
  readonly type: AnyOrderType;
  readonly payloads: OrderPayloads;
}

/** What the store keeps of a token. */
export function tokenHash(token: string): Uint8Array {
  return new Uint8Array(hash("sha256", token, "buffer"));
}

/** What a caller shows, and who it is by its own credential: nothing else that it says of itself counts. */
export function proofOf(
  { attempt: { tenant }, principal }: { readonly attempt: Attempt; readonly principal: Principal },
  { item, lease, epoch }: Shown,
): LeaseProof {
  return { tenant, item, epoch, tokenHash: tokenHash(lease), holder: principal };
}

/** Why a holder's write is refused. */
export function leaseLoss(loss: LeaseLoss): Denial {
  return deny(loss === "expired" ? workProblems.LEASE_EXPIRED : workProblems.LEASE_LOST);
}

type Holding = Pick<ActionContext<Shown, "store">, "attempt" | "principal" | "input" | "transaction">;

/** Holds an item for a write, unless somebody has stopped this work. */
export async function openHeld(parts: CheckoutParts, context: Holding): Promise<OpenedItem | Denial> {
  const opened = await openStopped(parts, context);
  if (isDenial(opened)) return opened;
  const { tenant, type } = opened.held.item;
  const pause = await parts.pauses.find(context.transaction, { tenant, type, agent: context.principal.id });
  return pause === undefined ? opened : pausedBy(pause.kind, pause.reason);
}

/** Holds an item for whoever hands it back, which those may, too, who were stopped. */
export async function openStopped(parts: CheckoutParts, context: Holding): Promise<OpenedItem | Denial> {
  const held = await parts.leases.hold(context.transaction, proofOf(context, context.input));
  if (typeof held === "string") return leaseLoss(held);
  const type = parts.types.find(held.item.type);
  if (type === undefined) return deny(workProblems.WORK_TYPE_UNKNOWN);
  const payloads = await parts.payloads.of(context.transaction, held.order);
  return payloads === undefined ? leaseLoss("lost") : { held, type, payloads };
}

/** Somebody has stopped it. */
export function pausedBy(by: string, reason: string): Denial {
  return deny(workProblems.WORK_PAUSED, { detail: reason, extensions: { paused: by } });
}

/** What a holder's write is told as. */
export function holderEvent(
  { attempt, principal }: { readonly attempt: Attempt; readonly principal: Principal },
  { payloads, held }: Pick<OpenedItem, "payloads" | "held">,
  details: EventDetails,
): HolderEvent {
  const told = { kind: details.kind, actor: actorOf(principal), provenance: provenanceOf(attempt) };
  return { ...told, details: sealDetails(payloads, held.order, details) };
}

/** Marks an item as begun that is worked on, and its order. */
export async function begin(
  { leases }: Pick<CheckoutParts, "leases">,
  context: { readonly attempt: Attempt; readonly principal: Principal; readonly transaction: WriteTransaction },
  opened: OpenedItem,
): Promise<void> {
  await leases.begin(context.transaction, opened.held, holderEvent(context, opened, { kind: "begun" }));
}

/** What was wrong with an item the last time, as its next holder is told. */
export function openErrors(payloads: OrderPayloads, { errors }: Pick<WorkItem, "errors">): unknown {
  if (errors === undefined) return undefined;
  // What the store itself says of an item tells of no payload, and is not sealed.
  return JSON.parse(errors.startsWith("[") ? errors : payloads.open(["errors"], errors));
}
