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
