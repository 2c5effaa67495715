import type { CoreParts } from "./chunks.ts";
import { componentView } from "./inspector/component-view.ts";
import { connectionView } from "./inspector/connection-view.ts";
import { count, element } from "./inspector/elements.ts";
import { InspectorLog } from "./inspector/log.ts";
import { pageComponents, type PageComponent } from "./inspector/page-components.ts";
import { Panel } from "./inspector/panel.ts";
import { refusalViews } from "./inspector/refusal-view.ts";
import { StreamWatch } from "./inspector/stream-watch.ts";
import { WireWatch } from "./inspector/wire-watch.ts";

/** What the server says of the page's components, and where the events of a request are shown. */
interface Told {
  readonly modes: Readonly<Record<string, string>>;
  readonly events?: string;
}

/** Milliseconds in which changes are gathered before they are shown. */
const GATHERING = 50;
/** Changes of the page that may be seen in the panel. */
const WATCHED = [
  "aria-busy",
  "data-live",
  "data-live-load",
  "data-live-offline",
  "data-live-seed",
  "data-live-topics",
  "data-live-version",
];

/** Shows whoever builds the page what its live components do. */
export function start(core: CoreParts): void {
  const inspector = new Inspector(core);
  inspector.watch();
}

class Inspector {
  readonly #core: CoreParts;
  readonly #told: Told;
  readonly #log = new InspectorLog(() => this.#plan());
  readonly #stream = new StreamWatch(() => this.#plan());
  readonly #panel: Panel;
  #selected: string | undefined;
  #pointed: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(core: CoreParts) {
    this.#core = core;
    const mark = document.querySelector<HTMLMetaElement>("meta[name=live-inspector]");
    // Written by the server's own template.
    this.#told = JSON.parse(mark?.content ?? '{"modes":{}}') as Told;
    this.#panel = new Panel({
      changed: () => this.#show(),
      select: (id) => this.#select(id),
      point: (id) => this.#point(id),
      forget: () => this.#log.forgetRefusals(),
    });
  }

  /** Looks on from now on. */
  watch(): void {
    new WireWatch(this.#log, this.#stream).follow(this.#core.wire);
    this.#stream.listen();
    new MutationObserver(() => this.#plan()).observe(document, {
      ...{ subtree: true, childList: true },
      attributeFilter: WATCHED,
    });
    window.addEventListener("online", () => this.#plan());
    window.addEventListener("offline", () => this.#plan());
    window.addEventListener("pagehide", () => this.#stream.leave());
    window.addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.#stream.listen();
      this.#plan();
    });
    this.#show();
  }

  #plan(): void {
    this.#timer ??= setTimeout(() => this.#show(), GATHERING);
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const components = pageComponents();
    if (!components.some(({ id }) => id === this.#selected)) this.#selected = undefined;
    if (this.#panel.isOpen) this.#log.see();
    const { unseen } = this.#log;
    this.#panel.show({ components: components.length, unseen, body: () => this.#body(components) });
    if (this.#panel.isOpen) this.#frame();
  }

  #body(components: readonly PageComponent[]): readonly Node[] {
    const queues = this.#queues();
    const rows = components.map((component) =>
      componentView({
        component,
        record: this.#log.find(component.id),
        mode: this.#told.modes[component.name],
        queue: queues.get(component.id) ?? [],
        selected: component.id === this.#selected,
      }),
    );
    const waiting = [...queues].flatMap(([id, names]) => names.map((name) => `${name} of ${id}`));
    const { refusals } = this.#log;
    const forget = element("button", { type: "button", id: "forget" }, "Clear");
    return [
      element("h3", {}, `${count(components.length, "component")} on this page`),
      element("ul", {}, ...rows),
      element("div", { class: "head" }, element("h3", {}, "Last refusals"), ...(refusals.length === 0 ? [] : [forget])),
      refusalViews(refusals, this.#told.events),
      element("h3", {}, "Connection"),
      connectionView({
        ...{ stream: this.#stream.state, waiting, online: navigator.onLine },
        following: components.filter(({ followsNews }) => followsNews).length,
      }),
    ];
  }

  /** What waits, by component. Only those that are at work are asked: to look at others would make the client know them. */
  #queues(): ReadonlyMap<string, readonly string[]> {
    const busy = this.#core.componentsBy('[aria-busy="true"]:not([data-live-load])');
    return new Map(busy.map(({ id, queue }) => [id, queue]));
  }

  #select(id: string): void {
    this.#selected = id === this.#selected ? undefined : id;
    this.#show();
    const root = this.#rootOf(this.#selected);
    if (root !== undefined && !isInView(root)) root.scrollIntoView({ block: "nearest" });
  }

  #point(id: string | undefined): void {
    if (id === this.#pointed) return;
    this.#pointed = id;
    this.#frame();
  }

  /** Frames what is pointed at, else what is selected. */
  #frame(): void {
    this.#panel.outline.show(this.#rootOf(this.#pointed ?? this.#selected));
  }

  #rootOf(id: string | undefined): HTMLElement | undefined {
    return id === undefined ? undefined : pageComponents().find((component) => component.id === id)?.root;
  }
}

function isInView(root: HTMLElement): boolean {
  const { top, bottom } = root.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}
