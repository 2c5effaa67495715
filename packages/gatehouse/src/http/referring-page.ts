import type { Inbound } from "./inbound.ts";
import { ownPath } from "./own-path.ts";

/** The path of this site's page that a request was made from, as far as the browser tells. */
export function referringPage({ request, url }: Pick<Inbound, "request" | "url">): string | undefined {
  const referrer = request.headers.get("referer");
  const page = referrer === null ? null : URL.parse(referrer);
  return page?.host === url.host ? ownPath(page.pathname + page.search) : undefined;
}
