import { z } from "zod";
import { isKeepable, isTooDeep } from "./keepable.ts";

const ITEM = z.uuid();
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A text that agents write: as long as it may be, and such as stores can keep. */
function text(longest: number) {
  return z
    .string()
    .max(longest)
    .refine((written) => written.isWellFormed() && !written.includes("\0"), {
      message: "The text is not valid Unicode.",
    });
}

/** What an agent has made. Its type says more about it; this is what any has to be before anything else looks at it. */
const Made = z
  .unknown()
  .refine((value) => !isTooDeep(value), { message: "It is nested too deep.", abort: true })
  .refine(isKeepable, { message: "It is not JSON that can be kept." });

/** What every write of a holder shows. */
const SHOWN = {
  item: ITEM,
  /** The token that was given with the item. */
  lease: z.string().regex(TOKEN),
  epoch: z.int().min(1),
};

const Findings = z
  .array(
    z.strictObject({
      code: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
      message: text(1000),
      field: text(200).optional(),
    }),
  )
  .min(1)
  .max(50);

/** Of `work.checkout`. */
export const CheckoutInput = z.strictObject({
  types: z.array(z.string().min(1).max(100)).min(1).max(20).optional(),
  order: z.uuid().optional(),
  min_priority: z.int().min(-100).max(100).optional(),
  count: z.int().min(1).max(50).default(1),
  /** Milliseconds to wait for something where there is nothing. */
  wait_ms: z.int().min(0).max(25_000).default(0),
});

/** Of `work.heartbeat`. */
export const HeartbeatInput = z.strictObject({
  ...SHOWN,
  progress: z
    .strictObject({
      done: z.int().min(0).optional(),
      total: z.int().min(0).optional(),
      note: text(500).optional(),
    })
    .optional(),
});

/** Of `work.submit`. */
export const SubmitInput = z.strictObject({
  ...SHOWN,
  result: Made,
  evidence: z
    .array(
      z.strictObject({ title: text(200).min(1), text: text(10_000).optional(), url: z.url().max(2000).optional() }),
    )
    .max(50)
    .optional(),
  notes: text(4000).optional(),
});

/** Of `work.submit-part`. */
export const SubmitPartInput = z.strictObject({
  ...SHOWN,
  part: z.string().min(1).max(120),
  seq: z.int().min(0).max(1_000_000).default(0),
  payload: Made,
});

/** Of `work.list-parts`. */
export const ListPartsInput = z.strictObject(SHOWN);

/** Of `work.finalize`. */
export const FinalizeInput = z.strictObject({ ...SHOWN, mode: z.enum(["strict", "best_effort"]).default("strict") });

/** Of `work.release`. */
export const ReleaseInput = z.strictObject({ ...SHOWN, reason: text(500).optional() });

/** Of `work.fail`. */
export const FailInput = z.strictObject({
  ...SHOWN,
  errors: Findings,
  /** Whether somebody else should try it. */
  retry: z.boolean().default(true),
});

/** What holders show. */
export interface Shown {
  readonly item: string;
  readonly lease: string;
  readonly epoch: number;
}
