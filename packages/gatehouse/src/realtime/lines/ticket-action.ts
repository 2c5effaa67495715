import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { Attempt } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { judgeCredentials, Opening, openingLimit, type OpeningParts } from "./opening.ts";
import type { Tickets } from "./tickets.ts";

/** Name of the action that gives out tickets. */
export const TICKET = "realtime.ticket";

const request = z.strictObject({
  /** The only actor it is to be good for, as a channel. */
  actor: z
    .string()
    .regex(/^[A-Za-z0-9:._-]{1,200}$/)
    .optional(),
  /** Of the page that asks: the entrance says it, whatever the body does. */
  origin: z.string().optional(),
});

/** What a ticket is answered with. */
export interface IssuedTicket {
  readonly ticket: string;
  /** Seconds. */
  readonly expires_in: number;
}

/**
 * Gives out a ticket to whoever could open a connection now, and says to everybody else why not: browsers hide the status
 * of a refused upgrade from their pages.
 */
export function ticketAction(parts: OpeningParts & { readonly tickets: Tickets }): AnyAction {
  const settings = { ...parts.settings, connectTokens: false };
  return defineAction({
    name: TICKET,
    entrances: ["http"],
    input: request,
    effects: "store",
    anonymous: true,
    idempotency: false,
    perAddress: settings.opening,
    limits: [openingLimit(TICKET, settings)],
    authorise: async (context) => {
      const { attempt, principal } = context;
      const unproven = judgeCredentials({ principal, attempt, settings }) ?? refuseBound(attempt);
      if (unproven !== undefined) return unproven;
      // Decided as for a connection; the place is free again until the ticket is shown.
      const opening = new Opening("websocket");
      try {
        return await opening.decide({ ...parts, settings }, context);
      } finally {
        opening.release();
      }
    },
    run: async ({ attempt, principal, input, transaction }): Promise<IssuedTicket> => {
      const [credential] = attempt.credentials;
      if (credential === undefined) throw new TypeError("A ticket stands for a credential.");
      const { type, id } = principal;
      const subject = { ...input, credential, principal: { type, id } };
      const ticket = await parts.tickets.issue(transaction, attempt.tenant, subject);
      return { ticket, expires_in: Math.floor(settings.ticketLifetime / 1000) };
    },
  });
}

/** A token that is bound to a key is proven by each request: a ticket would let anybody use it who has the ticket. */
function refuseBound({ credentials }: Attempt): Denial | undefined {
  if (!credentials.some((credential) => credential.kind === "bearer" && credential.proof !== undefined))
    return undefined;
  return deny(problems.CREDENTIAL_INVALID, {
    detail: "A token that is bound to a key opens connections itself; it cannot be exchanged for a ticket.",
    event: events.authn_credential_fail,
    context: { reason: "bound token", credential: "bearer" },
  });
}
