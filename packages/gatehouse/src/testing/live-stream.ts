/** A component of a page that wants to hear of news. */
export interface FollowedComponent {
  readonly component_id: string;
  /** The token its element carries. */
  readonly topics: string;
  /** Whether it was not among those of the stream before. */
  readonly joining?: boolean;
}

/** The components of a page that want to hear of news, as its elements say. */
export function followedIn(page: string): FollowedComponent[] {
  const elements = page.matchAll(/<div\s[^>]*data-live="?([^\s">]+)"?[^>]*?data-live-topics="?([^\s">]+)"?/g);
  return [...elements].map(([, id = "", topics = ""]) => ({ component_id: id, topics }));
}

/** A stream of news on its way to a browser: what has arrived, whether it has ended. */
export class LiveStream implements AsyncDisposable {
  readonly response: Response;
  /** Messages that say something, in order: `stale` and `reset` with the components they name. */
  readonly told: { readonly event: string; readonly components: readonly string[] }[] = [];
  /** Everything that has arrived, as it was sent. */
  text = "";
  /** Where the stream is: what a browser that comes back says. */
  position = "";
  /** `ended` by the server, `cut` where it gave up on the reader. */
  state: "open" | "ended" | "cut" = "open";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #unread = "";

  /** @param reading - whether what arrives is taken; a slow reader takes nothing. Default true. */
  constructor(response: Response, reading = true) {
    if (response.body === null) throw new TypeError("The response has no body.");
    this.response = response;
    this.#reader = response.body.getReader();
    if (reading) void this.read();
  }

  /** Takes what arrives, to the end. */
  async read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#take(decoder.decode(value, { stream: true }));
      }
      this.state = "ended";
    } catch {
      this.state = "cut";
    }
  }

  /** Goes away, as a closed tab does. */
  async close(): Promise<void> {
    await this.#reader.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(piece: string): void {
    this.text += piece;
    const messages = (this.#unread + piece).split("\n\n");
    this.#unread = messages.pop() ?? "";
    for (const message of messages) {
      const fields = new Map(message.split("\n").map((line) => [line.split(": ")[0], line.replace(/^[^:]*: /, "")]));
      this.position = fields.get("id") ?? this.position;
      const data = fields.get("data");
      if (data === undefined) continue;
      // Written by the server's own stream.
      const { components } = JSON.parse(data) as { components: string[] };
      this.told.push({ event: fields.get("event") ?? "", components });
    }
  }
}
