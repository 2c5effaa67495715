import { z } from "zod";

/** An order by its identifier. */
export const OrderId = z.uuid();
/** A text that people or agents write: as long as it may be, and such as stores can keep. */
export function writtenText(longest: number) {
  return z
    .string()
    .trim()
    .max(longest)
    .refine((text) => text.isWellFormed() && !text.includes("\0"), { message: "The text is not valid Unicode." });
}
/** What a reviewer says. */
export const Notes = writtenText(4000);
/** Why an operator does something. */
export const Reason = writtenText(500).min(1);
/** The key of an item within its order. */
export const ItemKey = z.string().min(1).max(120);
/** The plan that a reviewer has looked at. */
export const SeenPlan = {
  order: OrderId,
  revision: z.int().min(0),
  digest: z.string().max(64),
};
/** What is wrong, as agents are told. */
export const ReviewErrors = z
  .array(
    z.strictObject({
      code: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
      message: writtenText(1000).min(1),
      field: writtenText(200).optional(),
    }),
  )
  .min(1)
  .max(50);
