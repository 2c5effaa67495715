import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Clock } from "../../kernel/clock.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { Transport, TransportEvents } from "../transport.ts";
import type { TextFrames } from "./text-frames.ts";

/** What a WebSocket is kept with. */
export interface WebSocketLineParts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Shared by all lines. */
  readonly frames: TextFrames;
}

/** What a line is made of. */
export interface WebSocketEnds {
  readonly socket: WebSocket;
  /** What the socket's bytes go through. Nothing is compressed, so that the socket keeps none of them back. */
  readonly stream: Duplex;
}

/** Milliseconds in which a peer has to answer a close frame. */
const CLOSING_TIME = 5_000;
/** Control frames in a window of so many milliseconds. People's browsers send none by themselves. */
const CONTROL_FRAMES = 20;
const CONTROL_WINDOW = 10_000;
const LONGEST_REASON = 123;
/** Codes of the protocol: text alone is spoken, and a client that floods may come again. */
const BAD_REQUEST = 3501;
const TOO_MANY = 3013;

/** A line over a WebSocket. */
export class WebSocketLine implements Transport {
  readonly kind = "websocket";
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #parts: WebSocketLineParts;
  #closing = false;
  #controlFrames = 0;
  #windowEnds = -Infinity;

  constructor({ socket, stream }: WebSocketEnds, parts: WebSocketLineParts) {
    this.#socket = socket;
    this.#stream = stream;
    this.#parts = parts;
    // A socket whose error nobody hears ends the process. It closes by itself.
    socket.on("error", () => {});
  }

  get buffered(): number {
    return this.#stream.writableLength;
  }

  /** Says who hears of the line. */
  begin(events: TransportEvents): void {
    const socket = this.#socket;
    socket.on("message", (data: Buffer, isBinary) => {
      if (this.#closing) return;
      if (isBinary) this.close(BAD_REQUEST, "Only text is spoken.");
      else events.received(data.toString());
    });
    socket.on("ping", (data) => {
      if (this.#admitsControl()) socket.pong(data);
    });
    socket.on("pong", () => void this.#admitsControl());
    socket.once("close", () => events.closed());
  }

  send(message: Uint8Array): void {
    const { readyState, OPEN } = this.#socket;
    if (!this.#closing && readyState === OPEN) this.#stream.write(this.#parts.frames.of(message));
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.resume();
    this.#socket.close(code, shorten(reason));
    const timer = this.#parts.timers.after(CLOSING_TIME, () => this.cut(), "background");
    this.#socket.once("close", () => timer[Symbol.dispose]());
  }

  cut(): void {
    this.#closing = true;
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Counts pings and pongs, which cost a sender nothing. */
  #admitsControl(): boolean {
    if (this.#closing) return false;
    const now = this.#parts.clock.monotonic();
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + CONTROL_WINDOW;
      this.#controlFrames = 0;
    }
    this.#controlFrames += 1;
    if (this.#controlFrames <= CONTROL_FRAMES) return true;
    this.close(TOO_MANY, "Too many control frames.");
    return false;
  }
}

/** A reason has 123 bytes at most (RFC 6455 section 5.5); a character is not cut in two. */
function shorten(reason: string): string {
  let short = reason.slice(0, LONGEST_REASON);
  while (Buffer.byteLength(short) > LONGEST_REASON) short = short.slice(0, -1);
  return short.toWellFormed();
}
