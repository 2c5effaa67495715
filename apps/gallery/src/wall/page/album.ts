import type { Photo } from "./photo-list.ts";

/** Milliseconds over which pages that hear of the same photo ask for it. */
const SPREAD = 600;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** Milliseconds after which it is looked whether news were missed. */
const LOOK = 5 * 60_000;

/** Asks for the photos there are, whenever there are news: with this page's own session, at the public API. */
export class Album {
  readonly #address: string;
  readonly #shown: (photos: readonly Photo[]) => void;
  #asking: Promise<void> | undefined;
  #again = false;
  #ended = false;

  constructor(address: string, shown: (photos: readonly Photo[]) => void) {
    this.#address = address;
    this.#shown = shown;
    setInterval(() => this.refresh(), LOOK);
  }

  /** Asks, once for all news that come meanwhile. */
  refresh(): void {
    this.#again = true;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
  }

  /** Asks no more. */
  end(): void {
    this.#ended = true;
  }

  async #ask(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (this.#again && !this.#ended) {
      await after(Math.random() * SPREAD);
      this.#again = false;
      const photos = await this.#fetch();
      if (this.#ended) return;
      if (photos !== undefined) {
        pause = FIRST_PAUSE;
        this.#shown(photos.filter(({ isVideo, forms }) => !isVideo && forms["view"] !== undefined));
        continue;
      }
      this.#again = true;
      await after(pause * (0.5 + Math.random()));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  /** `undefined` where they are not to be had now. */
  async #fetch(): Promise<readonly Photo[] | undefined> {
    try {
      const answer = await fetch(this.#address, { headers: { accept: "application/json" } });
      if (!answer.ok) return undefined;
      // A document of the gallery's own API.
      return ((await answer.json()) as { readonly photos: readonly Photo[] }).photos;
    } catch {
      return undefined;
    }
  }
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
