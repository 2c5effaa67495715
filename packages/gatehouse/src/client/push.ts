import type { CoreParts } from "./chunks.ts";
import { Leader } from "./push-leader.ts";
import type { Message, PushState, Wants } from "./push-state.ts";

const NAME = "gatehouse-push";
/** Milliseconds: after news, not every browser asks at once; and again where that was not possible. */
const SPREAD = 400;
const RETRY = 5_000;

/** Has this page hear of news, together with the other tabs of the browser where it can: one stream is enough for all. */
export function start(core: CoreParts): void {
  let tab = new Tab(core);
  window.addEventListener("pagehide", () => tab.stop());
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) tab = new Tab(core);
  });
}

/** This page among the tabs of its browser. */
class Tab {
  readonly #core: CoreParts;
  readonly #state: PushState;
  /** Without locks and channels the tabs cannot agree on one of them, and each has a stream of its own. */
  readonly #channel = "locks" in navigator && "BroadcastChannel" in window ? new BroadcastChannel(NAME) : undefined;
  readonly #stopped = new AbortController();
  readonly #stale = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leader: Leader | undefined;

  constructor(core: CoreParts) {
    this.#core = core;
    const own = `${NAME}:${crypto.randomUUID()}`;
    this.#state = { own, tabs: new Map(), joining: new Set(), position: undefined };
    const { signal } = this.#stopped;
    this.#channel?.addEventListener("message", ({ data }: MessageEvent<Message>) => this.#hear(data));
    document.addEventListener("visibilitychange", () => this.#plan(0), { signal });
    const follow = (): void => {
      document.addEventListener("live:shown", () => this.#look(), { signal });
      this.#look();
    };
    if (this.#channel === undefined) {
      follow();
      this.#lead();
    } else {
      // Held for as long as the page is there, so that the others know: one that says what it wants before that
      // is taken for a tab that has crashed.
      this.#hold(own, () => {
        follow();
        this.#hold(NAME, () => this.#lead());
      });
    }
  }

  /** The page is left: what it holds goes to another tab. */
  stop(): void {
    this.#tell({ kind: "want", tab: this.#state.own, wants: [], joining: [] });
    this.#leader?.stop();
    this.#stopped.abort();
    this.#channel?.close();
    clearTimeout(this.#timer);
  }

  #hold(name: string, held: () => void): void {
    const { signal } = this.#stopped;
    const until = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const hold = (): Promise<void> => {
      held();
      return until;
    };
    navigator.locks.request(name, { signal }, hold).catch(() => undefined);
  }

  #lead(): void {
    this.#leader = new Leader(this.#core, this.#state, (message) => {
      this.#tell(message);
      this.#hear(message);
    });
  }

  #tell(message: Message): void {
    this.#channel?.postMessage(message);
  }

  #hear(message: Message): void {
    const { own, tabs, joining } = this.#state;
    if ("position" in message) this.#state.position = message.position;
    switch (message.kind) {
      case "ask":
        this.#tell({ kind: "want", tab: own, wants: this.#wants, joining: [] });
        break;
      case "want":
        tabs.set(message.tab, message.wants);
        for (const id of message.joining) joining.add(id);
        if (message.joining.length > 0) this.#leader?.changed();
        break;
      case "open":
        for (const id of message.joined) joining.delete(id);
        break;
      case "stale":
        this.#renew(message.ids);
        break;
      case "reset":
        this.#renew(this.#wants.map(([id]) => id));
        break;
      case "refused":
        this.#renew(this.#refused(message.tokens));
        break;
      case "at":
    }
  }

  get #wants(): Wants {
    return this.#state.tabs.get(this.#state.own) ?? [];
  }

  /** Looks which components of the page want to hear of news by now. */
  #look(): void {
    const { own, tabs } = this.#state;
    const before = new Map(this.#wants);
    const wants = this.#core
      .componentsBy("[data-live-topics]")
      .map(({ id, root }) => [id, root.dataset["liveTopics"] ?? ""] as const);
    tabs.set(own, wants);
    const joining = wants.filter(([id]) => !before.has(id)).map(([id]) => id);
    const message = { kind: "want", tab: own, wants, joining } as const;
    // A fresh token for the same component matters with the next stream.
    if (joining.length > 0) this.#hear(message);
    this.#tell(message);
  }

  /** Takes back what the server refused to tell of, and answers which components those are. */
  #refused(tokens: readonly string[]): string[] {
    const { tabs } = this.#state;
    const isRefused = ([, token]: Wants[number]): boolean => tokens.includes(token);
    const ids = this.#wants.filter(isRefused).map(([id]) => id);
    for (const [tab, wants] of tabs) {
      const left = wants.filter((want) => !isRefused(want));
      tabs.set(tab, left);
    }
    // Loading the component may bring another token; this one is no good any more.
    for (const id of ids) this.#core.componentById(id)?.root.removeAttribute("data-live-topics");
    return ids;
  }

  #renew(ids: readonly string[]): void {
    for (const id of ids) if (this.#core.componentById(id) !== undefined) this.#stale.add(id);
    this.#plan(this.#core.fraction() * SPREAD);
  }

  #plan(delay: number): void {
    if (this.#stale.size === 0 || document.hidden) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), delay);
  }

  async #ask(): Promise<void> {
    const { componentById, refresh } = this.#core;
    const components = [...this.#stale].flatMap((id) => componentById(id) ?? []);
    // The answer to an action under way may be older than the news, and may be a refusal: asked for after it.
    const free = components.filter(({ isBusy }) => !isBusy);
    this.#stale.clear();
    for (const { id, isBusy } of components) if (isBusy) this.#stale.add(id);
    let delay = SPREAD;
    try {
      if (free.length > 0) await refresh(free);
      for (const { id, isBusy } of free) if (isBusy) this.#stale.add(id);
      this.#look();
    } catch {
      for (const { id } of free) this.#stale.add(id);
      delay = RETRY * (1 + this.#core.fraction());
    }
    if (!this.#stopped.signal.aborted) this.#plan(delay);
  }
}
