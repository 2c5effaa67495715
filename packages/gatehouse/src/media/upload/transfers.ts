import type { Denial } from "../../kernel/outcome.ts";
import { pause } from "../../kernel/timers.ts";
import type { Content, Received, TransferParts } from "./content.ts";
import { yielding } from "./fair-places.ts";
import { Place } from "./place.ts";
import { busy } from "./refusals.ts";
import { Transfer } from "./transfer.ts";

/** Milliseconds in which a request gives way to the next one for the same upload. */
const HAND_OVER = 4_000;
/** How often this process looks whether another one has taken over an upload of its own. */
const WATCH = 1_000;

/** The content that this process is receiving: at most one request an upload, and the newest is the one. */
export class Transfers implements Disposable {
  readonly #parts: TransferParts;
  readonly #active = new Map<string, Transfer>();
  #watch: Disposable | undefined;
  #disposed = false;

  constructor(parts: TransferParts) {
    this.#parts = parts;
  }

  /** Receives content, once whoever was at it before has stopped. `opened` is told of what has to be closed. */
  async receive(id: string, content: Content, opened: (transfer: Transfer) => void): Promise<Received | Denial> {
    let stuck = false;
    // Others may have waited for the end of the same one.
    while (this.#active.has(id)) stuck = (await this.#endFormer(id)) || stuck;
    const place = new Place(content.holder, this.#parts.clock);
    const former = this.#giveWay(place);
    if (former === "nobody") return busy();
    const transfer = new Transfer(this.#parts, id, place);
    // Nothing was waited for since the former one had gone.
    this.#active.set(id, transfer);
    void place.ended.then(() => this.#active.get(id) === transfer && this.#active.delete(id));
    opened(transfer);
    this.#keepWatch();
    if (former !== undefined) await pause(this.#parts.timers, HAND_OVER, { sooner: former.ended });
    return former === undefined || former.hasEnded ? transfer.receive(content, stuck) : busy();
  }

  /** Has somebody yield a place where there is no other: `undefined` where there is, `nobody` where nobody has to. */
  #giveWay({ holder }: Place): Place | "nobody" | undefined {
    const { atOnce } = this.#parts.limits;
    if (this.#active.size < atOnce) return undefined;
    const going = [...this.#active.values()].filter(({ place }) => !place.yields);
    if (going.length < atOnce) return undefined;
    const held = new Map(going.map((transfer) => [transfer.place, transfer]));
    const place = yielding([...held.keys()], holder);
    if (place !== undefined) held.get(place)?.stop("yielded");
    return place ?? "nobody";
  }

  /**
   * Ends whoever receives content for an upload, so that what is known of it stays so. Of another process it is the
   * right to go on that ends.
   */
  async quieten({ id, writer }: { readonly id: string; readonly writer: string | undefined }): Promise<void> {
    const { store, uploads } = this.#parts;
    await this.#endFormer(id);
    if (writer !== undefined && writer !== this.#parts.writer && store.dialect === "postgres")
      await store.write((writing) => uploads.fence(writing, id));
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#watch?.[Symbol.dispose]();
    for (const transfer of this.#active.values()) transfer.stop();
  }

  /** Whether one of them did not end in time, so that it may still have the file open. */
  async #endFormer(id: string): Promise<boolean> {
    for (let former = this.#active.get(id); former !== undefined; former = this.#active.get(id)) {
      former.stop();
      await pause(this.#parts.timers, HAND_OVER, { sooner: former.place.ended });
      if (this.#active.get(id) !== former) continue;
      this.#active.delete(id);
      return true;
    }
    return false;
  }

  /** A store of one process alone has no others. */
  #keepWatch(): void {
    if (this.#watch !== undefined || this.#disposed || this.#parts.store.dialect === "sqlite") return;
    this.#watch = this.#parts.timers.after(
      WATCH,
      () => {
        this.#look()
          .catch(this.#parts.report)
          .finally(() => {
            this.#watch = undefined;
            if (this.#active.size > 0) this.#keepWatch();
          });
      },
      "background",
    );
  }

  async #look(): Promise<void> {
    const { store, uploads } = this.#parts;
    const epochs = await store.read((reading) => uploads.epochs(reading, [...this.#active.keys()]));
    for (const [id, transfer] of this.#active) {
      if (transfer.epoch !== undefined && epochs.get(id) !== transfer.epoch) transfer.stop();
    }
  }
}
