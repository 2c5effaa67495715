import type { TenantChurn } from "../kernel/ports/join-tokens.ts";

/** Tokens that were made and ended within a day: an alert from so many on. */
const ENDED = 5;
/** The share of hits on ended tokens: an alert above it. */
const SHARE = 0.3;
/** Hits below which a share says nothing. */
const LEAST_HITS = 20;
/** What counts as over must lie below these, so that an alert does not come and go. */
const CALM_ENDED = 3;
const CALM_SHARE = 0.2;

type Counts = Pick<TenantChurn, "ended" | "hits" | "hitsOnEnded">;

/** How a tenant's tokens are doing: an alert is due, over, or neither has to change. */
export function judgeChurn(counts: Counts): "alert" | "calm" | "between" {
  const share = counts.hits < LEAST_HITS ? 0 : counts.hitsOnEnded / counts.hits;
  if (counts.ended >= ENDED || share > SHARE) return "alert";
  return counts.ended <= CALM_ENDED && share <= CALM_SHARE ? "calm" : "between";
}
