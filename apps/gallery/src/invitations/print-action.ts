import type { GuestServices } from "gatehouse/guests";
import { defineAction, deny, isDenial, problems, type AnyAction } from "gatehouse/kernel";
import { z } from "zod";
import { findEventById, isHost } from "../events/events.ts";
import { languages } from "../language.ts";

/** What was printed, ready to be sent. */
export interface PrintedCards {
  readonly pdf: Uint8Array<ArrayBuffer>;
}

/** Prints the cards of an invitation, for a host of the event. The trail has who did: a card is a way in. */
export function createPrintAction({ book, tokens, addressOf, printer }: GuestServices): AnyAction {
  return defineAction({
    name: "gallery.print-invitation",
    entrances: ["http"],
    input: z.object({
      id: z.uuid(),
      paper: z.enum(["A4", "A6"]),
      language: z.enum(languages.tags),
    }),
    effects: "store",
    // The answer has the token, which is kept nowhere.
    idempotency: false,
    authorise: ({ principal }) => principal.type === "user",
    limits: [
      {
        ...{ name: "gallery.print-invitation", by: ["principal", "action"] },
        rule: { kind: "window", limit: 30, window: 60_000 },
      },
    ],
    audit: { target: ({ id }) => id, context: ({ paper }) => ({ paper }) },
    // Drawing takes longer than a transaction may.
    prepare: async ({ attempt: { tenant }, principal, input: { id, paper, language }, read }) => {
      const found = await read(async (transaction) => {
        const token = await tokens.find(transaction, { tenant, id });
        const eventId = token?.collection ?? "";
        if (!(await isHost(transaction, { tenant, account: principal.id, eventId }))) return deny(problems.NOT_FOUND);
        const event = await findEventById(transaction, tenant, eventId);
        const printed = await book.print(transaction, { tenant, id });
        return isDenial(printed) ? printed : { title: event?.title ?? "", text: printed.text };
      });
      if (isDenial(found)) return found;
      const cards = await printer();
      if (cards === undefined) return deny(problems.STATE_CONFLICT, { detail: "Cards need the package pdfkit." });
      const pdf = await cards.print({ address: addressOf(tenant, found.text), title: found.title, language, paper });
      return { pdf: new Uint8Array(pdf) };
    },
    run: async ({ prepared }) => prepared,
  });
}
