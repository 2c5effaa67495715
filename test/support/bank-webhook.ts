import { createStandardWebhooksVerifier } from "gatehouse/guards";
import { defineAction } from "gatehouse/kernel";
import { z } from "zod";

/** What a bank's signed message attempts, which changes nothing. */
export const noted = defineAction({
  name: "payment.note",
  entrances: ["webhook"],
  effects: "store",
  authorise: "public",
  input: z.looseObject({}),
  run: () => Promise.resolve({}),
});
/** Nobody under test has its secret. */
export const verifier = createStandardWebhooksVerifier({
  secrets: [Buffer.alloc(32, 7).toString("base64")],
  sender: "bank",
});
