import { Hono } from "hono";
import { z } from "zod";
import { html } from "../../html/html.ts";
import type { Inbound } from "../../http/inbound.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { STORAGE_PATH, storagePage, StorageRows, type Breach } from "./storage-page.ts";
import { takeForm } from "../sent-form.ts";

type Parts = Pick<PageParts, "edge" | "show" | "ask" | "refuse" | "isOffered">;

const DAY = 86_400_000;
const MOST_EVENTS = 500;
/** What guests do with files, and how they get in. */
const WATCHED = /^(media|guest)\./;
const Events = z.object({ events: z.array(z.object({ action: z.string(), at: z.number() })) });

/** The page of storage targets, and the forms that probe them and let transfers go on. */
export function storageRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.get(STORAGE_PATH, (context) => parts.show(context, (inbound) => storage(parts, inbound)));
  app.post(`${STORAGE_PATH}/probe`, (context) =>
    takeForm(parts, context, { action: "storage.probe", input: () => ({}), done: STORAGE_PATH }),
  );
  app.post(`${STORAGE_PATH}/resume`, (context) =>
    takeForm(parts, context, {
      ...{ action: "storage.resume", done: STORAGE_PATH },
      input: (fields) => ({ target: fields.get("target") ?? "" }),
    }),
  );
  return app;
}

async function storage(parts: Parts, inbound: Inbound): Promise<PageContent> {
  const page = {
    title: "Storage",
    lead: "Where photos and videos are kept, how these targets are doing, and which limits were used up.",
    path: STORAGE_PATH,
  };
  if (!parts.isOffered("storage.list")) {
    await parts.ask(inbound, { action: "guards.inventory" });
    return { ...page, body: html`<p class="empty">This application keeps no photos or videos.</p>` };
  }
  const found = StorageRows.parse(await parts.ask(inbound, { action: "storage.list" }));
  const breaches = await breachesOf(parts, inbound);
  return { ...page, body: storagePage({ found, breaches, csrfToken: parts.edge.csrfToken(inbound) }) };
}

async function breachesOf(parts: Parts, inbound: Inbound): Promise<readonly Breach[]> {
  const input = { name: "excess_rate_limit_exceeded", from: inbound.receivedAt - DAY, limit: MOST_EVENTS };
  const { events } = Events.parse(await parts.ask(inbound, { action: "audit.list", input }));
  const byAction = Object.groupBy(
    events.filter(({ action }) => WATCHED.test(action)),
    ({ action }) => action,
  );
  return Object.entries(byAction).map(([action, seen = []]) => ({
    ...{ action, count: seen.length },
    at: Math.max(...seen.map(({ at }) => at)),
  }));
}
