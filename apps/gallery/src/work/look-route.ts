import { Hono } from "hono";
import type { Services } from "gatehouse";
import { fileResponse } from "gatehouse/http";
import { deny, problems, type AnyAction } from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import type { LookedAt } from "./look-action.ts";

/** Where agents look at the photo of an item that they hold. They show the lease as for its parts: in header fields. */
export function lookRoute(
  { edge }: Pick<Services, "edge">,
  { target }: Pick<MediaServices, "target">,
  look: AnyAction,
): Hono {
  const route = edge.action(look, {
    input: (_value, { request: { headers } }, { item }) => ({
      ...{ item, lease: headers.get("work-lease"), epoch: Number(headers.get("work-epoch")) },
    }),
    async render({ value }, inbound) {
      // The action's own answer.
      const { key, type, bytes, name } = value as LookedAt;
      const file = await target.get(key);
      if (file === undefined) return edge.refuse(inbound, deny(problems.NOT_FOUND));
      const response = fileResponse({ body: file.body, bytes, type, name });
      response.headers.set("cache-control", "private, no-store");
      // Nobody reads on for the answer to it, so that the file would stay open.
      if (inbound.method === "HEAD") await file.body.cancel();
      return response;
    },
  });
  return new Hono().get("/api/v1/gallery/work/items/:item/photo", route);
}
