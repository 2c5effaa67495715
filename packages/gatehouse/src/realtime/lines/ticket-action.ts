import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { demanding, judgeCredentials, Opening, openingLimit, type OpeningParts } from "./opening.ts";
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
    authorise: demanding(async (context) => {
      const { attempt, principal } = context;
      const unproven = judgeCredentials({ principal, attempt, settings });
      if (unproven !== undefined) return unproven;
      // Decided as for a connection; the place is free again until the ticket is shown.
      const opening = new Opening("websocket");
      try {
        return await opening.decide({ ...parts, settings }, context);
      } finally {
        opening.release();
      }
    }, parts.demand),
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
