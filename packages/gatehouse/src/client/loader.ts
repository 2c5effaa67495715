import { componentById, componentOf, componentsBy, type LiveComponent } from "./component.ts";
import { fraction, LiveError, send, type LoadResponse } from "./transport.ts";

/** Milliseconds in which components are gathered that are loaded together. */
const GATHERING = 20;
const MOST_AT_ONCE = 50;
/** A failing poll is repeated ever more slowly, up to so many times its own interval. */
const SLOWEST = 8;

const wanted = new Set<LiveComponent>();
let gathering: Promise<boolean> | undefined;

/**
 * Asks the server for components, together with others that are asked for in the same moment. `false` where the server
 * knows one of them no more: the page is too old, or somebody else's.
 */
export function refresh(components: readonly LiveComponent[]): Promise<boolean> {
  for (const component of components) wanted.add(component);
  gathering ??= new Promise<void>((resolve) => setTimeout(resolve, GATHERING)).then(load);
  return gathering;
}

async function load(): Promise<boolean> {
  gathering = undefined;
  // What is on its way brings newer content than what would be asked for now.
  const components = [...wanted].filter(({ isBusy, root }) => !isBusy && root.isConnected);
  wanted.clear();
  let known = true;
  for (let at = 0; at < components.length; at += MOST_AT_ONCE) {
    const asked = components.slice(at, at + MOST_AT_ONCE);
    // An action may bring another content while the answer is on its way.
    const contents = new Map(asked.map((component) => [component, component.content]));
    const answer = await ask(asked);
    if (answer === undefined) return false;
    for (const loaded of answer.components) {
      const component = componentById(loaded.component_id);
      if (component?.isBusy === false && !component.take(loaded, contents.get(component))) known = false;
    }
  }
  return known;
}

/** What the server answers; nothing where the page's session is over, and nothing of the page is known any more. */
async function ask(components: readonly LiveComponent[]): Promise<LoadResponse | undefined> {
  try {
    return await send<LoadResponse>("load", { components: components.map(({ known }) => known) });
  } catch (error) {
    if (error instanceof LiveError && error.isOfAnotherSession) return undefined;
    throw error;
  }
}

const nearby = new IntersectionObserver(
  (entries) => {
    const near = entries.filter(({ isIntersecting }) => isIntersecting);
    for (const { target } of near) nearby.unobserve(target);
    later(near.flatMap(({ target }) => componentOf(target) ?? []));
  },
  { rootMargin: "200px" },
);
const watched = new WeakSet<Element>();

/** Loads what is to be loaded later, and has components ask for news that are to do so. */
export function watch(root: ParentNode): void {
  later(componentsBy('[data-live-load="deferred"]', root).filter(isNew));
  for (const component of componentsBy('[data-live-load="visible"]', root).filter(isNew))
    nearby.observe(component.root);
  for (const component of componentsBy("[data-live-poll]", root)) if (isNew(component, "poll")) poll(component);
}

const polled = new WeakSet<Element>();

function isNew({ root }: LiveComponent, why: number | "poll" = 0): boolean {
  const known = why === "poll" ? polled : watched;
  if (known.has(root)) return false;
  known.add(root);
  return true;
}

function later(components: readonly LiveComponent[]): void {
  if (components.length > 0) refresh(components).catch(() => undefined);
}

function poll(component: LiveComponent, slowness = 1): void {
  const { root } = component;
  const interval = Number(root.dataset["livePoll"]) * 1000;
  setTimeout(
    () => {
      if (!root.isConnected) return;
      const asked = document.hidden || component.isBusy ? Promise.resolve(true) : refresh([component]);
      asked.then(
        (known) => known && poll(component),
        () => poll(component, Math.min(slowness * 2, SLOWEST)),
      );
    },
    interval * slowness * (0.9 + fraction() / 5),
  );
}
