import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny } from "../../kernel/outcome.ts";
import { workEvents } from "../events.ts";
import { workProblems } from "../problems.ts";
import { OrderId, Reason } from "../review/inputs.ts";
import { unknownOrder } from "../review/answers.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { createExport } from "./export.ts";

const Export = z.strictObject({ orders: z.array(OrderId).min(1).max(20) });
const Erase = z.strictObject({ subject: z.string().min(1).max(200), reason: Reason });

/** What the law asks for: giving out all that is held, and erasing what is held of somebody. */
export function createSubjectActions(parts: WorkReviewParts): readonly AnyAction[] {
  return [exportAction(parts), eraseAction(parts)];
}

function exportAction(parts: WorkReviewParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    // What is exported is kept nowhere for repetitions, and each export is told.
    ...{ name: "work.export", entrances, input: Export, effects: "store", idempotency: false, limits: rules.limits },
    authorise: rules.permit("work:admin", "work.export"),
    audit: {
      event: workEvents.work_exported,
      target: ({ orders: [first = ""] }) => first,
      context: ({ orders }, { manifest }: { readonly manifest: { readonly sha256: string } }) => ({
        ...{ orders: orders.length, digest: manifest.sha256 },
      }),
    },
    async run({ attempt: { tenant }, input, transaction }) {
      const exported = await createExport(parts, transaction, { tenant, orders: input.orders });
      return exported ?? unknownOrder();
    },
  });
}

/**
 * Destroys the key of a subject. What orders hold of it cannot be read from then on; orders that are under way come to an
 * end when somebody next does anything about them, since they cannot be planned, applied or handed out.
 */
function eraseAction({ subjectKeys, rules, entrances }: WorkReviewParts): AnyAction {
  return defineAction({
    ...{ name: "work.erase-subject", entrances, input: Erase, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:admin", "work.erase-subject"),
    audit: {
      event: workEvents.work_subject_erased,
      target: ({ subject }) => subject,
      context: ({ reason }) => ({ reason }),
    },
    async run({ attempt: { tenant }, input: { subject }, transaction }) {
      const erased = await subjectKeys.destroy(transaction, { tenant, subject });
      return erased ? { subject } : deny(workProblems.WORK_SUBJECT_ERASED, { detail: "That was done before." });
    },
  });
}
