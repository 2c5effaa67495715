import { html, trustedHtml, type Html } from "../html/html.ts";
import { renderToString } from "../html/render.ts";
import { buttonForm } from "./act.ts";
import { formatComponentId } from "./component-id.ts";
import type { AnyLiveComponent } from "./component.ts";
import type { ContentFrame } from "./content.ts";
import type { Child } from "./content.ts";

const OWN_CONTENT = "rendered from the component's own template";

/** The component as a page carries it: its element, its form for buttons, its content. */
export function componentElement(component: AnyLiveComponent, frame: ContentFrame, content: string): string {
  const { id, version, page, topics } = frame;
  return renderToString(
    html`<div
      data-live=${formatComponentId(id)}
      data-live-version=${version}
      data-live-seed=${page?.seed}
      data-live-emits=${component.emits.join(" ") || null}
      data-live-on=${component.listeners.map(({ event }) => event).join(" ") || null}
      data-live-poll=${component.poll}
      data-live-topics=${topics}
    >
      ${buttonForm(frame)}
      <div data-live-content>${trustedHtml(content, OWN_CONTENT)}</div>
    </div>`,
  );
}

/** What stands in a page for a component that is loaded later. */
export function laterElement(
  { id, load }: Child,
  { seed, href }: { readonly seed: string; readonly href: string },
): string {
  const name = formatComponentId(id);
  return renderToString(
    html`<div data-live=${name} data-live-load=${load?.when} data-live-seed=${seed} aria-busy="true">
      ${load?.placeholder}
      <noscript><a href=${href}>Show this part</a></noscript>
    </div>`,
  );
}

/** HTML of ours as a value for templates. */
export function ownHtml(text: string): Html {
  return html`${trustedHtml(text, OWN_CONTENT)}`;
}
