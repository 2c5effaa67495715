import { find } from "./find.ts";
import { PhotoList, type Photo } from "./photo-list.ts";
import { count, say, type Texts } from "./texts.ts";

/** Milliseconds for which one photo is the large one. */
const TURN = 9_000;

/**
 * The photos as they come, one after the other large. Whoever pauses it keeps what is there, and is told what waits; what
 * was withdrawn goes all the same. Where people want little motion, nothing moves but what has come.
 */
export class PhotoShow {
  readonly #texts: Texts;
  readonly #list: PhotoList;
  readonly #button = find("[data-pause]");
  readonly #stillness = matchMedia("(prefers-reduced-motion: reduce)");
  /** What waits until it goes on; `undefined` while it does. */
  #waiting: readonly Photo[] | undefined;
  #paused = false;
  #timer = 0;

  constructor(texts: Texts) {
    this.#texts = texts;
    this.#list = new PhotoList({ list: find("[data-photos]"), empty: find("[data-empty]"), texts });
    this.#button.hidden = false;
    this.#button.addEventListener("click", () => this.#toggle());
    this.#schedule();
  }

  /** Takes what is visible now. */
  take(photos: readonly Photo[]): void {
    if (this.#paused) this.#waiting = photos;
    else if (this.#list.show(photos)) this.#schedule();
    this.#tell();
  }

  /** Takes one away. */
  withdraw(id: string): void {
    this.#waiting = this.#waiting?.filter((photo) => photo.id !== id);
    this.#list.remove(id);
    this.#tell();
  }

  /** Shows nothing any more. */
  end(): void {
    clearInterval(this.#timer);
    this.#button.hidden = true;
    this.#list.clear();
  }

  #toggle(): void {
    this.#paused = !this.#paused;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#list.show(waiting);
    this.#schedule();
    this.#tell();
  }

  #schedule(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      if (!this.#paused && !this.#stillness.matches && !document.hidden) this.#list.turn();
    }, TURN);
  }

  #tell(): void {
    const known = this.#list.ids;
    const waiting = this.#waiting?.filter(({ id }) => !known.has(id)).length ?? 0;
    const word = say(this.#texts, this.#paused ? "resume" : "pause");
    const text = waiting === 0 ? word : `${word} (${count(this.#texts, "waiting", waiting)})`;
    if (this.#button.textContent !== text) this.#button.textContent = text;
  }
}
