import { Hono, type Context } from "hono";
import type { Inbound } from "../../http/inbound.ts";
import { isAssetState, MEDIA_PATH, mediaPage, MediaRows, MediaStatus } from "./media-page.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { takeForm } from "../sent-form.ts";

const SHOWN = 50;

/** The page of files that people brought, with what operators decide about them. */
export function mediaRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(MEDIA_PATH, (context) => parts.show(context, (inbound) => media(parts, inbound)));
  app.post(`${MEDIA_PATH}/moderate`, (context) =>
    decide(parts, context, { action: "media.asset.moderate", fields: ["asset", "decision"] }),
  );
  app.post(`${MEDIA_PATH}/rescan`, (context) =>
    decide(parts, context, { action: "media.asset.rescan", fields: ["asset"] }),
  );
  return app;
}

async function media(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const query = inbound.url.searchParams;
  const wanted = query.get("state") ?? "";
  const state = isAssetState(wanted) ? wanted : "";
  const after = query.get("after") ?? "";
  const input = { limit: SHOWN, ...(state === "" ? {} : { state }), ...(after === "" ? {} : { after }) };
  const status = MediaStatus.parse(await parts.ask(inbound, { action: "media.status", input: {} }));
  const found = MediaRows.parse(await parts.ask(inbound, { action: "media.assets.list", input }));
  const made = { csrfToken: parts.edge.csrfToken(inbound), idempotencyKey: parts.ids.next() };
  return {
    title: "Media",
    lead: "Files that people brought: what the scanner said of them, and what became of them.",
    path: MEDIA_PATH,
    body: mediaPage({ status, found, state, after, ...made }),
  };
}

function decide(
  parts: PageParts,
  context: Context,
  { action, fields }: { readonly action: string; readonly fields: readonly string[] },
): Promise<Response> {
  const input = (texts: URLSearchParams): object =>
    Object.fromEntries(fields.map((name) => [name, texts.get(name) ?? ""]));
  return takeForm(parts, context, { action, input, done: MEDIA_PATH });
}
