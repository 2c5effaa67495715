import type { FileUpload } from "./upload.ts";

/** Has so many uploads sent at once, in the order in which they came. */
export class UploadQueue {
  readonly #parallel: number;
  readonly #uploads: FileUpload[] = [];
  #running = 0;

  constructor(parallel: number) {
    this.#parallel = parallel;
  }

  add(upload: FileUpload): void {
    this.#uploads.push(upload);
    this.go();
  }

  /** Begins what can begin. Called when one may go on that was paused. */
  go(): void {
    while (this.#running < this.#parallel) {
      const next = this.#uploads.find(({ isOpen }) => isOpen);
      if (next === undefined) return;
      this.#running += 1;
      void next.run().finally(() => {
        this.#running -= 1;
        this.go();
      });
    }
  }
}
