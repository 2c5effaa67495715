import type { WorkReview } from "../../kernel/ports/work-plans.ts";
import type { Finding } from "../order-type.ts";
import type { OrderPayloads, PayloadPlace } from "../subject/payloads.ts";

/** Where what a reviewer says is sealed. */
export function notesPlace({ id }: Pick<WorkReview, "id">): PayloadPlace {
  return ["review", id];
}

/** What a reviewer has said: words with an approval, findings with a rejection; neither where the subject was erased. */
export function openNotes(
  payloads: OrderPayloads | undefined,
  review: Pick<WorkReview, "id" | "decision" | "notes">,
): { readonly notes: string; readonly errors?: readonly Finding[] } {
  if (payloads === undefined || review.notes === "") return { notes: "" };
  const text = payloads.open(notesPlace(review), review.notes);
  if (review.decision === "approve") return { notes: text };
  // Only `reject` writes it.
  return { notes: "", errors: JSON.parse(text) as readonly Finding[] };
}

/** What was wrong with an item. What the store itself says of one tells of no payload, and is not sealed. */
export function openErrors(payloads: OrderPayloads | undefined, errors: string | undefined): unknown {
  if (errors === undefined) return undefined;
  if (errors.startsWith("[")) return JSON.parse(errors);
  return payloads === undefined ? undefined : JSON.parse(payloads.open(["errors"], errors));
}
