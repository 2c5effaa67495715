import type { Services } from "gatehouse";
import type { Live } from "gatehouse/live";
import { photosTopic } from "../photos/photo-grid.ts";
import type { OrderNews } from "./order-news.ts";

/** Brings what orders have changed to open pages and walls. Who misses it sees it when the page is loaded again. */
export function followOrders(
  { realtime }: Pick<Services, "realtime">,
  live: Pick<Live, "publish">,
  news: OrderNews,
): void {
  news.follow((one) => {
    if (one.kind === "topic") return live.publish(one.tenant, one.topic);
    const { id, tenant, collection, asset, isVisible } = one;
    live.publish(tenant, photosTopic(collection));
    void realtime
      .perform(
        { tenant, type: "wall", key: [collection] },
        { command: isVisible ? "publish" : "withdraw", input: { photo: asset }, idempotencyKey: id },
      )
      .catch(() => undefined);
  });
}
