import { z } from "zod";
import { addressKey, UNKNOWN_ADDRESS } from "../../guards/address.ts";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny } from "../../kernel/outcome.ts";
import { BAN_KINDS, type Bans } from "../../kernel/ports/bans.ts";
import { problems } from "../../kernel/problems.ts";
import { operatorEvents } from "../events.ts";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../operator.ts";

const MINUTE = 60_000;
const LONGEST_BAN = 366 * 24 * 60;

const NewBan = z
  .strictObject({
    kind: z.enum(BAN_KINDS),
    value: z.string().min(1).max(200),
    minutes: z.int().min(1).max(LONGEST_BAN),
    reason: z.string().trim().min(1).max(500),
  })
  .transform((ban) => (ban.kind === "ip" ? { ...ban, value: bannedAddress(ban.value) } : ban))
  .refine(({ kind, value }) => kind !== "ip" || value !== UNKNOWN_ADDRESS, {
    path: ["value"],
    message: "This is not an IP address.",
  });

/** The address as guards look it up: IPv6 by its /64, which may be named as it is listed. */
function bannedAddress(text: string): string {
  return addressKey(text.includes(":") ? text.replace(/\/64$/, "") : text);
}

interface Parts {
  readonly bans: Bans;
}

/** Listing, setting and lifting bans. */
export function createBanOperations(parts: Parts): readonly AnyAction[] {
  return [listBans(parts), addBan(parts), liftBan(parts)];
}

function listBans({ bans }: Parts): AnyAction {
  return defineAction({
    name: "bans.list",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async () => ({ bans: bans.list() }),
  });
}

function addBan({ bans }: Parts): AnyAction {
  return defineAction({
    name: "bans.add",
    entrances: OPERATOR_ENTRANCES,
    input: NewBan,
    effects: "external",
    authorise: operatorsOnly,
    audit: {
      event: operatorEvents.source_ban_added,
      target: ({ kind, value }) => `${kind}:${value}`,
      context: ({ minutes, reason }) => ({ minutes, reason }),
    },
    run: async ({ input: { kind, value, minutes, reason } }) => {
      return { ban: await bans.add({ subject: { kind, value }, reason, duration: minutes * MINUTE, violations: 0 }) };
    },
  });
}

function liftBan({ bans }: Parts): AnyAction {
  return defineAction({
    name: "bans.lift",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({ id: z.string().min(1).max(64) }),
    effects: "external",
    authorise: operatorsOnly,
    audit: { event: operatorEvents.source_ban_lifted, target: ({ id }) => id },
    run: async ({ input }) => {
      const ban = await bans.lift(input.id);
      return ban === undefined ? deny(problems.NOT_FOUND, { detail: `There is no ban ${input.id}.` }) : { ban };
    },
  });
}
