import type { Clock } from "../kernel/clock.ts";
import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { Timers } from "../kernel/timers.ts";

/** How fast a body has to arrive. Times are milliseconds. */
export interface BodyPace {
  /** Bytes that have to come while the body is waited for as long as an interval. */
  readonly least: number;
  readonly interval: number;
  /** Until all of it is there. */
  readonly longest: number;
}

/** Slower than any connection that is of use, and enough time for a large file over a slow one. */
export const UPLOAD_PACE: BodyPace = { least: 4_096, interval: 10_000, longest: 600_000 };

/** What a body is read with. */
export interface BodyStreamParts {
  readonly pace: BodyPace;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Has the transport wait so many milliseconds for the body, where it bounds that itself. */
  readonly allowTime: ((milliseconds: number) => void) | undefined;
}

/** Milliseconds by which the transport waits longer than the reader of a body. */
const MARGIN = 5_000;

/**
 * A body that is taken piece by piece, for those that are too large to be held. No more than what the connection
 * buffers is in memory; a sender who is too slow is given up.
 */
export class BodyStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #parts: BodyStreamParts;
  #end: Disposable | undefined;
  /** Ends the present wait, and knows of no other: races with one promise for all of them would hold all pieces. */
  #expire: (() => void) | undefined;
  #expired = false;
  #allowed = false;
  /** Milliseconds that were waited, and bytes that came, since the pace was last seen to be kept. */
  #waited = 0;
  #received = 0;

  constructor(request: Request, parts: BodyStreamParts) {
    this.#reader = request.body?.getReader();
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
      if (piece === "too slow") return this.#giveUp("The body came too slowly.");
      if (!piece.done) return piece.value;
      this.close();
      return undefined;
    } catch {
      return this.#giveUp("The body ended early.");
    }
  }

  /** Ends the watch over the pace. What has not been read is the server's to bound. */
  close(): void {
    this.#end?.[Symbol.dispose]();
  }

  async #next(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<Awaited<ReturnType<typeof reader.read>> | "too slow"> {
    const { pace, clock, timers } = this.#parts;
    if (this.#expired) return "too slow";
    const began = clock.monotonic();
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof reader.read>> | "too slow">();
    // What came while this process was busy is read before anybody is given up.
    const expire = (): void => void setImmediate(() => resolve("too slow"));
    this.#expire = expire;
    using _watch = timers.after(pace.interval - this.#waited, expire, "background");
    reader.read().then(resolve, reject);
    const piece = await promise;
    if (piece === "too slow") return piece;
    // Only waiting counts: while we are busy storing, nobody can send faster.
    this.#waited += clock.monotonic() - began;
    this.#received += piece.value?.byteLength ?? 0;
    if (this.#received >= pace.least) [this.#waited, this.#received] = [0, 0];
    return piece;
  }

  #endTime(): void {
    this.#expired = true;
    this.#expire?.();
  }

  #giveUp(detail: string): Denial {
    this.close();
    return deny(problems.REQUEST_TIMEOUT, { detail, event: events.request_malformed, context: { reason: detail } });
  }
}
