import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";

/** How fast a body has to arrive. Times are milliseconds. */
export interface BodyPace {
  /** Bytes that have to come in each interval while the body is waited for. */
  readonly least: number;
  readonly interval: number;
  /** Until all of it is there. */
  readonly longest: number;
}

/** Slower than any connection that is of use, and enough time for a large file over a slow one. */
export const UPLOAD_PACE: BodyPace = { least: 4_096, interval: 10_000, longest: 600_000 };

/**
 * A body that is taken piece by piece, for those that are too large to be held. No more than what the connection
 * buffers is in memory; a sender who is too slow is given up.
 */
export class BodyStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #pace: BodyPace;
  readonly #tooSlow = Promise.withResolvers<"too slow">();
  #received = 0;
  /** Bytes that were there at the last look. */
  #seen = 0;
  #waiting = false;
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(request: Request, pace: BodyPace) {
    this.#reader = request.body?.getReader();
    this.#pace = pace;
  }

  /** The next piece; `undefined` at the end, a denial when the rest does not come. */
  async read(): Promise<Uint8Array | Denial | undefined> {
    if (this.#reader === undefined) return undefined;
    if (this.#timers.length === 0) this.#watch();
    this.#waiting = true;
    try {
      const piece = await Promise.race([this.#reader.read(), this.#tooSlow.promise]);
      if (piece === "too slow") return this.#giveUp("The body came too slowly.");
      if (piece.done) {
        this.close();
        return undefined;
      }
      this.#received += piece.value.byteLength;
      return piece.value;
    } catch {
      return this.#giveUp("The body ended early.");
    } finally {
      this.#waiting = false;
    }
  }

  /** Ends the watch over the pace. What has not been read is the server's to bound. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #watch(): void {
    const { least, interval, longest } = this.#pace;
    const tooSlow = (): void => this.#tooSlow.resolve("too slow");
    const look = (): void => {
      // While we are busy storing, nobody can send faster.
      if (this.#waiting && this.#received - this.#seen < least) tooSlow();
      this.#seen = this.#received;
    };
    this.#timers = [setInterval(look, interval).unref(), setTimeout(tooSlow, longest).unref()];
  }

  #giveUp(detail: string): Denial {
    this.close();
    return deny(problems.REQUEST_TIMEOUT, { detail, event: events.request_malformed, context: { reason: detail } });
  }
}
