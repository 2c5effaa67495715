import { fingerprintOf, forget, recall, remember } from "./memory.ts";
import { sendUpload, type UploadReply, type UploadRequest } from "./requests.ts";
import type { PageToken } from "./token.ts";

/** Where an upload stands. */
export type UploadState = "waiting" | "sending" | "paused" | "retrying" | "done" | "refused" | "cancelled";

/** What an upload is made with. */
export interface UploadParts {
  readonly file: File;
  /** Where uploads are begun. */
  readonly endpoint: string;
  readonly token: PageToken;
  /** Bytes of one request at most; 0: all of it. */
  readonly piece: number;
  /** Told of everything that changes. */
  readonly changed: (upload: FileUpload) => void;
}

/** Milliseconds until the first retry, and between two of them at most. */
const RETRY = { first: 1_000, most: 30_000 };
/** Milliseconds between questions what became of a file. */
const FOLLOWING = [500, 1_000, 2_000, 4_000, 8_000, ...Array.from({ length: 20 }, () => 30_000)];
const TYPE = { "content-type": "application/offset+octet-stream" };
/** Answers after which the same makes sense once more. */
const PASSING: ReadonlySet<number> = new Set([0, 408, 409, 423, 425, 429, 460, 500, 502, 503, 504, 507]);

/** One file on its way: goes on by itself after interruptions, until it is there, refused, paused or cancelled. */
export class FileUpload {
  readonly file: File;
  state: UploadState = "waiting";
  /** Bytes that have been sent. */
  sent = 0;
  /** Why it was refused, for people. */
  reason: string | undefined;
  /** What the server says became of the file once it had arrived: `published`, `infected` and the like. */
  outcome: string | undefined;
  /** The identifier of the upload, once it has begun. */
  id: string | undefined;
  readonly #parts: UploadParts;
  readonly #fingerprint: string;
  #url: string | undefined;
  #stop = new AbortController();
  #failures = 0;

  constructor(parts: UploadParts) {
    this.file = parts.file;
    this.#parts = parts;
    this.#fingerprint = fingerprintOf(parts.endpoint, parts.file);
    this.#url = recall(this.#fingerprint);
  }

  /** Whether there is something left to be done without anybody asking for it. */
  get isOpen(): boolean {
    return this.state === "waiting";
  }

  /** Sends what is left; resolves when that is over or was stopped. */
  async run(): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#become("sending");
    while (!signal.aborted) {
      const outcome = await this.#go(signal);
      if (signal.aborted || outcome === "over") return;
      this.#become("retrying");
      await this.#pause(outcome, signal);
    }
  }

  pause(): void {
    if (this.state === "sending" || this.state === "retrying" || this.state === "waiting") this.#end("paused");
  }

  /** Has it sent again with the next turn. */
  resume(): void {
    if (this.state === "paused" || this.state === "refused") this.#become("waiting");
  }

  /** Gives it up, here and at the server. */
  cancel(): void {
    const url = this.#url;
    this.#end("cancelled");
    forget(this.#fingerprint);
    if (url === undefined) return;
    const { token } = this.#parts;
    void sendUpload({ method: "DELETE", url, headers: token.header, signal: new AbortController().signal });
  }

  /** One way to the end; milliseconds to wait where it was interrupted, by the server's word. */
  async #go(signal: AbortSignal): Promise<"over" | { readonly after: number | undefined }> {
    const place = this.#url === undefined ? await this.#begin(signal) : await this.#look(this.#url, signal);
    if (typeof place !== "number") return place;
    let offset = place;
    while (offset < this.file.size) {
      const { piece } = this.#parts;
      const end = piece > 0 ? Math.min(this.file.size, offset + piece) : this.file.size;
      const begun = offset;
      const reply = await this.#send({
        ...{ method: "PATCH", url: this.#url ?? "", signal, body: this.file.slice(offset, end) },
        headers: { ...TYPE, "upload-offset": String(offset) },
        progress: (sent) => this.#note(begun + sent),
      });
      const reached = Number(reply.field("upload-offset") ?? Number.NaN);
      if (reply.status !== 204 || !(reached > offset)) return this.#judge(reply);
      this.#failures = 0;
      offset = reached;
      this.#note(offset);
    }
    forget(this.#fingerprint);
    this.#become("done");
    void this.#follow();
    return "over";
  }

  /** Asks what becomes of the file, less and less often, until that is settled. */
  async #follow(): Promise<void> {
    for (const pause of FOLLOWING) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      const { signal } = new AbortController();
      const reply = await this.#send({ method: "HEAD", url: this.#url ?? "", headers: {}, signal });
      const outcome = reply.field("gatehouse-file");
      if (reply.status !== 0 && outcome === null) return;
      this.outcome = outcome ?? this.outcome;
      this.#parts.changed(this);
      if (outcome !== null && outcome !== "waiting") return;
    }
  }

  async #begin(signal: AbortSignal): Promise<number | "over" | { readonly after: number | undefined }> {
    const { file } = this;
    const metadata = [
      ["filename", file.name],
      ["filetype", file.type],
    ] as const;
    const pairs = metadata.filter(([, value]) => value !== "").map(([key, value]) => `${key} ${base64(value)}`);
    const headers = { "upload-length": String(file.size), "upload-metadata": pairs.join() };
    const reply = await this.#send({ method: "POST", url: this.#parts.endpoint, headers, signal });
    const location = reply.field("location");
    if (reply.status !== 201 || location === null) return this.#judge(reply);
    this.#url = new URL(location, this.#parts.endpoint).href;
    this.id = this.#url.split("/").at(-1);
    const until = Date.parse(reply.field("upload-expires") ?? "") || Date.now() + 86_400_000;
    remember(this.#fingerprint, { url: this.#url, name: file.name, until });
    return Number(reply.field("upload-offset") ?? 0);
  }

  async #look(url: string, signal: AbortSignal): Promise<number | "over" | { readonly after: number | undefined }> {
    const reply = await this.#send({ method: "HEAD", url, headers: {}, signal });
    const offset = Number(reply.field("upload-offset") ?? Number.NaN);
    if (reply.status === 204 && offset <= this.file.size && reply.field("upload-length") === String(this.file.size)) {
      this.id = url.split("/").at(-1);
      this.#note(offset);
      return offset;
    }
    if (reply.status === 204 || reply.status === 404 || reply.status === 410) {
      // It is not there any more, or of another file.
      this.#url = undefined;
      forget(this.#fingerprint);
      return this.#begin(signal);
    }
    return this.#judge(reply);
  }

  /** Sends a request with the token, and once more with a fresh one where that was all there was against it. */
  async #send(request: UploadRequest): Promise<UploadReply> {
    const { token } = this.#parts;
    const once = async (): Promise<UploadReply> => {
      const reply = await sendUpload({ ...request, headers: { ...token.header, ...request.headers } });
      token.note(reply);
      return reply;
    };
    const reply = await once();
    return token.isStale(reply) && (await token.refresh()) ? once() : reply;
  }

  #judge(reply: UploadReply): "over" | { readonly after: number | undefined } {
    if (PASSING.has(reply.status)) {
      const seconds = Number(reply.field("retry-after") ?? Number.NaN);
      return { after: Number.isFinite(seconds) ? seconds * 1000 : undefined };
    }
    if (this.#stop.signal.aborted) return "over";
    this.reason = reply.detail;
    this.#become("refused");
    return "over";
  }

  /** Waits a while, longer each time, and not at all once the browser has a connection again. */
  #pause({ after }: { readonly after: number | undefined }, signal: AbortSignal): Promise<void> {
    const longest = Math.min(RETRY.most, RETRY.first * 2 ** this.#failures);
    this.#failures += 1;
    const time = after ?? longest / 2 + (Math.random() * longest) / 2;
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(), time);
      const end = (): void => {
        clearTimeout(timer);
        removeEventListener("online", end);
        signal.removeEventListener("abort", end);
        if (!signal.aborted) this.#become("sending");
        resolve();
      };
      addEventListener("online", end);
      signal.addEventListener("abort", end);
    });
  }

  #note(sent: number): void {
    this.sent = sent;
    this.#parts.changed(this);
  }

  #end(state: "paused" | "cancelled"): void {
    this.#become(state);
    this.#stop.abort();
  }

  #become(state: UploadState): void {
    this.state = state;
    this.#parts.changed(this);
  }
}

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
