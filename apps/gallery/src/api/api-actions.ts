import type { GuestServices } from "gatehouse/guests";
import {
  defineAction,
  deny,
  problems,
  type AnyAction,
  type MediaGrant,
  type Principal,
  type ReadTransaction,
} from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import { z } from "zod";
import { findEvent, type GalleryEvent } from "../events/events.ts";
import { languages } from "../language.ts";
import { findPhoto, listPhotos } from "../photos/shown-photo.ts";

const Slug = z.string().min(1).max(100);
const PhotoId = z.string().regex(/^[0-9a-f]{32}$/, "A photo is named by 32 hexadecimal digits.");
/** Of captions: the route says what was asked for. */
const Language = z.enum(languages.tags);
/** `<received at>.<photo>` of the last one of the page before. */
const Cursor = z
  .string()
  .regex(/^\d{1,15}\.[0-9a-f]{32}$/, "Use `next` of the page before.")
  .transform((text) => {
    const [receivedAt = "", id = ""] = text.split(".");
    return { receivedAt: Number(receivedAt), id };
  });
const Limit = z.coerce.number().int().min(1).max(100).default(50);

/** What the actions of the public API work with. */
export interface ApiActionParts {
  readonly media: MediaServices;
  readonly guests: Pick<GuestServices, "limits" | "usage">;
}

/** The actions of the public API: an event, its photos, one of them. */
export interface ApiActions {
  readonly event: AnyAction;
  readonly photos: AnyAction;
  readonly photo: AnyAction;
}

/** What everybody with a grant for an event may read, limited by session, token, token and address, and tenant. */
export function createApiActions({ media, guests: { limits, usage } }: ApiActionParts): ApiActions {
  const common = { entrances: ["http"], effects: "none", authorise: "public", limits } as const;
  const event = defineAction({
    ...common,
    name: "gallery.api-event",
    input: z.object({ slug: Slug }),
    async run({ attempt, principal, input: { slug }, transaction }) {
      const asked = await ask(transaction, media, { tenant: attempt.tenant, principal, slug });
      if (asked === undefined) return deny(problems.NOT_FOUND);
      const { title, hosts, place, heldOn, welcome, id } = asked.event;
      return { slug, title, hosts, place, heldOn, welcome, collection: id, may: [...asked.grant.scopes] };
    },
  });
  const photos = defineAction({
    ...common,
    name: "gallery.api-photos",
    input: z.object({ slug: Slug, language: Language, after: Cursor.optional(), limit: Limit }),
    async run({ attempt, principal, input: { slug, language, after, limit }, transaction }) {
      const asked = await ask(transaction, media, { tenant: attempt.tenant, principal, slug });
      if (asked?.grant.scopes.has("view") !== true) return deny(problems.NOT_FOUND);
      usage.record(asked.grant.id, { views: 1 });
      const found = await listPhotos(transaction, media, { grant: asked.grant, language, limit: limit + 1, after });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = found.length > limit && last !== undefined ? { next: `${last.receivedAt}.${last.id}` } : {};
      return { photos: page, ...next };
    },
  });
  const photo = defineAction({
    ...common,
    name: "gallery.api-photo",
    input: z.object({ slug: Slug, language: Language, photo: PhotoId }),
    async run({ attempt, principal, input: { slug, language, photo: id }, transaction }) {
      const asked = await ask(transaction, media, { tenant: attempt.tenant, principal, slug });
      if (asked?.grant.scopes.has("view") !== true) return deny(problems.NOT_FOUND);
      return (await findPhoto(transaction, media, { grant: asked.grant, language, id })) ?? deny(problems.NOT_FOUND);
    },
  });
  return { event, photos, photo };
}

interface Asked {
  readonly tenant: string;
  readonly principal: Principal;
  readonly slug: string;
}

async function ask(
  transaction: ReadTransaction,
  { grants }: MediaServices,
  { tenant, principal, slug }: Asked,
): Promise<{ readonly event: GalleryEvent; readonly grant: MediaGrant } | undefined> {
  const event = await findEvent(transaction, tenant, slug);
  const grant = event && (await grants.of(transaction, { principal, collection: event.id }));
  return event === undefined || grant === undefined ? undefined : { event, grant };
}
