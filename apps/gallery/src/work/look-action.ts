import type { Services } from "gatehouse";
import { defineAction, deny, isDenial, problems, type AnyAction } from "gatehouse/kernel";
import { savedName, type MediaServices } from "gatehouse/media";
import { defineResource, oauth } from "gatehouse/oauth";
import { WORK_SCOPES } from "gatehouse/work";
import { z } from "zod";
import { PhotoId } from "./order-input.ts";

/** The form of a photo that somebody looks at who works on it. */
export interface LookedAt {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly name: string;
}

const About = z.object({ photo: PhotoId });
const MINUTE = 60_000;

/**
 * The photo that an item is about, for whoever shows a living lease on it: photos that wait are at no address, and those
 * that are shown are for whoever was invited. It ends with the lease.
 */
export function createLookAction({ work }: Pick<Services, "work">, media: Pick<MediaServices, "assets">): AnyAction {
  const resource = defineResource({ resource: (tenant) => work().resourceOf(tenant), scopes: WORK_SCOPES });
  return defineAction({
    name: "gallery.look",
    entrances: ["http"],
    effects: "none",
    input: z.strictObject({
      item: z.uuid(),
      lease: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
      epoch: z.int().min(1),
    }),
    authorise: oauth({ resource, scopes: ["work:execute"] }),
    limits: [{ name: "gallery.look", by: ["principal"], rule: { kind: "window", limit: 300, window: MINUTE } }],
    async run({ attempt: { tenant }, principal, input, transaction }) {
      const held = await work().held(transaction, { tenant, principal, ...input });
      if (isDenial(held)) return held;
      const about = About.safeParse(held.input);
      const asset = about.success ? await media.assets.find(transaction, about.data.photo) : undefined;
      if (asset?.tenant !== tenant) return deny(problems.NOT_FOUND);
      const forms = (await media.assets.variants(transaction, [asset.id])).get(asset.id) ?? [];
      const form = forms.find(({ name }) => name === "view") ?? forms.find(({ name }) => name === "original");
      if (form === undefined) return deny(problems.NOT_FOUND);
      const { key, type, bytes } = form;
      return { key, type, bytes, name: savedName(asset, form) } satisfies LookedAt;
    },
  });
}
