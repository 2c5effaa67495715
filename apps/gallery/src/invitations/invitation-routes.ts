import { Hono } from "hono";
import type { Services } from "gatehouse";
import type { GuestServices } from "gatehouse/guests";
import { fileResponse } from "gatehouse/http";
import { isDenial, isUuid, type AnyAction } from "gatehouse/kernel";
import type { Live, LiveComponent } from "gatehouse/live";
import { html } from "gatehouse/html";
import { texts, type Language } from "../language.ts";
import type { AskedEvent, Pages } from "../pages.ts";
import { invitationPage } from "./invitation-page.ts";
import type { PrintedCards } from "./print-action.ts";

/** What the pages of invitations are made from. */
export interface InvitationRouteParts {
  readonly services: Pick<Services, "edge" | "store" | "clock">;
  readonly guests: GuestServices;
  readonly pages: Pages;
  readonly live: Live;
  readonly list: LiveComponent<{ eventId: string; slug: string; language: Language }>;
  readonly print: AnyAction;
}

const DAY = 86_400_000;

/** Pages of invitations, for hosts: all of an event, and one with its code and cards to print. */
export function invitationRoutes(parts: InvitationRouteParts): Hono {
  const { services, pages, print } = parts;
  const { edge } = services;
  const app = new Hono();
  app.get("/events/:slug/invitations", (context) =>
    pages.forHost(edge.of(context), context.req.param("slug"), (asked) => all(parts, asked)),
  );
  app.get("/events/:slug/invitations/:id", (context) =>
    pages.forHost(edge.of(context), context.req.param("slug"), (asked) => one(parts, asked, context.req.param("id"))),
  );
  app.post(
    "/events/:slug/invitations/:id/cards",
    edge.action(print, {
      input: (value, _inbound, { id }): object => Object.assign({}, value, { id }),
      render: ({ value }) => {
        // The action's own answer.
        const { pdf } = value as PrintedCards;
        const body = new Blob([pdf]).stream();
        return fileResponse({ body, bytes: pdf.byteLength, type: "application/pdf", name: "invitation.pdf" });
      },
    }),
  );
  return app;
}

async function all({ pages, live, list }: InvitationRouteParts, asked: AskedEvent): Promise<Response> {
  const { inbound, event, language } = asked;
  const { invitations, invitationsWhy, backToEvent } = texts[language];
  const props = { eventId: event.id, slug: event.slug, language };
  const body = html`<main id="content" class="column" tabindex="-1">
    <p><a href="/events/${event.slug}">${backToEvent}</a></p>
    <h1>${invitations}: ${event.title}</h1>
    <p>${invitationsWhy}</p>
    ${await live.mount(list, { instance: event.slug, props, inbound })}
  </main>`;
  return pages.show(inbound, { title: invitations, body });
}

async function one(parts: InvitationRouteParts, asked: AskedEvent, id: string): Promise<Response> {
  const { services, guests, pages } = parts;
  const { inbound, event, language } = asked;
  const { tenant } = inbound;
  const now = services.clock.now();
  const found = await services.store.read(async (transaction) => {
    const token = isUuid(id) ? await guests.tokens.find(transaction, { tenant, id }) : undefined;
    if (token?.collection !== event.id) return undefined;
    const printed = await guests.book.print(transaction, { tenant, id });
    return { label: token.label, printed };
  });
  if (found === undefined) return pages.missing(inbound);
  const { label, printed } = found;
  const buckets = await guests.usage.read({ tenant, id }, { from: now - DAY, to: now + DAY });
  const sum = (count: (bucket: (typeof buckets)[number]) => number): number =>
    buckets.reduce((total, bucket) => total + count(bucket), 0);
  const body = invitationPage({
    ...{ event, id, label, language },
    address: isDenial(printed) ? undefined : guests.addressOf(tenant, printed.text),
    csrfToken: services.edge.csrfToken(inbound),
    usage: {
      joins: sum(({ joins }) => joins),
      uploads: sum(({ uploads }) => uploads),
      refused: sum((bucket) => bucket.refusedExpired + bucket.refusedRevoked + bucket.refusedFull),
    },
  });
  return pages.show(inbound, { title: label, body });
}
