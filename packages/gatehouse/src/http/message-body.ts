import type { IncomingMessage } from "node:http";

/** A piece of a body, or its end. */
export type BodyPiece = { readonly done: false; readonly value: Uint8Array } | { readonly done: true };

/** Gives a body piece by piece. */
export interface BodyReader {
  /** Rejects where the body ends before all of it is there. Called again once it has settled. */
  read(): Promise<BodyPiece>;
  /** Leaves what has not been read to whoever comes next. */
  release(): void;
}

interface Waiting {
  readonly resolve: (piece: BodyPiece) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads the body of a Node request as it comes from the socket: streams of the web platform copy every byte of it, which
 * is half of the work of receiving a large file. `undefined` where somebody else reads it already.
 */
export function readMessage(message: IncomingMessage): BodyReader | undefined {
  return message.readableFlowing === null ? new MessageReader(message) : undefined;
}

/** No more than one piece waits here for the next call; the socket waits meanwhile. */
class MessageReader implements BodyReader {
  readonly #message: IncomingMessage;
  #pieces: Uint8Array[] = [];
  #waiting: Waiting | undefined;
  #end: "all" | { readonly error: unknown } | undefined;
  #released = false;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  read(): Promise<BodyPiece> {
    const { promise, resolve, reject } = Promise.withResolvers<BodyPiece>();
    this.#waiting = { resolve, reject };
    this.#begin();
    this.#give();
    if (this.#waiting !== undefined) this.#message.resume();
    return promise;
  }

  release(): void {
    this.#released = true;
    this.#pieces = [];
    const message = this.#message;
    if (message.readableFlowing === true) message.pause();
    message.off("data", this.#take).off("end", this.#finish).off("error", this.#fail).off("close", this.#fail);
  }

  #begin(): void {
    const message = this.#message;
    if (this.#released || message.errored !== null || message.destroyed) return this.#fail(message.errored);
    if (message.readableEnded) return this.#finish();
    if (message.readableFlowing !== null) return;
    message.on("data", this.#take).on("end", this.#finish).on("error", this.#fail).on("close", this.#fail);
  }

  readonly #take = (piece: Uint8Array): void => {
    this.#pieces.push(piece);
    this.#give();
    if (this.#pieces.length > 0) this.#message.pause();
  };

  readonly #finish = (): void => {
    this.#end ??= "all";
    this.#give();
  };

  readonly #fail = (error?: unknown): void => {
    this.#end ??= { error: error ?? new Error("The connection has ended.") };
    this.#give();
  };

  /** Settles the present call, where there is something to settle it with. */
  #give(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const value = this.#pieces.shift();
    if (value === undefined && this.#end === undefined) return;
    this.#waiting = undefined;
    if (value !== undefined) waiting.resolve({ done: false, value });
    else if (this.#end === "all") waiting.resolve({ done: true });
    else waiting.reject(this.#end?.error);
  }
}
