import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { Entrance } from "../../kernel/attempt.ts";
import { identityEvents } from "../events.ts";
import { normalAddress, type GrantRevocation, type Grants } from "./grants.ts";

/** What operators of grants work with. */
export interface GrantOperationsParts {
  readonly grants: Grants;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  /** Over which entrances. */
  readonly entrances: readonly Entrance[];
}

const MOST_LISTED = 200;

const Selection = {
  family: z.string().max(64).optional(),
  account: z.string().max(200).optional(),
  client: z.string().max(2000).optional(),
  device: z.string().max(200).optional(),
  ip: z
    .string()
    .max(64)
    .refine(
      (text) => normalAddress(text) !== undefined,
      "This is neither an IP address nor a network such as 192.0.2.0/24.",
    )
    .optional(),
};

const Revocation = z
  .strictObject({ ...Selection, reason: z.string().trim().min(1).max(500) })
  .refine(({ reason: _, ...selection }) => Object.values(selection).some((value) => value !== undefined), {
    message: "Say which: a family, an account, a client, a device or an address.",
  });

/** Listing and ending grants, the same from the console and the command line. */
export function createGrantOperations({
  grants,
  operatorsOnly,
  entrances,
}: GrantOperationsParts): readonly AnyAction[] {
  const list = defineAction({
    name: "grants.list",
    entrances,
    input: z.strictObject({
      ...Selection,
      state: z.enum(["lasting", "ended"]).optional(),
      after: z.string().max(100).optional(),
      limit: z.int().min(1).max(MOST_LISTED).default(50),
    }),
    effects: "none",
    authorise: operatorsOnly,
    run: ({ attempt, input, transaction }) => grants.list(transaction, attempt.tenant, input),
  });
  const revoke = defineAction({
    name: "grants.revoke",
    entrances,
    input: Revocation,
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.oauth_grant_revoked,
      target: ({ reason: _, ...selection }) =>
        Object.entries(selection)
          .map(([name, value]) => `${name}:${value}`)
          .join(" "),
      context: ({ reason }, { grants: ended, artifacts }: GrantRevocation) => ({ reason, grants: ended, artifacts }),
    },
    run: ({ attempt, principal, input: { reason, ...selection }, transaction }) => {
      const ending = { cause: "operator", by: `${principal.type}:${principal.id}`, reason } as const;
      return grants.revoke(transaction, attempt.tenant, { selection, ending });
    },
  });
  return [list, revoke];
}
