import type { Clock } from "../kernel/clock.ts";
import type { Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { Timers } from "../kernel/timers.ts";
import type { BodyPiece, BodyReader } from "./message-body.ts";
import { endedEarly, refuseRequest } from "./refusal.ts";
import { refuseShredded } from "./shredded-body.ts";

/** How fast a body has to arrive. Times are milliseconds. */
export interface BodyPace {
  /** Bytes that have to come while the body is waited for as long as an interval. */
  readonly least: number;
  readonly interval: number;
  /** Until all of it is there. */
  readonly longest: number;
}

/** Slower than any connection that is of use, and enough time for a large file over a slow one. */
export const UPLOAD_PACE: BodyPace = { least: 32_768, interval: 10_000, longest: 600_000 };

/** What a body is read with. */
export interface BodyStreamParts {
  readonly pace: BodyPace;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Has the transport wait so many milliseconds for the body, where it bounds that itself. */
  readonly allowTime: ((milliseconds: number) => void) | undefined;
  /** Where the body is read. Default: the request's. */
  readonly reader?: BodyReader | undefined;
  /** Aborted when the server stops. */
  readonly stopping?: AbortSignal | undefined;
}

/** Milliseconds by which the transport waits longer than the reader of a body. */
const MARGIN = 5_000;

/**
 * A body that is taken piece by piece, for those that are too large to be held. No more than what the connection
 * buffers is in memory; a sender who is too slow is given up.
 */
export class BodyStream {
  readonly #reader: Pick<BodyReader, "read"> | undefined;
  readonly #parts: BodyStreamParts;
  #end: Disposable | undefined;
  /** Runs no later than the pace can have been missed. One goes on for many pieces. */
  #watch: Disposable | undefined;
  /** Ends the present wait, and knows of no other: races with one promise for all of them would hold all pieces. */
  #expire: (() => void) | undefined;
  #expired = false;
  #allowed = false;
  /** When the present wait began; `undefined` while nobody waits. */
  #began: number | undefined;
  /** Milliseconds that were waited, and bytes that came, since the pace was last seen to be kept. */
  #waited = 0;
  #received = 0;
  #pieces = 0;
  #bytes = 0;

  constructor(request: Request, parts: BodyStreamParts) {
    this.#reader = parts.reader ?? request.body?.getReader();
    this.#parts = parts;
  }

  /** Has what is left take the time of its pace, instead of what every request may take. For whoever may send it. */
  allowTime(): void {
    if (this.#allowed) return;
    this.#allowed = true;
    this.#parts.allowTime?.(this.#parts.pace.longest + MARGIN);
  }

  /** The next piece; `undefined` at the end, a denial when the rest does not come. */
  async read(): Promise<Uint8Array | Denial | undefined> {
    const reader = this.#reader;
    if (reader === undefined) return undefined;
    const { pace, timers } = this.#parts;
    this.#end ??= timers.after(pace.longest, () => this.#endTime(), "background");
    try {
      const piece = await this.#next(reader);
      if (piece === "too slow") return this.#giveUp();
      if (!piece.done) return this.#count(piece.value);
      this.close();
      return undefined;
    } catch {
      this.close();
      return endedEarly(this.#parts.stopping);
    }
  }

  /** Gives up the rest at once: whoever waits for it is told that it does not come. */
  abandon(): void {
    this.#endTime();
  }

  /** Ends the watch over the pace. What has not been read is the server's to bound. */
  close(): void {
    this.#end?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
    this.#parts.reader?.release();
  }

  async #next(reader: Pick<BodyReader, "read">): Promise<BodyPiece | "too slow"> {
    if (this.#expired) return "too slow";
    const { promise, resolve, reject } = Promise.withResolvers<BodyPiece | "too slow">();
    // What came while this process was busy is read before anybody is given up.
    this.#expire = () => void setImmediate(() => resolve("too slow"));
    const began = this.#parts.clock.monotonic();
    this.#began = began;
    this.#watch ??= this.#watchPace(this.#parts.pace.interval - this.#waited);
    reader.read().then(resolve, reject);
    const piece = await promise;
    this.#began = undefined;
    // Only waiting counts: while we are busy storing, nobody can send faster.
    this.#waited += this.#parts.clock.monotonic() - began;
    return piece;
  }

  #count(piece: Uint8Array): Uint8Array | Denial {
    this.#pieces += 1;
    this.#bytes += piece.byteLength;
    this.#received += piece.byteLength;
    if (this.#received >= this.#parts.pace.least) [this.#waited, this.#received] = [0, 0];
    const refused = refuseShredded(this.#pieces, this.#bytes);
    if (refused !== undefined) this.close();
    return refused ?? piece;
  }

  #watchPace(milliseconds: number): Disposable {
    return this.#parts.timers.after(milliseconds, () => this.#checkPace(), "background");
  }

  #checkPace(): void {
    this.#watch = undefined;
    // The next wait is watched again.
    if (this.#began === undefined) return;
    const { pace, clock } = this.#parts;
    const left = pace.interval - this.#waited - (clock.monotonic() - this.#began);
    if (left <= 0) this.#expire?.();
    else this.#watch = this.#watchPace(left);
  }

  #endTime(): void {
    this.#expired = true;
    this.#expire?.();
  }

  #giveUp(): Denial {
    this.close();
    return refuseRequest(problems.REQUEST_TIMEOUT, "The body came too slowly.");
  }
}
