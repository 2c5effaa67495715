import type {
  ChannelKey,
  Publications,
  StoredPublication,
  StreamPosition,
  StreamPositions,
} from "../../kernel/ports/publications.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { pause, type Timers } from "../../kernel/timers.ts";

/** What reading streams needs. */
export interface StreamReaderParts {
  readonly store: Pick<Store, "read">;
  readonly publications: Pick<Publications, "after">;
  readonly positions: StreamPositions;
  readonly timers: Timers;
}

interface Asked {
  readonly key: ChannelKey;
  readonly resolve: (position: StreamPosition | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Channels that are asked for in one query. */
const MOST_AT_ONCE = 500;
/** Publications that are read at once. */
const PAGE = 200;
/** How often what a store in trouble does not tell is asked for, and the milliseconds between. */
const TRIES = 5;
const PAUSE = 300;

/** Reads streams from the store: where they are, and what was missed. */
export class StreamReader {
  readonly #parts: StreamReaderParts;
  #asked: Asked[] = [];

  constructor(parts: StreamReaderParts) {
    this.#parts = parts;
  }

  /** Where a stream is. Who asks in the same turn of the event loop is answered by one query. */
  position(key: ChannelKey): Promise<StreamPosition | undefined> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ key, resolve, reject });
      if (this.#asked.length === 1) setImmediate(() => this.#answer());
    });
  }

  /** Where many streams are, in the order asked. */
  async positions(keys: readonly ChannelKey[]): Promise<readonly (StreamPosition | undefined)[]> {
    const { store, positions } = this.#parts;
    const found: (StreamPosition | undefined)[] = [];
    for (let start = 0; start < keys.length; start += MOST_AT_ONCE) {
      const some = keys.slice(start, start + MOST_AT_ONCE);
      found.push(...(await store.read((transaction) => positions.newest(transaction, some))));
    }
    return found;
  }

  /** The next publications after a position; a store in trouble is asked a few times. */
  async after(key: ChannelKey, position: StreamPosition): Promise<readonly StoredPublication[]> {
    const { store, publications, timers } = this.#parts;
    for (let tries = 1; ; tries += 1) {
      try {
        return await store.read((transaction) => publications.after(transaction, key, position, PAGE));
      } catch (error) {
        if (tries === TRIES) throw error;
        await pause(timers, PAUSE * tries);
      }
    }
  }

  #answer(): void {
    const asked = this.#asked;
    this.#asked = [];
    this.positions(asked.map(({ key }) => key)).then(
      (found) => asked.forEach(({ resolve }, index) => resolve(found[index])),
      (error: unknown) => asked.forEach(({ reject }) => reject(error)),
    );
  }
}
