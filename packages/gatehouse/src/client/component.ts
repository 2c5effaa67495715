import { alert, announce } from "./announcer.ts";
import { clearErrors, resetSent, showErrors, snapshot } from "./form.ts";
import { morph } from "./morph.ts";
import { remember } from "./rendering.ts";
import { fillFields } from "./token.ts";
import { LiveError, send, type LiveResponse } from "./transport.ts";
import { parseHtml } from "./trusted-html.ts";

/** What may be heard of a component. */
export interface LiveEvents {
  success: LiveResponse;
  error: LiveError;
  /** A token was refused; a new one is fetched and the request repeated by itself. */
  csrf_error: LiveComponent;
}

/** What may be said of a call. */
export interface ActionOptions {
  /** Names one intent; the same for every repetition. Default: a new one. */
  readonly idempotency_key?: string;
  /** The form the parameters come from. */
  readonly form?: HTMLFormElement;
  /** What triggered it: not taken again until it is answered. */
  readonly trigger?: Element;
  /** What was pressed, shown as unavailable meanwhile. Default: the trigger. */
  readonly pressed?: Element | undefined;
}

type Listener<Name extends keyof LiveEvents> = (event: LiveEvents[Name]) => void;

/** Milliseconds after which waiting becomes visible. */
const PATIENCE = 150;

/** A component of this page. Its actions run one after the other, those of different components side by side. */
export class LiveComponent {
  readonly root: HTMLElement;
  readonly #listeners = new Map<keyof LiveEvents, Set<Listener<never>>>();
  /** Keys of intents whose outcome is unknown, for the next try of the same. */
  readonly #unresolved = new Map<string, string>();
  /** Triggers whose action is under way, with what was pressed. */
  readonly #pending = new Map<Element, Element>();
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

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
    this.#begin(options);
    const result = this.#tail.then(() => this.#perform({ name, params, intent, key, form: options.form }));
    this.#tail = result.catch(() => undefined).then(() => this.#end(options.trigger));
    return result;
  }

  async #perform(call: {
    name: string;
    params: unknown;
    intent: string;
    key: string;
    form: HTMLFormElement | undefined;
  }): Promise<LiveResponse> {
    const { name: action, params, intent, key, form } = call;
    const sent = form === undefined ? undefined : snapshot(form);
    if (form !== undefined) clearErrors(form);
    const seed = this.root.dataset["liveSeed"];
    const request = { component_id: this.id, action, params, idempotency_key: key, base_version: this.version };
    try {
      const response = await send(seed === undefined ? request : { ...request, seed }, () =>
        this.#emit("csrf_error", this),
      );
      this.#unresolved.delete(intent);
      this.#show(parseHtml(response.html), response.version);
      if (sent !== undefined) resetSent(sent);
      this.#apply(response);
      this.#emit("success", response);
      return response;
    } catch (error) {
      if (error instanceof LiveError) this.#refused(error, call);
      throw error;
    }
  }

  #refused(
    error: LiveError,
    { intent, key, form }: { intent: string; key: string; form: HTMLFormElement | undefined },
  ): void {
    if (error.unresolved) this.#unresolved.set(intent, key);
    else this.#unresolved.delete(intent);
    if (error.current !== undefined) {
      // The server's word, even where its count began anew.
      this.root.dataset["liveVersion"] = "0";
      this.#show(parseHtml(error.current.html), error.current.version);
    }
    const placed = form !== undefined && showErrors(form, error.errors);
    if (placed) announce(error.message);
    else alert(this.#explain(error));
    this.#emit("error", error);
  }

  #explain({ code, message, retry_after: seconds, errors }: LiveError): string {
    if (code === "RATE_LIMIT_EXCEEDED" && seconds !== undefined) {
      return `Too many requests. Please wait ${seconds} ${seconds === 1 ? "second" : "seconds"}.`;
    }
    return errors[0]?.detail ?? message;
  }

  /** Shows what a rendering of the page has for this component, where it is newer. */
  renew(page: ParentNode): void {
    const root = page.querySelector<HTMLElement>(`[data-live="${CSS.escape(this.id)}"]`);
    const version = Number(root?.dataset["liveVersion"]);
    const content = root?.querySelector("[data-live-content]");
    if (content && version > this.version) this.#show(content, version);
  }

  /** Shows newer content; an older answer, such as a repeated one, changes nothing. */
  #show(content: ParentNode & Node, version: number): void {
    if (version < this.version) return;
    // A version that has not moved may mean that nothing is stored yet: the page's own state still counts.
    if (version !== this.version) delete this.root.dataset["liveSeed"];
    this.root.dataset["liveVersion"] = String(version);
    const place = this.root.querySelector<HTMLElement>("[data-live-content]");
    if (place === null) return;
    morph(place, content);
    fillFields(place);
  }

  #apply({ effects }: LiveResponse): void {
    if (effects === undefined) return;
    const { announce: text, focus, redirect, dispatch = [] } = effects;
    for (const { name, detail } of dispatch) {
      this.root.dispatchEvent(new CustomEvent(`live:${name}`, { detail, bubbles: true }));
    }
    if (typeof text === "string") announce(text);
    else if (text !== undefined) (text.assertive ? alert : announce)(text.text);
    if (focus !== undefined) document.getElementById(focus)?.focus();
    if (redirect !== undefined && new URL(redirect, location.href).origin === location.origin)
      location.assign(redirect);
  }

  #begin({ trigger, pressed = trigger }: ActionOptions): void {
    this.#waiting += 1;
    this.root.setAttribute("aria-busy", "true");
    setTimeout(() => this.root.toggleAttribute("data-live-loading", this.#waiting > 0), PATIENCE);
    if (trigger === undefined || pressed === undefined) return;
    this.#pending.set(trigger, pressed);
    // Not `disabled`: that would take the focus away.
    pressed.setAttribute("aria-disabled", "true");
  }

  #end(trigger: Element | undefined): void {
    this.#waiting -= 1;
    if (trigger !== undefined) {
      this.#pending.get(trigger)?.removeAttribute("aria-disabled");
      this.#pending.delete(trigger);
    }
    if (this.#waiting > 0) return;
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
