import { html, type Html } from "../html/html.ts";
import { renderToString } from "../html/render.ts";
import type { Principal } from "../kernel/attempt.ts";
import { createAct, type ActFrame } from "./act.ts";
import { formatComponentId, instanceFor, type ComponentId } from "./component-id.ts";
import type { AnyLiveComponent, LoadOption, RenderChild, ViewContext } from "./component.ts";
import { Fragments } from "./fragments.ts";
import { check } from "./schema.ts";
import type { Held } from "./state.ts";

/** What the content of a component is made from. */
export interface ContentFrame extends ActFrame {
  readonly principal: Principal;
  /** The token of the component's topics, in elements of components that have any. */
  readonly topics?: string | undefined;
}

/** A component that the content of another one contains. */
export interface Child {
  readonly component: AnyLiveComponent;
  readonly id: ComponentId;
  readonly props: unknown;
  readonly load: LoadOption | undefined;
}

/** The content of a component as HTML, with empty elements where its children stand. */
export interface Content {
  readonly text: string;
  readonly children: readonly Child[];
  /** Parts of it that can be asked for by name. */
  readonly fragments: Fragments;
  /** Tickets of the upload fields it shows. */
  readonly tickets: Readonly<Record<string, string>> | undefined;
}

/** The members of a state that may leave the server. */
function viewOf(component: AnyLiveComponent, state: unknown): Readonly<Record<string, unknown>> {
  // States are objects: `live` accepts no other.
  const members = Object.entries(state as object);
  return Object.fromEntries(members.filter(([name]) => !component.secret.includes(name)));
}

/** The members of a state that answers tell scripts: what may leave the server, without what is for the content alone. */
export function toldOf(component: AnyLiveComponent, state: unknown): Readonly<Record<string, unknown>> {
  const members = Object.entries(viewOf(component, state));
  return Object.fromEntries(members.filter(([name]) => !component.contentOnly.includes(name)));
}

/** See `renderContent`. */
export type RenderContent = (component: AnyLiveComponent, held: Held, frame: ContentFrame) => Content;

/**
 * Renders the content of a component.
 * @throws {TypeError} when two children or fragments have one name, or props do not fit
 */
export function renderContent(component: AnyLiveComponent, { state, props }: Held, frame: ContentFrame): Content {
  const { principal, id } = frame;
  const children = new Map<string, Child>();
  const child: RenderChild = (of, { instance = "main", props: given, load } = {}) => {
    const childProps = propsOf(of, given);
    const childId = {
      component: of.name,
      instance: instanceFor(instance, of.props === undefined ? undefined : childProps),
    };
    const name = formatComponentId(childId);
    if (children.has(name)) {
      throw new TypeError(`The content of ${component.name} has two components ${name}; give each its own instance.`);
    }
    children.set(name, { component: of, id: childId, props: childProps, load });
    return childSlot(name);
  };
  const fragments = new Fragments(component.name);
  const act = createAct(frame, component.actions);
  // The entries are those of the component's own actions, which `render` knows by their types.
  const surroundings = {
    props,
    principal,
    instance: id.instance,
    act: act as never,
    child,
    fragment: fragments.render,
  };
  const content = component.render({ state: viewOf(component, state), ...surroundings });
  const text = renderToString(content);
  return { text, children: [...children.values()], fragments, tickets: frame.desk?.tickets };
}

/** Where a child stands. The element itself takes its place once there is one. */
function childSlot(name: string): Html {
  return html`<div data-live=${name}></div>`;
}

/** Puts elements into the places of the children they belong to. */
export function fillSlots(text: string, elements: ReadonlyMap<string, string>): string {
  // A text of a visitor cannot pass for a slot: its angle brackets are escaped.
  return text.replaceAll(SLOT, (slot, name: string) => elements.get(name) ?? slot);
}

/** Those of the elements whose place is in one of the texts. */
export function elementsIn(
  texts: readonly string[],
  elements: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = new Set(texts.flatMap((text) => Array.from(text.matchAll(SLOT), ([, name]) => name)));
  return Object.fromEntries(Object.entries(elements).filter(([name]) => names.has(name)));
}

const SLOT = /<div data-live="([^"]+)"><\/div>/g;

/**
 * Props as the component's schema sees them.
 * @throws {TypeError} when they do not fit
 */
export function propsOf(component: AnyLiveComponent, props: unknown): unknown {
  const checked = fitProps(component, props);
  if (checked === undefined) throw new TypeError(`The props given to ${component.name} do not fit its schema.`);
  return checked.value;
}

/** Props as the component's schema sees them, or `undefined` where they do not fit. */
export function fitProps(component: AnyLiveComponent, props: unknown): { readonly value: unknown } | undefined {
  return component.props === undefined ? { value: undefined } : check(component.props, props ?? {});
}

/** Whether a component is still to be shown to whoever holds props that were sealed into its page. */
export function isVisible(component: AnyLiveComponent, sealed: ViewContext<unknown>): boolean {
  if (component.visible === undefined) return true;
  const props = fitProps(component, sealed.props);
  return props !== undefined && component.visible({ ...sealed, props: props.value });
}
