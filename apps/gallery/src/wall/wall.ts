import type { LimitPolicy, MediaGrant, MediaGrants, Principal, Store } from "gatehouse/kernel";
import { actor, type Actor } from "gatehouse/realtime";
import { z } from "zod";
import { isHostGrant } from "../events/viewer.ts";
import type { WallContract, WallMember, WallView } from "./wall-contract.ts";

/** Characters of an announcement, which is read from afar. */
export const LONGEST_ANNOUNCEMENT = 200;
/** Characters of a name. */
export const LONGEST_NAME = 40;
/** Photos a wall shows. */
export const MOST_PHOTOS = 24;
/** Names that are known; the oldest go first. */
const MOST_NAMES = 500;

const Photo = z.object({ photo: z.string().regex(/^[0-9a-f]{32}$/) });
const Announcement = z.object({ text: z.string(), at: z.number() }).nullable();
const State = z.object({
  announcement: Announcement,
  photos: z.array(z.string()),
  names: z.array(z.object({ id: z.string(), name: z.string() })),
});

/** What walls are made with. */
export interface WallParts {
  readonly store: Pick<Store, "read">;
  readonly grants: Pick<MediaGrants, "of">;
}

const events = {
  "photo-published": { schema: Photo },
  "photo-withdrawn": { schema: Photo },
  announced: { schema: z.object({ announcement: Announcement }) },
  introduced: { schema: z.object({ id: z.string(), name: z.string() }) },
  applauded: { schema: z.object({}), volatile: true },
};
const APPLAUSE: readonly LimitPolicy[] = [
  { name: "wall-applause", by: ["principal"], rule: { kind: "bucket", limit: 2, window: 1000, burst: 6 } },
];

interface Asked {
  readonly principal: Principal;
  readonly key: { readonly event: string };
}

/** Who may what at the wall of an event: asked anew each time, because an invitation can be taken back. */
function wallRules({ store, grants }: WallParts) {
  const grantOf = ({ principal, key }: Asked): Promise<MediaGrant | undefined> =>
    store.read((transaction) => grants.of(transaction, { principal, collection: key.event }));
  return {
    sees: async (asked: Asked): Promise<boolean> => (await grantOf(asked))?.scopes.has("view") === true,
    isHost: async (asked: Asked): Promise<boolean> => {
      const grant = await grantOf(asked);
      return grant !== undefined && isHostGrant(grant);
    },
    isServer: ({ principal }: Asked): boolean => principal.type === "system",
  };
}

interface NameTurn {
  readonly state: z.infer<typeof State>;
  emit(event: "introduced", payload: { readonly id: string; readonly name: string }): void;
}

/** Somebody is called something else from now on, or nothing. */
function rename({ state, emit }: NameTurn, id: string, name: string): object {
  const others = state.names.filter((one) => one.id !== id);
  if (name === "" && others.length === state.names.length) return {};
  state.names = name === "" ? others : [...others, { id, name }].slice(-MOST_NAMES);
  emit("introduced", { id, name });
  return {};
}

function viewOf({ announcement, photos, names }: z.infer<typeof State>): WallView {
  return { announcement, photos, names: Object.fromEntries(names.map(({ id, name }) => [id, name])) };
}

/**
 * The wall of an event: the photos as they become visible, who is looking at it, and what its hosts have to say. For
 * whoever may see the photos. It tells identifiers alone: each page gets the addresses it may have by itself.
 */
export function createWall(parts: WallParts): Actor<WallContract> {
  const { sees, isHost, isServer } = wallRules(parts);
  return actor("wall", {
    key: ["event"],
    state: State,
    initial: () => ({ announcement: null, photos: [], names: [] }),
    channels: { default: { canSubscribe: sees, joinLeave: true, presence: true } },
    events,
    commands: {
      publish: {
        input: Photo,
        policy: isServer,
        handler: ({ state, input: { photo }, emit }) => {
          if (state.photos.includes(photo)) return {};
          state.photos = [photo, ...state.photos].slice(0, MOST_PHOTOS);
          emit("photo-published", { photo });
          return {};
        },
      },
      withdraw: {
        input: Photo,
        policy: isServer,
        handler: ({ state, input: { photo }, emit }) => {
          state.photos = state.photos.filter((one) => one !== photo);
          emit("photo-withdrawn", { photo });
          return {};
        },
      },
      announce: {
        input: z.object({ text: z.string().trim().max(LONGEST_ANNOUNCEMENT) }),
        policy: isHost,
        handler: ({ state, input: { text }, now, emit }) => {
          state.announcement = text === "" ? null : { text, at: now };
          emit("announced", { announcement: state.announcement });
          return {};
        },
      },
      introduce: {
        input: z.object({ name: z.string().trim().max(LONGEST_NAME) }),
        policy: sees,
        handler: (turn) => rename(turn, turn.principal.id, turn.input.name),
      },
      forget: {
        input: z.object({ guest: z.string().max(100) }),
        policy: isServer,
        handler: (turn) => rename(turn, turn.input.guest, ""),
      },
    },
    signals: {
      applaud: { input: z.object({}), policy: sees, limits: APPLAUSE, handler: ({ emit }) => emit("applauded", {}) },
    },
    view: viewOf,
    info: ({ principal: { id, type } }): WallMember => ({ id, isHost: type === "user" }),
    retention: { publications: 300, seconds: 3600 },
  });
}
