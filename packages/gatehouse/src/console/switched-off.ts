import { html } from "../html/html.ts";
import type { Inbound } from "../http/inbound.ts";
import type { PageContent } from "./page-content.ts";
import type { PageParts } from "./page-parts.ts";

/** What a page of the identity provider says where there is none. */
export async function switchedOff(
  parts: Pick<PageParts, "ask">,
  inbound: Inbound,
  page: Omit<PageContent, "body">,
): Promise<PageContent> {
  // Asked all the same: whoever is no operator is refused.
  await parts.ask(inbound, { action: "guards.inventory" });
  return { ...page, body: html`<p class="empty">The identity provider is switched off (identity.enabled).</p>` };
}
