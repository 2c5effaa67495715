import type { StandardSchemaV1 } from "@standard-schema/spec";
import { sessionExpired } from "../guards/session-expired.ts";
import { defineAction, type AnyAction, type LimitPolicy } from "../kernel/action.ts";
import { canonicalJson } from "../kernel/codec.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { Basis, OtherComponent } from "./call.ts";
import { formatComponentId } from "./component-id.ts";
import type { AnyLiveComponent } from "./component.ts";
import { toldOf, type Content, type ContentFrame, type RenderContent } from "./content.ts";
import { contentTag } from "./content-patch.ts";
import { stateInvalid, type LiveServices } from "./instance.ts";
import type { Mounted, MountFrame } from "./mounter.ts";
import { extend, withBefore, type ComponentUpdate } from "./result.ts";
import { deskFor } from "./upload-desk.ts";
import { ownerOf, type Seed } from "./state.ts";

/** Name of the action that loads components. */
export const LOAD = "live.load";
/** Strangers whom only their address tells apart are admitted so many times as often, together. */
const STRANGERS = 10;

/** What loading comes to for one component. */
export type Loaded =
  | (ComponentUpdate & { readonly seed: string; readonly topics?: string })
  /** For a component the page does not have yet. */
  | { readonly element: string }
  /** The content is the same. A fresh seed, and a fresh token, come along where those of the page do not last. */
  | { readonly unchanged: true; readonly version: number; readonly seed?: string; readonly topics?: string };

/** What is answered for one component. */
export type LoadedComponent = { readonly component_id: string } & (
  | Loaded
  /** It cannot be rendered from what the page knows: the page is too old. */
  | { readonly gone: true }
);

/** What the action answers. */
export interface LoadResult {
  readonly components: readonly LoadedComponent[];
}

/** Its input: what the page knows of each component. Built by the route alone. */
export interface LoadCall {
  readonly components: readonly OtherComponent[];
  readonly back: string;
}

const PASSED_ON: StandardSchemaV1<LoadCall, LoadCall> = {
  "~standard": {
    version: 1,
    vendor: "gatehouse",
    // The route has read it; nothing else reaches the live entrance under this name.
    validate: (value) =>
      typeof value === "object" && value !== null && "components" in value && Array.isArray(value.components)
        ? { value: value as LoadCall }
        : { issues: [{ message: "This action is the server's own." }] },
  },
};

/**
 * Loads components, and looks whether components have changed: for those that come later, for polling, and after a
 * push or a return to a page. It reads; it has a limit of its own, so that pages that refresh themselves
 * do not use up what their visitors may do.
 */
export function loadAction(services: LiveServices, limits: readonly LimitPolicy[]): AnyAction {
  return defineAction({
    name: LOAD,
    entrances: ["live"],
    input: PASSED_ON,
    effects: "none",
    authorise: "public",
    limits,
    async run({ input, principal, attempt, transaction, now }): Promise<LoadResult | Denial> {
      // Nothing of the page was sealed for whoever it is now.
      if (principal.session === undefined && attempt.credentials.some(({ kind }) => kind === "session"))
        return sessionExpired();
      const frame = {
        ...{ principal, tenant: attempt.tenant, transaction, now, back: input.back },
        ...{ csrfToken: "", newKey: () => "", eager: NONE },
      };
      const components: LoadedComponent[] = [];
      for (const asked of input.components) {
        const { id, basis } = asked;
        const named = { component_id: formatComponentId(id) };
        const mounted = new Set([named.component_id]);
        const loaded = await load(services, asked, { ...frame, mounted, known: basis.children });
        if (loaded === "damaged") services.record({ attempt, principal }, stateInvalid("seed", id));
        if (loaded === undefined || loaded === "damaged") components.push({ ...named, gone: true });
        else components.push("html" in loaded ? extend(loaded, named) : { ...named, ...loaded });
      }
      return { components };
    },
  });
}

const NONE: ReadonlySet<string> = new Set();

async function load(
  { find, keeper, mounter, uploads, contents, render }: LiveServices,
  { id, basis }: OtherComponent,
  frame: MountFrame,
): Promise<Loaded | "damaged" | undefined> {
  const component = find(id.component);
  if (component === undefined) return undefined;
  const key = { tenant: frame.tenant, ...id, owner: ownerOf(frame.principal) };
  const { seed: sealed } = basis;
  const seed = sealed === undefined ? undefined : keeper.openSeed(component, key, { sealed, now: frame.now });
  if (seed === "damaged") return seed;
  const mounted = await mounter.mount({ component, instance: id.instance, props: undefined, seed }, frame);
  if (mounted === undefined) return undefined;
  // A page that names no version has nothing to show yet.
  if (basis.version === undefined) return { element: await mounted.element() };
  const desk = deskFor(component, uploads?.seals, { key, props: mounted.held.props, now: frame.now });
  const content = mounted.content();
  const tag = contentTag(content.text);
  const rendered = (): string | undefined =>
    seed && contentOf(component, { id, seed, principal: frame.principal, desk, render });
  const isKnown = basis.tag === undefined || basis.tag === tag;
  const before = isKnown ? undefined : contents.find(key, basis.tag, rendered);
  contents.keep(key, { tag, text: content.text });
  return refreshed(component, mounted, {
    ...{ basis, before, content },
    lasting: seed?.young === true && isSame(component, seed, mounted),
    children: await mounter.children(content, frame),
  });
}

/** Whether a seed still stands for what is shown. */
function isSame({ mode }: AnyLiveComponent, { base, state }: Seed, { held, version }: Mounted): boolean {
  if (mode === "none") return true;
  return base === version && state !== undefined && canonicalJson(state.value) === canonicalJson(held.state);
}

/** The content that a page has whose seed was sealed together with it. */
function contentOf(
  component: AnyLiveComponent,
  {
    id,
    seed,
    principal,
    desk,
    render,
  }: Pick<ContentFrame, "id" | "principal" | "desk"> & { readonly seed: Seed; readonly render: RenderContent },
): string | undefined {
  const { base: version, props, state } = seed;
  const frame = { id, version, page: undefined, refused: undefined, principal, desk };
  return state === undefined ? undefined : render(component, { props, state: state.value }, frame).text;
}

interface Refreshing {
  readonly basis: Basis;
  /** The content that the page has, where that is known. */
  readonly before: string | undefined;
  readonly content: Content;
  /** Whether the page needs no other seed. */
  readonly lasting: boolean;
  readonly children: ReadonlyMap<string, string>;
}

function refreshed(
  component: AnyLiveComponent,
  { held, version, seed, topics: token }: Mounted,
  { basis, before, content, lasting, children }: Refreshing,
): Loaded {
  const { text, tickets } = content;
  const tag = contentTag(text);
  // A fresh token: the page goes on following for as long as it is loaded anew now and then.
  const topics = token === undefined ? {} : { topics: token };
  if (tag === basis.tag) return { unchanged: true, version, ...(lasting ? {} : { seed, ...topics }) };
  const update = {
    ...topics,
    ...{ html: text, content_tag: tag, state: toldOf(component, held.state), version, seed },
    ...(children.size === 0 ? {} : { children: Object.fromEntries(children) }),
    ...(tickets === undefined ? {} : { tickets }),
  };
  return before === undefined ? update : withBefore(update, before);
}

/** Loading has a limit of its own, by session where there is one, else by address. */
export function loadPolicy({ limit, window }: { readonly limit: number; readonly window: number }): LimitPolicy {
  const rule = { kind: "window", limit, window: window * 1000 } as const;
  return { name: LOAD, by: ["session"], rule, anonymousLimit: limit * STRANGERS };
}
