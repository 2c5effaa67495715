import { html, type Html } from "../html/html.ts";
import type { AnyLiveComponent } from "./component.ts";

/** What the inspector is told besides what it sees. */
export interface InspectorOptions {
  /** Path of a page that shows the events of a request, which it is given as the query member `requestId`. */
  readonly events?: string;
}

/** What in the head of a page has the inspector loaded, with what no page says otherwise: where components keep their state. */
export function inspectorMark(components: readonly AnyLiveComponent[], { events }: InspectorOptions): Html {
  const modes = Object.fromEntries(components.map(({ name, mode }) => [name, mode]));
  return html`<meta name="live-inspector" content=${JSON.stringify({ events, modes })} />`;
}
