import type { Transport, TransportEvents, TransportKind } from "../realtime/transport.ts";

/** What a client has been told: a reply, a push, or a sign of life where there is neither. */
export interface Told {
  readonly id?: number;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly temporary?: boolean;
    readonly retry_after?: number;
  };
  readonly push?: Readonly<Record<string, Readonly<Record<string, unknown>>>> & { readonly channel?: string };
  readonly [method: string]: unknown;
}

/**
 * A line in memory. What is said arrives at once, unless the reader stalls: then it is buffered, as in a socket whose
 * other side does not read. What the client sends waits while nothing is read.
 */
export class MemoryLine implements Transport {
  readonly kind: TransportKind;
  /** Messages as they were sent, in order. */
  readonly messages: Uint8Array[] = [];
  /** How the server ended it. */
  ended: { readonly code: number; readonly reason: string } | "cut" | undefined;
  isPaused = false;
  #events: TransportEvents | undefined;
  #isStalled = false;
  #unread: Uint8Array[] = [];
  #held: string[] = [];
  #isOpen = true;
  #taken = 0;

  readonly #told: () => void;

  /** `told`: called, a turn later, whenever something has arrived or the line has ended. */
  constructor(kind: TransportKind = "websocket", told: () => void = () => undefined) {
    this.kind = kind;
    this.#told = told;
  }

  /** Whether it has not ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What has become of the line is told to these. */
  attach(events: TransportEvents): void {
    this.#events = events;
  }

  /** The code with which the server ended it; `undefined` where it did not. */
  get code(): number | undefined {
    return typeof this.ended === "object" ? this.ended.code : undefined;
  }

  get buffered(): number {
    return this.#unread.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  send(message: Uint8Array): void {
    if (!this.#isOpen) return;
    if (this.#isStalled) this.#unread.push(message);
    else this.messages.push(message);
    setImmediate(this.#told);
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.ended = { code, reason };
    this.#end();
  }

  cut(): void {
    if (!this.#isOpen) return;
    this.ended = "cut";
    this.#end();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const message of this.#held.splice(0)) this.#events?.received(message);
  }

  /** The client sends a frame: commands, one a line, or a text as it is. */
  say(...commands: readonly (object | string)[]): void {
    if (!this.#isOpen) return;
    const frame = commands
      .map((command) => (typeof command === "string" ? command : JSON.stringify(command)))
      .join("\n");
    if (this.isPaused) this.#held.push(frame);
    else this.#events?.received(frame);
  }

  /** The client goes without a word. */
  hangUp(): void {
    if (this.#isOpen) this.#end();
  }

  /** The client reads nothing until `read`. */
  stall(): void {
    this.#isStalled = true;
  }

  /** The client reads what has been waiting. */
  read(): void {
    this.#isStalled = false;
    this.messages.push(...this.#unread.splice(0));
  }

  /** Everything the client has been told so far. */
  get told(): readonly Told[] {
    const text = this.messages.map((message) => new TextDecoder().decode(message)).join("\n");
    // What a server says are replies and pushes.
    return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Told);
  }

  /** What the client has been told since it was asked the last time. */
  take(): readonly Told[] {
    const { told } = this;
    const news = told.slice(this.#taken);
    this.#taken = told.length;
    return news;
  }

  #end(): void {
    this.#isOpen = false;
    this.#unread = [];
    queueMicrotask(() => this.#events?.closed());
    setImmediate(this.#told);
  }
}
