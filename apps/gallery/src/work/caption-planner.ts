import type { MediaServices } from "gatehouse/media";
import { definePlanner, type Planner } from "gatehouse/work";
import { listEvents, listTenants } from "../events/events.ts";
import { languages } from "../language.ts";
import { isStage } from "../monitors/stage.ts";
import { findCaptionable, type CaptionOrder } from "./caption-order.ts";

/** What photos without words are found with. */
export interface CaptionPlannerParts {
  readonly media: Pick<MediaServices, "assets">;
  readonly type: CaptionOrder;
}

const FIVE_MINUTES = 300_000;

/** Finds photos that nobody can read who does not see them, and has words written for them: one order an event. */
export function captionPlanner({ media: { assets }, type }: CaptionPlannerParts): Planner {
  return definePlanner({
    ...{ name: "missing-captions", type, every: FIVE_MINUTES, tenants: listTenants },
    async *find({ transaction, tenant }) {
      for (const event of await listEvents(transaction, tenant)) {
        if (isStage({ collection: event.id })) continue;
        const asked = { event: event.id, languages: languages.tags };
        const photos = await findCaptionable(assets, transaction, { tenant, ...asked });
        if (photos.length === 0) continue;
        const input = {
          event: event.slug,
          photos: photos.map(({ id }) => id).toSorted(),
          languages: [...languages.tags],
        };
        yield { key: event.id, input, title: `Words for photos of ${event.title}`.slice(0, 200) };
      }
    },
  });
}
