import { say, type Texts } from "./texts.ts";

/** A photo as the public API tells of it. */
export interface Photo {
  readonly id: string;
  readonly isVideo: boolean;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly forms: Readonly<Record<string, Form | undefined>>;
  /** What is seen on it, in the language of the page. */
  readonly alt?: string;
}

interface Form {
  readonly address: string;
  readonly width?: number;
  readonly height?: number;
}

/** What the list shows. */
export interface PhotoListParts {
  readonly list: HTMLElement;
  /** Shown while there are none. */
  readonly empty: HTMLElement;
  readonly texts: Texts;
}

/** The photos on the wall: each once, the first of them large. */
export class PhotoList {
  readonly #parts: PhotoListParts;

  constructor(parts: PhotoListParts) {
    this.#parts = parts;
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#items.map(({ dataset }) => dataset["photo"] ?? ""));
  }

  /** Takes what is visible now: shows what has come, the newest large, and takes away what is gone. Whether any has come. */
  show(photos: readonly Photo[]): boolean {
    const visible = new Map(photos.map((photo) => [photo.id, photo]));
    for (const item of this.#items) {
      const photo = visible.get(item.dataset["photo"] ?? "");
      if (photo === undefined) item.remove();
    }
    const known = this.ids;
    // The newest comes last, and is then the first.
    const arriving = photos.filter(({ id }) => !known.has(id)).toReversed();
    for (const photo of arriving) this.#parts.list.prepend(this.#item(photo));
    this.#changed();
    return arriving.length > 0;
  }

  /** Takes one away. */
  remove(id: string): void {
    this.#items.find(({ dataset }) => dataset["photo"] === id)?.remove();
    this.#changed();
  }

  /** Takes all away. */
  clear(): void {
    this.#parts.list.replaceChildren();
  }

  /** Has the next one be the large one. */
  turn(): void {
    const [first, ...others] = this.#items;
    if (first === undefined || others.length === 0) return;
    this.#parts.list.append(first);
    this.#changed();
  }

  get #items(): HTMLElement[] {
    return [...this.#parts.list.querySelectorAll<HTMLElement>("[data-photo]")];
  }

  #changed(): void {
    const images = this.#items.map((item) => item.querySelector("img"));
    this.#parts.empty.hidden = images.length > 0;
    const { large = "", small = "" } = this.#parts.list.dataset;
    for (const [index, image] of images.entries()) if (image !== null) image.sizes = index === 0 ? large : small;
  }

  #item({ id, receivedAt, alt, forms: { view, thumb = view } }: Photo): HTMLElement {
    const item = document.createElement("li");
    item.dataset["photo"] = id;
    item.className = "arriving";
    const image = document.createElement("img");
    image.alt = alt ?? `${say(this.#parts.texts, "photo")}, ${formatTime(receivedAt)}`;
    if (view?.width !== undefined && view.height !== undefined) {
      image.width = view.width;
      image.height = view.height;
    }
    if (thumb?.width !== undefined) image.srcset = `${thumb.address} ${thumb.width}w, ${view?.address} ${view?.width}w`;
    image.src = view?.address ?? "";
    item.append(image);
    return item;
  }
}

/** As the server writes it. */
function formatTime(time: number): string {
  const locale = document.documentElement.lang === "de" ? "de-DE" : "en-GB";
  const format = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  return `${format.format(time)} UTC`;
}
