import { html, type Html } from "gatehouse/html";
import type { MediaServices } from "gatehouse/media";
import type { MediaAsset, MediaGrants, Principal, ReadTransaction } from "gatehouse/kernel";
import { live, reply, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { formatTime, languages, texts, type Language } from "../language.ts";
import { listPhotos } from "./shown-photo.ts";

const PAGE = 48;
const MOST_SHOWN = 960;
/** Files of one's own that are not visible yet, as far as they are counted. */
const MOST_WAITING = 100;

const Props = z.object({ eventId: z.uuid(), slug: z.string(), language: z.enum(languages.tags) });
type Props = z.infer<typeof Props>;

const Form = z.object({ address: z.string(), width: z.number().optional(), height: z.number().optional() });
const Photo = z.object({
  id: z.string(),
  isVideo: z.boolean(),
  receivedAt: z.number(),
  thumb: Form.optional(),
  alt: z.string().optional(),
});
type Photo = z.infer<typeof Photo>;

const State = z.object({
  /** `null` for who may not look. */
  photos: z.array(Photo).nullable(),
  more: z.boolean(),
  /** Whether they may have all of them as an archive. */
  archive: z.boolean(),
  /** Files of one's own that are being looked at, wait for a host, and were refused. */
  checking: z.number(),
  waiting: z.number(),
  refused: z.number(),
});
type State = z.infer<typeof State>;

/** What open pages of an event follow to show its photos. */
export function photosTopic(eventId: string): string {
  return `photos/${eventId}`;
}

/** The photos of an event, which fill the page as they come. */
export function createPhotoGrid(media: MediaServices, grants: Pick<MediaGrants, "of">): LiveComponent<Props> {
  return live("photos", {
    mode: "store",
    props: Props,
    state: State,
    contentOnly: ["photos"],
    topics: ({ props: { eventId } }) => [photosTopic(eventId)],
    mount: ({ transaction, principal, props: { eventId, language }, previous }) =>
      look(transaction, { media, grants, principal, eventId, language }, Math.max(PAGE, previous?.photos?.length ?? 0)),
    actions: (action) => ({
      more: action(
        { authorise: "public", commutes: true, limitBy: ["session", "action"], rateLimit: 60, anonymousLimit: 240 },
        async ({ transaction, principal, props: { eventId, language }, state }) => {
          const limit = Math.min((state.photos?.length ?? 0) + PAGE, MOST_SHOWN);
          const shown = await look(transaction, { media, grants, principal, eventId, language }, limit);
          return reply({ state: shown, effects: { announce: texts[language].photosShown(shown.photos?.length ?? 0) } });
        },
      ),
    }),
    render: ({ state, act, props }) => {
      const { photos, more, archive, checking, waiting, refused } = state;
      if (photos === null) return html``;
      const words = texts[props.language];
      const notes = [
        checking > 0 ? words.photosChecking(checking) : undefined,
        waiting > 0 ? words.photosWaiting(waiting) : undefined,
        refused > 0 ? words.photosRefused(refused) : undefined,
      ].filter((note) => note !== undefined);
      return html`
        ${notes.map((note) => html`<p class="notice" role="status">${note}</p>`)}
        ${
          photos.length === 0
            ? html`<p class="empty">${words.noPhotos}</p>`
            : html`<ul class="photos">
                ${photos.map((photo) => tile(photo, props))}
              </ul>`
        }
        ${
          more && photos.length < MOST_SHOWN
            ? html`<p class="actions"><button class="button quiet" ${act.more()}>${words.morePhotos}</button></p>`
            : undefined
        }
        ${
          archive && photos.length > 0
            ? html`<p><a href="/events/${props.slug}/photos.zip" download>${words.downloadAll}</a></p>`
            : undefined
        }
      `;
    },
  });
}

interface Looking {
  readonly media: MediaServices;
  readonly grants: Pick<MediaGrants, "of">;
  readonly principal: Principal;
  readonly eventId: string;
  readonly language: Language;
}

async function look(
  transaction: ReadTransaction,
  { media, grants, principal, eventId, language }: Looking,
  limit: number,
): Promise<State> {
  const grant = await grants.of(transaction, { principal, collection: eventId });
  if (grant === undefined) return NOTHING;
  const found = grant.scopes.has("view")
    ? await listPhotos(transaction, media, { grant, language, limit: limit + 1 })
    : [];
  const own = await media.assets.list(transaction, {
    ...{ tenant: grant.tenant, collection: eventId, limit: MOST_WAITING },
    ...{ owner: { type: principal.type, id: principal.id } },
    states: ["received", "scanning", "clean", "held", "unscannable", "suspicious", "infected", "rejected"],
  });
  const count = (holds: (asset: (typeof own)[number]) => boolean): number => own.filter(holds).length;
  return {
    photos: found.slice(0, limit).map(({ id, isVideo, receivedAt, alt, forms: { thumb } }) => ({
      ...{ id, isVideo, receivedAt },
      ...(alt === undefined ? {} : { alt }),
      ...(thumb === undefined ? {} : { thumb: sized(thumb) }),
    })),
    more: found.length > limit,
    archive: grant.scopes.has("download"),
    checking: count(({ state, reason }) => OPEN.has(state) || (state === "held" && reason === "scanner")),
    waiting: count(({ state, reason }) => state === "held" && reason !== "scanner"),
    refused: count(isRefused),
  };
}

const OPEN: ReadonlySet<string> = new Set(["received", "scanning", "clean"]);
const REFUSED: ReadonlySet<string> = new Set(["unscannable", "suspicious", "infected", "rejected"]);
const NOTHING: State = { photos: null, more: false, archive: false, checking: 0, waiting: 0, refused: 0 };

/** Whether the server has refused a file; what a host has deleted is no fault of the file's. */
export function isRefused({ state, reason }: Pick<MediaAsset, "state" | "reason">): boolean {
  return REFUSED.has(state) && !reason.startsWith("moderated");
}

function sized({ address, width, height }: z.infer<typeof Form>): z.infer<typeof Form> {
  return width === undefined || height === undefined ? { address } : { address, width, height };
}

function tile({ thumb, ...photo }: Photo, { slug, language }: Pick<Props, "slug" | "language">): Html {
  const { id, isVideo } = photo;
  return html`<li id="photo-${id}">
    <a href="/events/${slug}/photos/${id}">
      ${
        thumb === undefined
          ? html`<span class="no-picture">${isVideo ? texts[language].video : texts[language].photo}</span>`
          : html`<img
              src="${thumb.address}"
              width="${thumb.width}"
              height="${thumb.height}"
              loading="lazy"
              alt="${altOf(photo, language)}"
            />`
      }
    </a>
  </li>`;
}

/** What a photo is called by who does not see it. */
export function altOf(
  { isVideo, receivedAt, alt }: Pick<Photo, "isVideo" | "receivedAt" | "alt">,
  language: Language,
): string {
  const words = texts[language];
  return alt ?? `${isVideo ? words.video : words.photo}, ${formatTime(receivedAt, language)}`;
}
