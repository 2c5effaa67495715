import type { MediaServices } from "gatehouse/media";
import { savedName } from "gatehouse/media";
import { defineAction, deny, problems, type AnyAction } from "gatehouse/kernel";
import type { GuestServices } from "gatehouse/guests";
import { z } from "zod";
import { findEvent } from "../events/events.ts";

/** The files of an archive of photos. */
export interface PhotoArchive {
  readonly name: string;
  readonly grant: { readonly id: string; readonly generation: number };
  readonly files: readonly {
    readonly key: string;
    readonly name: string;
    readonly bytes: number;
    /** Epoch milliseconds. */
    readonly changedAt: number;
  }[];
}

/** The most files of one archive. */
const MOST = 10_000;
const PAGE = 500;

/** Says what is in the archive of an event's photos, to whoever may download them. */
export function createDownloadAction(media: MediaServices, { limits }: Pick<GuestServices, "limits">): AnyAction {
  return defineAction({
    name: "gallery.download",
    entrances: ["http"],
    input: z.object({ slug: z.string().max(100) }),
    effects: "none",
    authorise: "public",
    limits: [
      ...limits,
      { name: "gallery.download", by: ["session", "action"], rule: { kind: "window", limit: 10, window: 600_000 } },
    ],
    async run({ attempt: { tenant }, principal, input: { slug }, transaction }) {
      const event = await findEvent(transaction, tenant, slug);
      const grant = event && (await media.grants.of(transaction, { principal, collection: event.id }));
      if (event === undefined || grant?.scopes.has("download") !== true) return deny(problems.NOT_FOUND);
      const files: PhotoArchive["files"][number][] = [];
      let after: { readonly receivedAt: number; readonly id: string } | undefined;
      do {
        const page = await media.assets.list(transaction, {
          ...{ tenant, collection: event.id, states: ["published"], limit: PAGE },
          ...(after === undefined ? {} : { after }),
        });
        const variants = await media.assets.variants(
          transaction,
          page.map(({ id }) => id),
        );
        for (const asset of page) {
          const original = variants.get(asset.id)?.find(({ name }) => name === "original");
          if (original === undefined) continue;
          const { key, bytes } = original;
          files.push({ key, bytes, name: savedName(asset, original), changedAt: asset.receivedAt });
        }
        after = page.length === PAGE ? page.at(-1) : undefined;
      } while (after !== undefined && files.length < MOST);
      const { id, generation } = grant;
      return { name: slug, grant: { id, generation }, files } satisfies PhotoArchive;
    },
  });
}
