import type { Message } from "../push-state.ts";

const NAME = "gatehouse-push";

/** What is known of the stream by which this browser hears of news. */
export interface StreamState {
  readonly is: "none" | "asked" | "open" | "ended" | "refused" | "elsewhere" | "carried";
  /** Why, where it was refused. */
  readonly code: string | undefined;
  /** Epoch milliseconds of the last word from the server, in this tab or another. */
  readonly heard: number | undefined;
  /** Pieces of news so far. */
  readonly news: number;
}

/** Looks at the stream of news: this tab's own, or the one that another tab of the browser has. */
export class StreamWatch {
  readonly #changed: () => void;
  #channel: BroadcastChannel | undefined;
  #state: StreamState = { is: "none", code: undefined, heard: undefined, news: 0 };
  /** Counts the streams of this tab: an older one that ends says nothing about the present one. */
  #streams = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Hears what the tabs tell each other, for as long as the page is there. */
  listen(): void {
    if (!("BroadcastChannel" in window)) return;
    this.#channel?.close();
    this.#channel = new BroadcastChannel(NAME);
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Message>) => this.#hear(data));
  }

  /** The page is left, perhaps to be returned to. */
  leave(): void {
    this.#channel?.close();
    this.#streams += 1;
    this.#set({ is: "none", code: undefined });
  }

  /** A stream is asked for; what is answered notes that it has come to nothing. */
  asked(signal: AbortSignal | undefined): () => void {
    this.#streams += 1;
    const stream = this.#streams;
    const end = (): void => {
      if (stream === this.#streams) this.#set({ is: "ended" });
    };
    this.#set({ is: "asked", code: undefined });
    signal?.addEventListener("abort", end);
    return end;
  }

  /** Follows a copy of the stream to its end. */
  async opened(copy: Response): Promise<void> {
    const stream = this.#streams;
    this.#set({ is: "open", heard: Date.now() });
    const reader = copy.body?.getReader();
    try {
      while ((await reader?.read())?.done === false) {
        if (stream === this.#streams) this.#set({ heard: Date.now() });
      }
    } finally {
      if (stream === this.#streams) this.#set({ is: "ended" });
    }
  }

  refused(code: string): void {
    this.#set({ is: "refused", code });
  }

  #hear(message: Message): void {
    const { is, news } = this.#state;
    if (!("position" in message) && message.kind !== "open") return;
    if (message.kind === "open" && message.over === "realtime") return this.#set({ is: "carried", heard: Date.now() });
    const told = message.kind === "stale" || message.kind === "reset" ? 1 : 0;
    this.#set({ is: is === "none" ? "elsewhere" : is, heard: Date.now(), news: news + told });
  }

  #set(change: Partial<StreamState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed();
  }
}
