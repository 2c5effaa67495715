import { html, type Html } from "../html/html.ts";
import { renderToString } from "../html/render.ts";
import type { Principal } from "../kernel/attempt.ts";
import { buttonForm, createAct, type ActFrame } from "./act.ts";
import { formatComponentId } from "./component-id.ts";
import type { AnyLiveComponent } from "./component.ts";
import type { Held } from "./state.ts";

/** What the content of a component is made from. */
export interface ContentFrame extends ActFrame {
  readonly principal: Principal;
}

/** The members of a state that may leave the server. */
export function viewOf(component: AnyLiveComponent, state: unknown): Readonly<Record<string, unknown>> {
  // States are objects: `live` accepts no other.
  const members = Object.entries(state as object);
  return Object.fromEntries(members.filter(([name]) => !component.secret.includes(name)));
}

/** The content as HTML text, for the JSON answers. */
export function contentText(component: AnyLiveComponent, held: Held, frame: ContentFrame): string {
  return renderToString(content(component, held, frame));
}

/** The component as a page carries it: its element, its form for buttons, its content. */
export function pageElement(component: AnyLiveComponent, held: Held, frame: ContentFrame): Html {
  return html`<div
    data-live=${formatComponentId(frame.id)}
    data-live-version=${frame.version}
    data-live-seed=${frame.page?.seed}
  >
    ${buttonForm(frame)}
    <div data-live-content>${content(component, held, frame)}</div>
  </div>`;
}

function content(
  component: AnyLiveComponent,
  { state, props }: Held,
  frame: ContentFrame,
): ReturnType<AnyLiveComponent["render"]> {
  const { principal, id } = frame;
  const act = createAct(frame, component.actions);
  // The entries are those of the component's own actions, which `render` knows by their types.
  return component.render({
    state: viewOf(component, state),
    props,
    principal,
    instance: id.instance,
    act: act as never,
  });
}
