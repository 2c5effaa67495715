import { Hono, type Context } from "hono";
import type { Services } from "gatehouse";
import { html, type Html } from "gatehouse/html";
import { fileResponse, type Inbound } from "gatehouse/http";
import { isDenial, type AnyAction, type AssetState, type MediaAsset } from "gatehouse/kernel";
import { savedName, type MediaServices } from "gatehouse/media";
import { z } from "zod";
import { formatTime, texts, type Language } from "../language.ts";
import type { AskedEvent, Pages } from "../pages.ts";
import { captionForm } from "../captions/caption-form.ts";
import { decisionForm, type Decision } from "./decision-form.ts";
import type { PhotoArchive } from "./download-action.ts";
import { archiveOf } from "./archive.ts";
import { photoPage } from "./photo-page.ts";
import type { Words } from "../texts/en.ts";
import { altOf, isRefused } from "./photo-grid.ts";
import { findPhoto } from "./shown-photo.ts";

/** What the pages of photos are made from. */
export interface PhotoRouteParts {
  readonly services: Pick<Services, "edge" | "store">;
  readonly media: MediaServices;
  readonly pages: Pages;
  readonly download: AnyAction;
  readonly describe: AnyAction;
}

const MOST = 200;
const REFUSED: readonly AssetState[] = ["infected", "unscannable", "suspicious", "rejected"];

/** Pages of photos: one of them, all as an archive, and for hosts those that wait for their word. */
export function photoRoutes(parts: PhotoRouteParts): Hono {
  const { services, pages, media, download, describe } = parts;
  const { edge } = services;
  const app = new Hono();
  const slugOf = (context: Context): string => context.req.param("slug") ?? "";
  app.get("/events/:slug/photos/:asset", (context) =>
    pages.forEvent(edge.of(context), slugOf(context), (asked) => one(parts, asked, context.req.param("asset"))),
  );
  app.get("/events/:slug/moderation", (context) =>
    pages.forHost(edge.of(context), slugOf(context), (asked) => queue(parts, asked)),
  );
  app.get("/events/:slug/moderation/:asset", (context) =>
    pages.forHost(edge.of(context), slugOf(context), (asked) => preview(parts, asked, context.req.param("asset"))),
  );
  app.post("/events/:slug/photos/:asset/decision", (context) =>
    decide(edge, edge.of(context), { slug: slugOf(context), asset: context.req.param("asset") }),
  );
  app.post(
    "/events/:slug/photos/:asset/caption",
    edge.action(describe, {
      input: (value, _inbound, { slug, asset }): object => ({ ...Caption.catch({}).parse(value), slug, photo: asset }),
      render: ({ value }, inbound) => {
        // The action's own answer.
        const { slug, photo } = value as { readonly slug: string; readonly photo: string };
        return edge.redirect(inbound, `/events/${slug}/photos/${photo}`);
      },
    }),
  );
  app.get(
    "/events/:slug/photos.zip",
    edge.action(download, {
      input: (_value, _inbound, { slug }) => ({ slug }),
      render: ({ value }, { tenant, method }) => {
        // The action's own answer.
        const archive = value as PhotoArchive;
        const { id, generation } = archive.grant;
        const holds = async (): Promise<boolean> => (await media.grants.generation({ tenant, id })) === generation;
        return archiveOf(archive, { target: media.target, method, holds });
      },
    }),
  );
  return app;
}

async function one({ services, media, pages }: PhotoRouteParts, asked: AskedEvent, id: string): Promise<Response> {
  const { inbound, event, language, principal, viewer } = asked;
  const photo = await services.store.read(async (transaction) => {
    const grant = await media.grants.of(transaction, { principal, collection: event.id });
    return grant?.scopes.has("view") === true ? findPhoto(transaction, media, { grant, language, id }) : undefined;
  });
  if (photo === undefined) return pages.missing(inbound);
  const subject = altOf(photo, language);
  const form = { slug: event.slug, language, csrfToken: services.edge.csrfToken(inbound) };
  const forHosts = viewer.isHost
    ? html`${decisionForm({ ...form, asset: id, subject, decisions: ["hide", "reject"], fromQueue: false })}
      ${captionForm({ ...form, photo: id, said: photo })}`
    : undefined;
  const body = photoPage({ slug: event.slug, photo, language, forHosts });
  return pages.show(inbound, { title: `${event.title}: ${subject}`, body });
}

async function queue({ services, media, pages }: PhotoRouteParts, asked: AskedEvent): Promise<Response> {
  const { inbound, event, language } = asked;
  const words = texts[language];
  const { held, refused } = await services.store.read(async (transaction) => {
    const query = { tenant: event.tenant, collection: event.id, limit: MOST };
    return {
      held: await media.assets.list(transaction, { ...query, states: ["held"] }),
      refused: (await media.assets.list(transaction, { ...query, states: REFUSED })).filter(isRefused),
    };
  });
  const waiting = held.filter(({ reason }) => reason !== "scanner");
  const csrfToken = services.edge.csrfToken(inbound);
  const body = html`<main id="content" class="column" tabindex="-1">
    <p><a href="/events/${event.slug}">${words.backToEvent}</a></p>
    <h1>${words.moderation}: ${event.title}</h1>
    <p>${words.moderationWhy}</p>
    ${
      waiting.length === 0
        ? html`<p class="empty">${words.nothingToModerate}</p>`
        : html`<ul class="event-list">
            ${waiting.map((asset) => waitingCard(asset, { slug: event.slug, language, csrfToken }))}
          </ul>`
    }
    ${refused.length === 0 ? undefined : refusedList(refused, language)}
  </main>`;
  return pages.show(inbound, { title: words.moderation, body });
}

interface CardFrame {
  readonly slug: string;
  readonly language: Language;
  readonly csrfToken: string;
}

/** Why a photo is held that is not for a host to decide about. */
const OPERATORS_ONLY: ReadonlySet<string> = new Set(["operator", "unscannable"]);
const DECISIONS: readonly Decision[] = ["publish", "reject"];

function waitingCard(asset: MediaAsset, frame: CardFrame): Html {
  const { id, receivedAt, findings, reason } = asset;
  const isVideo = findings.type?.startsWith("video/") === true;
  const subject = altOf({ isVideo, receivedAt }, frame.language);
  const address = `/events/${frame.slug}/moderation/${id}`;
  return html`<li class="card">
    ${
      isVideo
        ? html`<video controls preload="none" src="${address}" aria-label="${subject}"></video>`
        : html`<img class="waiting" src="${address}" loading="lazy" alt="${subject}" />`
    }
    ${
      OPERATORS_ONLY.has(reason)
        ? html`<p class="notice">${texts[frame.language].decideOperators}</p>`
        : decisionForm({ ...frame, asset: id, decisions: DECISIONS, subject, fromQueue: true })
    }
  </li>`;
}

function refusedList(assets: readonly MediaAsset[], language: Language): Html {
  const words = texts[language];
  return html`<section>
    <h2>${words.refusedFiles}</h2>
    <p>${words.refusedFilesWhy}</p>
    <ul>
      ${assets.map(
        ({ name, receivedAt, state }) =>
          html`<li>${name}, ${formatTime(receivedAt, language)}: ${refusalOf(state, words)}</li>`,
      )}
    </ul>
  </section>`;
}

function refusalOf(state: AssetState, words: Words): string {
  switch (state) {
    case "infected":
      return words.refusedInfected;
    case "unscannable":
      return words.refusedUnscannable;
    default:
      return words.refusedDamaged;
  }
}

/** A host's word about a photo; the gate asks whether it is one. */
async function decide(
  edge: Services["edge"],
  inbound: Inbound,
  { slug, asset }: { readonly slug: string; readonly asset: string },
): Promise<Response> {
  let back = `/events/${slug}`;
  const outcome = await edge.receive(inbound, {
    action: "media.asset.moderate",
    read: async () => {
      const body = await inbound.body();
      if (isDenial(body)) return body;
      const fields = Sent.safeParse(body.kind === "form" ? body.fields : {});
      const { _csrf_token: csrfToken, decision, from } = fields.success ? fields.data : {};
      if (from === "queue") back = `${back}/moderation`;
      return { value: { asset, decision, reason: "by a host" }, ...(csrfToken === undefined ? {} : { csrfToken }) };
    },
  });
  return outcome.ok ? edge.redirect(inbound, back) : edge.respond(inbound, outcome);
}

const Caption = z.object({ language: z.string(), caption: z.string(), alt: z.string() }).partial();
const Sent = z.object({ _csrf_token: z.string(), decision: z.string(), from: z.string() }).partial();

/** What a host looks at before deciding: nobody else gets it, at no address. */
async function preview({ services, media, pages }: PhotoRouteParts, asked: AskedEvent, id: string): Promise<Response> {
  const { inbound, event } = asked;
  const found = await services.store.read(async (transaction) => {
    const asset = /^[0-9a-f]{32}$/.test(id) ? await media.assets.find(transaction, id) : undefined;
    if (asset?.state !== "held" || asset.collection !== event.id || asset.tenant !== event.tenant) return undefined;
    const variants = (await media.assets.variants(transaction, [id])).get(id) ?? [];
    const form = variants.find(({ name }) => name === "view") ?? variants.find(({ name }) => name === "original");
    return form === undefined ? undefined : { asset, form };
  });
  const file = found === undefined ? undefined : await media.target.get(found.form.key);
  if (found === undefined || file === undefined) return pages.missing(inbound);
  const { type, bytes } = found.form;
  const response = fileResponse({ body: file.body, bytes, type, name: savedName(found.asset, found.form) });
  response.headers.set("cache-control", "private, no-store");
  // Nobody reads on for the answer to it, so that the file would stay open.
  if (inbound.method === "HEAD") await file.body.cancel();
  return response;
}
