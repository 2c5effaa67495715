import { z } from "zod";
import type { Member } from "../presence.ts";
import { readMessageAs } from "./read-message.ts";

/** What a node says of one seat: who has it, that whoever had it has just left, or that it is empty. */
export type SeatNews = readonly [tenant: string, channel: string, state: "taken" | "leaving" | "empty", member: Member];

/** What nodes tell each other about who is on their channels. */
export type PresenceMessage =
  /** What has changed since the version before. */
  | { readonly kind: "news"; readonly version: number; readonly seats: readonly SeatNews[] }
  /** All of it at a version, in pieces. */
  | {
      readonly kind: "state";
      readonly version: number;
      readonly piece: number;
      readonly pieces: number;
      readonly seats: readonly SeatNews[];
    }
  /** Where the sender is, so that everybody sees whether something was missed. */
  | { readonly kind: "version"; readonly version: number }
  /** Asks nodes for all of it. */
  | { readonly kind: "ask"; readonly nodes: readonly string[] }
  /** The sender stops: its connections are closing. */
  | { readonly kind: "bye" };

/** Bytes of what a member may tell about itself, as JSON. */
const LONGEST_INFO = 1_024;

const memberSchema = z.object({
  client: z.string(),
  user: z.string(),
  conn_info: z.unknown().optional(),
  chan_info: z.unknown().optional(),
});
const seats = z.array(z.tuple([z.string(), z.string(), z.enum(["taken", "leaving", "empty"]), memberSchema]));
const message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("news"), version: z.number(), seats }),
  z.object({ kind: z.literal("state"), version: z.number(), piece: z.number(), pieces: z.number(), seats }),
  z.object({ kind: z.literal("version"), version: z.number() }),
  z.object({ kind: z.literal("ask"), nodes: z.array(z.string()) }),
  z.object({ kind: z.literal("bye") }),
]);

/** The message in a text; `undefined` where it is none, as another release's may be. */
export function readPresenceMessage(text: string): PresenceMessage | undefined {
  const read = readMessageAs(message, text);
  if (read === undefined || (read.kind !== "news" && read.kind !== "state")) return read;
  const news = read.seats.map(
    ([tenant, channel, state, member]) => [tenant, channel, state, memberOf(member)] as const,
  );
  return { ...read, seats: news };
}

/** A member that tells no more about itself than it may: what is too long is left out. */
export function memberOf(member: Member): Member {
  const { client, user, conn_info, chan_info } = member;
  return {
    ...{ client, user },
    ...(isShort(conn_info) ? { conn_info } : {}),
    ...(isShort(chan_info) ? { chan_info } : {}),
  };
}

function isShort(value: unknown): boolean {
  return value !== undefined && Buffer.byteLength(JSON.stringify(value)) <= LONGEST_INFO;
}
