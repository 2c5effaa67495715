import type { CoreParts } from "./chunks.ts";
import { Carriers, type CarriedNews } from "./carrier.ts";
import { EventReader, type StreamEvent } from "./event-reader.ts";
import type { Message, PushState } from "./push-state.ts";

/** Components of one stream at most; the server refuses more. */
const MOST = 200;
/** Milliseconds in which tabs are gathered that want something else. */
const GATHERING = 150;
/** Milliseconds without a byte after which a connection counts as dead: three signs of life of the server. */
const SILENCE = 45_000;
/** Milliseconds between attempts: the first, and at most. */
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;

/** What the server says when it refuses a stream. */
interface Refusal {
  readonly code?: string;
  readonly retry_after?: number;
  readonly components?: readonly string[];
}

/** The tab that has the stream of its browser, and tells the others what comes. */
export class Leader {
  readonly #core: CoreParts;
  readonly #state: PushState;
  readonly #tell: (message: Message) => void;
  readonly #left = new AbortController();
  readonly #carriers: Carriers;
  #stream = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(core: CoreParts, state: PushState, tell: (message: Message) => void) {
    this.#core = core;
    this.#state = state;
    this.#tell = tell;
    const { signal } = this.#left;
    window.addEventListener("online", this.#again, { signal });
    window.addEventListener("offline", this.#again, { signal });
    this.#carriers = new Carriers(this.#again, signal);
    tell({ kind: "ask" });
    this.changed();
  }

  /** Somebody wants something else. */
  changed(): void {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(this.#again, GATHERING);
  }

  stop(): void {
    this.#left.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
    this.#stream.abort();
  }

  /** Another stream instead of the present one, if there is any. */
  readonly #again = (): void => {
    clearTimeout(this.#timer);
    this.#stream.abort();
    if (this.#left.signal.aborted || !navigator.onLine) return;
    const stream = new AbortController();
    this.#stream = stream;
    this.#open(stream).then(
      (delay) => this.#later(stream, delay),
      () => this.#later(stream, this.#backOff()),
    );
  };

  #later({ signal }: AbortController, delay: number | undefined): void {
    if (signal.aborted || delay === undefined) return;
    this.#timer = setTimeout(this.#again, delay);
  }

  /** Follows a stream to its end, and answers after how many milliseconds there should be another one; if ever. */
  async #open(stream: AbortController): Promise<number | undefined> {
    await this.#forgetClosedTabs();
    const wants = new Map([...this.#state.tabs.values()].flat().slice(-MOST));
    if (wants.size === 0 || stream.signal.aborted) return undefined;
    const { position: last_event_id, joining } = this.#state;
    const joined = [...joining];
    const components = [...wants].map(([component_id, topics]) => ({
      ...{ component_id, topics },
      joining: joining.has(component_id),
    }));
    const request = { components, last_event_id };
    if (this.#carriers.patience > 0) return this.#carriers.patience;
    if (await this.#carry(request, joined, stream.signal)) return this.#backOff();
    if (stream.signal.aborted) return undefined;
    const response = await this.#core.wire.send("stream", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        "x-csrf-token": this.#core.currentToken(),
      },
      body: JSON.stringify(request),
      cache: "no-store",
      signal: stream.signal,
    });
    if (response.body === null || !response.ok) {
      // The document of the server's own route, or whatever something in between has written.
      return this.#refused((await response.json()) as Refusal, wants);
    }
    this.#tell({ kind: "open", joined, over: "stream" });
    await this.#read(response.body, stream);
    return this.#backOff();
  }

  /**
   * Hears of news over a connection of the application until it has ended, where there is one. What it refuses a stream
   * is asked for, which says why.
   */
  async #carry(request: object, joined: readonly string[], signal: AbortSignal): Promise<boolean> {
    const carrier = this.#carriers.for(request);
    if (carrier === undefined) return false;
    let isHeard = false;
    const hear = ({ event, id: position, components: ids = [] }: CarriedNews): void => {
      this.#failures = 0;
      if (!isHeard) this.#tell({ kind: "open", joined, over: "realtime" });
      isHeard = true;
      if (event === "stale") this.#tell({ kind: "stale", ids, position });
      else this.#tell({ kind: event === "reset" ? "reset" : "at", position });
    };
    await carrier.follow(request, hear, signal).catch(() => undefined);
    if (isHeard) this.#carriers.wait();
    return isHeard;
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, stream: AbortController): Promise<void> {
    const events = new EventReader();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const silence = setTimeout(() => stream.abort(), SILENCE);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done || stream.signal.aborted) return;
      this.#failures = 0;
      for (const event of events.take(value)) this.#pass(event);
    }
  }

  #pass({ event, data, id: position }: StreamEvent): void {
    if (event === "stale") {
      // Written by the server's own stream.
      const { components: ids } = JSON.parse(data) as { components: string[] };
      this.#tell({ kind: "stale", ids, position });
    } else if (event === "reset") this.#tell({ kind: "reset", position });
    else if (position !== "") this.#tell({ kind: "at", position });
  }

  async #refused(refusal: Refusal, wants: ReadonlyMap<string, string>): Promise<number | undefined> {
    const { code, components, retry_after: seconds = 0 } = refusal;
    if (components !== undefined) {
      this.#tell({ kind: "refused", tokens: components.flatMap((id) => wants.get(id) ?? []) });
      return 0;
    }
    const delay = this.#backOff();
    if (code === "CSRF_TOKEN_INVALID" || code === "SESSION_EXPIRED") {
      await this.#core.refreshToken();
      return this.#failures > 1 ? delay : 0;
    }
    return Math.max(delay, seconds * 1000);
  }

  /** Browsers that lost the server together do not come back together. */
  #backOff(): number {
    const delay = Math.min(FIRST_DELAY * 2 ** this.#failures, LONGEST_DELAY);
    this.#failures += 1;
    return delay * (0.5 + this.#core.fraction() / 2);
  }

  /** A tab that has crashed does not say so; its lock does. */
  async #forgetClosedTabs(): Promise<void> {
    const { tabs, own } = this.#state;
    if (!("locks" in navigator)) return;
    const { held = [] } = await navigator.locks.query();
    const names = new Set(held.map(({ name }) => name));
    for (const tab of tabs.keys()) if (tab !== own && !names.has(tab)) tabs.delete(tab);
  }
}
