import type { Clock } from "../../kernel/clock.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { ContentHolder, HeldPlace } from "./fair-places.ts";
import { busy, overtaken } from "./refusals.ts";

/** The place of one request that brings content: whose it is, and why it is given up before its time. */
export class Place implements HeldPlace {
  readonly holder: ContentHolder;
  /** Resolves once it is somebody else's to take. */
  readonly ended: Promise<void>;
  bytes = 0;
  readonly #resolve: () => void;
  readonly #clock: Clock;
  readonly #began: number;
  #stopped: "overtaken" | "yielded" | undefined;
  #ended = false;

  constructor(holder: ContentHolder, clock: Clock) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.holder = holder;
    this.ended = promise;
    this.#resolve = resolve;
    this.#clock = clock;
    this.#began = clock.monotonic();
  }

  get age(): number {
    return this.#clock.monotonic() - this.#began;
  }

  /** Whether it is given up for somebody else's content. */
  get yields(): boolean {
    return this.#stopped === "yielded";
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** What is answered to a request that has to stop; `undefined` where it has not. */
  get denial(): Denial | undefined {
    if (this.#stopped === undefined) return undefined;
    return this.#stopped === "yielded" ? busy() : overtaken();
  }

  stop(why: "overtaken" | "yielded"): void {
    this.#stopped ??= why;
  }

  end(): void {
    this.#ended = true;
    this.#resolve();
  }
}
