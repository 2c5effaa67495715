import type { ActionOptions } from "./action-options.ts";
import { alert, announce } from "./announcer.ts";
import { applyEffects } from "./effects.ts";
import { plain } from "./element.ts";
import { clearErrors, resetSent, showErrors, snapshot } from "./form.ts";
import { morph, morphElement } from "./morph.ts";
import { preview, setAttribute } from "./optimistic.ts";
import { applyPatch } from "./patch.ts";
import { remember } from "./rendering.ts";
import { fillFields } from "./token.ts";
import {
  explain,
  LiveError,
  send,
  type Known,
  type LiveResponse,
  type LoadResponse,
  type Update,
} from "./transport.ts";
import { parseHtml } from "./trusted-html.ts";

/** What may be heard of a component. */
export interface LiveEvents {
  success: LiveResponse;
  error: LiveError;
  /** A token was refused; a new one is fetched and the request repeated by itself. */
  csrf_error: LiveComponent;
}

/** A content as the server sent it, and what the server calls it. */
interface Content {
  readonly html: string;
  readonly tag: string;
}

/** A call on its way. */
interface Call {
  readonly name: string;
  readonly params: unknown;
  readonly intent: string;
  readonly key: string;
  readonly form: HTMLFormElement | undefined;
  readonly fragments: readonly string[] | undefined;
}

type Listener<Name extends keyof LiveEvents> = (event: LiveEvents[Name]) => void;

/** Milliseconds after which waiting becomes visible. */
const PATIENCE = 150;

const components = new WeakMap<Element, LiveComponent>();

/** The component an element belongs to. */
export function componentOf(element: Element): LiveComponent | undefined {
  const root = plain(element).closest<HTMLElement>("[data-live]");
  if (root === null) return undefined;
  const known = components.get(root) ?? new LiveComponent(root);
  components.set(root, known);
  return known;
}

/** The components whose elements fit a selector. */
export function componentsBy(selector: string, within: ParentNode = document): LiveComponent[] {
  return [...within.querySelectorAll(`[data-live]${selector}`)].flatMap((root) => componentOf(root) ?? []);
}

/** The component of an id. */
export function componentById(id: string): LiveComponent | undefined {
  return componentsBy(`[data-live="${CSS.escape(id)}"]`)[0];
}

/** A component of this page. Its actions run one after the other, those of different components side by side. */
export class LiveComponent {
  readonly root: HTMLElement;
  /** As the server sent it last, if it has. */
  content: Content | undefined;
  /** Names of its actions that have not been answered, in their order. */
  readonly queue: string[] = [];
  readonly #listeners = new Map<keyof LiveEvents, Set<Listener<never>>>();
  /** Keys of intents whose outcome is unknown, for the next try of the same. */
  readonly #unresolved = new Map<string, string>();
  /** Triggers whose action is under way, with what takes back the mark of what was pressed. */
  readonly #pending = new Map<Element, () => void>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(root: HTMLElement) {
    this.root = root;
    remember(root);
  }

  get id(): string {
    return this.root.dataset["live"] ?? "";
  }

  get version(): number {
    return Number(this.root.dataset["liveVersion"] ?? 0);
  }

  /** Whether an action of it is on its way. */
  get isBusy(): boolean {
    return this.queue.length > 0;
  }

  /** What the server needs to know to say what has changed. */
  get known(): Known {
    const { liveVersion, liveSeed: seed } = this.root.dataset;
    const children = componentsBy("", this.root).map(({ id }) => id);
    return {
      component_id: this.id,
      base_version: liveVersion === undefined ? undefined : Number(liveVersion),
      base_tag: this.content?.tag,
      seed,
      children: children.length === 0 ? undefined : children,
    };
  }

  /** Listens; the result ends it. */
  on<Name extends keyof LiveEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** Whether an element's action has not been answered yet. */
  isPending(trigger: Element): boolean {
    return this.#pending.has(trigger);
  }

  /**
   * Performs an action after those before it. Failures are also told to the `error` listeners, so that the
   * promise may be ignored.
   */
  executeAction(name: string, params: unknown = {}, options: ActionOptions = {}): Promise<LiveResponse> {
    const intent = `${name} ${JSON.stringify(params)}`;
    const key = options.idempotency_key ?? this.#unresolved.get(intent) ?? crypto.randomUUID();
    const end = this.#begin(name, options);
    const { trigger, form } = options;
    const named = trigger === undefined ? null : plain(trigger).getAttribute("data-live-fragments");
    const fragments = options.fragments ?? named?.match(/\S+/g) ?? undefined;
    const result = this.#tail.then(() => this.#perform({ name, params, intent, key, form, fragments }, end));
    this.#tail = result.catch(end);
    return result;
  }

  async #perform(call: Call, end: () => void): Promise<LiveResponse> {
    const { name: action, params, intent, key, form, fragments } = call;
    const sent = form === undefined ? undefined : snapshot(form);
    if (form !== undefined) clearErrors(form);
    const others = this.#hearers();
    const contents = new Map([this, ...others].map((component) => [component.id, component.content]));
    const request = {
      ...this.known,
      ...{ action, params, idempotency_key: key, fragments },
      others: others.length === 0 ? undefined : others.map(({ known }) => known),
    };
    try {
      const response = await send<LiveResponse>("action", request, () => this.#emit("csrf_error", this));
      this.#unresolved.delete(intent);
      end();
      this.show(response, contents.get(this.id));
      for (const other of response.components ?? [])
        componentById(other.component_id)?.show(other, contents.get(other.component_id));
      if (sent !== undefined) resetSent(sent);
      applyEffects(this.root, response.effects);
      this.#emit("success", response);
      return response;
    } catch (error) {
      end();
      if (error instanceof LiveError) this.#refused(error, call);
      throw error;
    }
  }

  /** The other components that listen to what this one emits. */
  #hearers(): LiveComponent[] {
    const emitted = this.root.dataset["liveEmits"]?.split(" ") ?? [];
    const hears = ({ root }: LiveComponent): boolean =>
      root.dataset["liveOn"]?.split(" ").some((event) => emitted.includes(event)) === true;
    return emitted.length === 0 ? [] : componentsBy("[data-live-on]").filter((one) => one !== this && hears(one));
  }

  #refused(error: LiveError, { intent, key, form }: Call): void {
    if (error.unresolved) this.#unresolved.set(intent, key);
    else this.#unresolved.delete(intent);
    if (error.current !== undefined) {
      // The server's word, even where its count began anew.
      this.root.dataset["liveVersion"] = "0";
      this.show(error.current);
    }
    this.root.dataset["liveError"] = error.code;
    const placed = form !== undefined && showErrors(form, error.errors);
    if (placed) announce(error.message);
    else alert(explain(error));
    this.#emit("error", error);
  }

  /** Shows newer content; an older answer, such as a repeated one, changes nothing. `base` is what a patch is made for. */
  show(update: Update, base = this.content): void {
    const { html, patch, fragments, content_tag: tag, version, seed, children, tickets } = update;
    if (version < this.version) return;
    const { dataset } = this.root;
    const content = html ?? applyPatch(base?.html ?? "", patch ?? []);
    this.content = tag === undefined ? undefined : { html: content, tag };
    if (tickets !== undefined) dataset["liveTickets"] = JSON.stringify(tickets);
    if (seed !== undefined) dataset["liveSeed"] = seed;
    // A version that has not moved may mean that nothing is stored yet: the page's own state still counts.
    else if (version !== this.version) delete dataset["liveSeed"];
    dataset["liveVersion"] = String(version);
    delete dataset["liveError"];
    const place = this.root.querySelector<HTMLElement>("[data-live-content]");
    if (place === null) return;
    for (const text of Object.values(fragments ?? { content })) {
      const source = parseHtml(text);
      for (const [id, element] of Object.entries(children ?? {}))
        source.querySelector(`[data-live="${CSS.escape(id)}"]`)?.replaceWith(parseHtml(element));
      const [part] = source.children;
      if (fragments === undefined) morph(place, source);
      else if (part !== undefined) this.#showPart(place, part);
    }
    this.#shown();
  }

  #showPart(place: Element, part: Element): void {
    const mark = `[data-live-fragment="${part.getAttribute("data-live-fragment")}"]`;
    for (const shown of place.querySelectorAll<HTMLElement>(mark))
      if (componentOf(shown) === this) morphElement(shown, part);
  }

  /** Takes what the server answered when the content was `base`; `false` where it knows the component no more. */
  take(loaded: LoadResponse["components"][number], base: Content | undefined): boolean {
    const { element, seed, gone, version, topics } = loaded;
    if (topics !== undefined) this.root.dataset["liveTopics"] = topics;
    if (element !== undefined) {
      const [fresh] = parseHtml(element).children;
      for (const name of ["data-live-load", "aria-busy"]) this.root.removeAttribute(name);
      for (const { name, value } of fresh?.attributes ?? []) this.root.setAttribute(name, value);
      this.root.replaceChildren(...(fresh?.childNodes ?? []));
      remember(this.root);
      this.#shown();
    } else if (version !== undefined && (loaded.html !== undefined || loaded.patch !== undefined)) {
      this.show({ ...loaded, state: loaded.state, version }, base);
    } else if (seed !== undefined) this.root.dataset["liveSeed"] = seed;
    return gone !== true;
  }

  #shown(): void {
    fillFields(this.root);
    this.root.dispatchEvent(new CustomEvent("live:shown", { bubbles: true }));
  }

  /** Shows that an action is under way; what comes back ends that, however often it is called. */
  #begin(name: string, { trigger, pressed = trigger }: ActionOptions): () => void {
    this.queue.push(name);
    this.root.setAttribute("aria-busy", "true");
    setTimeout(() => this.root.toggleAttribute("data-live-loading", this.isBusy), PATIENCE);
    const undo = pressed === undefined ? undefined : preview(pressed);
    if (trigger !== undefined && pressed !== undefined) {
      // Not `disabled`: that would take the focus away.
      this.#pending.set(trigger, setAttribute(pressed, "aria-disabled", "true"));
    }
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#end(trigger);
      undo?.();
    };
  }

  #end(trigger: Element | undefined): void {
    this.queue.shift();
    if (trigger !== undefined) {
      this.#pending.get(trigger)?.();
      this.#pending.delete(trigger);
    }
    if (this.isBusy) return;
    this.root.removeAttribute("aria-busy");
    this.root.removeAttribute("data-live-loading");
  }

  #emit<Name extends keyof LiveEvents>(name: Name, event: LiveEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      // `on` adds listeners under the name of their event alone.
      (listener as Listener<Name>)(event);
    }
  }
}
