import { find } from "./find.ts";

/** Milliseconds for which a heart is seen. */
const SEEN = 2_000;
/** Hearts that are seen at once. */
const MOST = 5;

/** Hearts, for as long as somebody applauds. */
export class Applause {
  readonly #hearts = find("[data-applause]");
  readonly #button = find("[data-applaud]");
  #seen = 0;

  constructor(send: () => Promise<unknown>) {
    this.#button.hidden = false;
    // Who claps too fast is heard anyway.
    this.#button.addEventListener("click", () => void send().catch(() => undefined));
  }

  /** Somebody has applauded. */
  hear(): void {
    this.#show(1);
    setTimeout(() => this.#show(-1), SEEN);
  }

  end(): void {
    this.#button.hidden = true;
  }

  #show(change: number): void {
    this.#seen += change;
    this.#hearts.textContent = "♥".repeat(Math.min(this.#seen, MOST));
    this.#hearts.classList.toggle("clapping", this.#seen > 0);
  }
}
