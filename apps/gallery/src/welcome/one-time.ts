import type { GuestServices } from "gatehouse/guests";
import { Hono } from "hono";
import type { LinkTargets, Services } from "gatehouse";
import { defineAction, deny, INVITATION_GRANT, problems, type AnyAction, type ReadTransaction } from "gatehouse/kernel";
import { z } from "zod";
import { listOpenEvents } from "../events/events.ts";
import { joinPage } from "../events/event-page.ts";
import { languages, texts } from "../language.ts";
import type { Pages } from "../pages.ts";

const DAY = 86_400_000;

/** The purpose of one-time links for guests. */
const GUEST = "guest";
/** Below it are the pages behind them. */
const PATH = "/enter/";

/** Where guests' one-time links lead. */
export function guestLinkTargets(tenant: string): LinkTargets {
  const grant = { principalType: "guest", principalId: "guest", grants: [] } as const;
  return { [GUEST]: { path: PATH, tenant, grant, lifetime: DAY } };
}

/** What one-time links for guests need. */
export interface OneTimeParts {
  readonly services: Pick<Services, "edge" | "oneTimeLinks" | "ids" | "clock">;
  readonly guests: GuestServices;
}

/**
 * Lets a guest in who holds a one-time link, by the newest invitation there is. Everybody who enters is somebody of
 * their own: limits and bans of one guest do not reach the others.
 */
export function createEnter({ services: { oneTimeLinks, ids, clock }, guests }: OneTimeParts): AnyAction {
  return defineAction({
    name: "guest.enter",
    entrances: ["http"],
    input: z.object({ token: z.string().max(100) }),
    effects: "store",
    idempotency: false,
    authorise: "public",
    limits: [
      {
        ...{ name: "guest.enter", by: ["ip"] },
        rule: { kind: "window", limit: 20, window: 60_000 },
        // Links cannot be guessed, and everybody at an event has one address: who gets in is not counted.
        refund: "success",
      },
    ],
    run: async ({ input: { token }, attempt, transaction }) => {
      const invitation = await newestInvitation(transaction, { guests, tenant: attempt.tenant, now: clock.now() });
      const grants = invitation === undefined ? [] : [INVITATION_GRANT + invitation];
      const guest = await oneTimeLinks.enter(
        { attempt, transaction },
        { token, purpose: GUEST, identify: () => ({ type: "guest", id: ids.next(), grants }) },
      );
      if (guest === undefined) {
        return deny(problems.NOT_FOUND, {
          detail: "This link was used already or has expired. Ask the hosts for another.",
        });
      }
      return { entered: true };
    },
  });
}

/** The pages behind one-time links: entering is a click, so that link previews do not use them up. */
export function oneTimeRoutes(
  { services: { edge, oneTimeLinks } }: OneTimeParts,
  enter: AnyAction,
  pages: Pages,
): Hono {
  const app = new Hono();
  app.get(`${PATH}:token`, (context) => {
    const inbound = edge.of(context);
    const language = languages.of(inbound);
    const body = joinPage({
      action: inbound.url.pathname,
      csrfToken: edge.csrfToken(inbound),
      language,
      explanation: texts[language].oneTimeLink,
    });
    return pages.show(inbound, { title: texts[language].invited, body });
  });
  app.post(
    `${PATH}:token`,
    async (context, next) => {
      const inbound = edge.of(context);
      const entry = { token: context.req.param("token") ?? "", purpose: GUEST };
      return (await oneTimeLinks.entered(inbound, entry)) ? edge.redirect(inbound, "/") : next();
    },
    edge.action(enter, {
      input: (_value, _inbound, { token }) => ({ token }),
      render: (_success, inbound) => edge.redirect(inbound, "/"),
    }),
  );
  return app;
}

interface Sought {
  readonly guests: GuestServices;
  readonly tenant: string;
  readonly now: number;
}

/** The newest invitation in force of an event that everybody may look at, of those that make nobody a host. */
async function newestInvitation(
  transaction: ReadTransaction,
  { guests, tenant, now }: Sought,
): Promise<string | undefined> {
  for (const { id: collection } of await listOpenEvents(transaction, tenant)) {
    const tokens = await guests.tokens.list(transaction, { tenant, collection, limit: 20 });
    const good = tokens.find(
      ({ state, expiresAt, scopes }) => state === "active" && expiresAt > now && !scopes.includes("moderate"),
    );
    if (good !== undefined) return good.id;
  }
  return undefined;
}
