import { Hono } from "hono";
import type { Services } from "gatehouse";
import { fileResponse } from "gatehouse/http";
import { deny, problems, type AnyAction } from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import type { LookedAt } from "./look-action.ts";

/** Where agents look at the photo of an item that they hold: they send the item, its lease and its epoch. */
export function lookRoute(
  { edge }: Pick<Services, "edge">,
  { target }: Pick<MediaServices, "target">,
  look: AnyAction,
): Hono {
  const route = edge.action(look, {
    async render({ value }, inbound) {
      // The action's own answer.
      const { key, type, bytes, name } = value as LookedAt;
      const file = await target.get(key);
      if (file === undefined) return edge.refuse(inbound, deny(problems.NOT_FOUND));
      const response = fileResponse({ body: file.body, bytes, type, name });
      response.headers.set("cache-control", "private, no-store");
      return response;
    },
  });
  return new Hono().post("/api/v1/gallery/work/photo", route);
}
