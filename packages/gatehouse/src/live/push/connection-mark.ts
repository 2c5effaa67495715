import { html, type Html } from "../../html/html.ts";
import type { PushSettings } from "./options.ts";

/** What in the head of a page says that connections of `realtime` take news along, and how large a request for them may be. */
export function connectionMark({ connectionBytes }: Pick<PushSettings, "connectionBytes">): Html | undefined {
  return connectionBytes === 0 ? undefined : html`<meta name="live-push" content=${String(connectionBytes)} />`;
}
