import { z } from "zod";
import type { CarriedAttempt } from "./carried-attempt.ts";
import type { CarriedOutcome } from "./carried-outcome.ts";
import { readMessageAs } from "./read-message.ts";

/** What nodes send each other about commands. */
export type LinkMessage =
  | { readonly kind: "ask"; readonly id: number; readonly attempt: CarriedAttempt }
  | { readonly kind: "answer"; readonly id: number; readonly outcome: CarriedOutcome }
  /** The node takes no more: for now, or because it stops. */
  | { readonly kind: "declined"; readonly id: number; readonly reason: "busy" | "stopping" };

const message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ask"), id: z.number(), attempt: z.unknown() }),
  z.object({ kind: z.literal("answer"), id: z.number(), outcome: z.unknown() }),
  z.object({ kind: z.literal("declined"), id: z.number(), reason: z.enum(["busy", "stopping"]) }),
]);

/** A message whose content has not been looked at. */
export type ReadLinkMessage = z.infer<typeof message>;

/** Where a node is told about commands. */
export function nodeTopic(node: string): string {
  return `gatehouse.realtime.node.${node}`;
}

/** The message in a text; `undefined` where it is none, as another release's may be. */
export function readLinkMessage(text: string): ReadLinkMessage | undefined {
  return readMessageAs(message, text);
}
