import { contentTag } from "./content-patch.ts";
import type { StateKey } from "./state-key.ts";

interface Content {
  readonly tag: string;
  readonly text: string;
}

/** What a content counts as besides its characters. */
const OVERHEAD = 256;

/**
 * The contents that callers were sent last, for as long as there is room: what changes in one need not be found by
 * rendering it again. One is found by its tag and by whoever it was made for, never for anybody else.
 */
export class RecentContents {
  readonly #room: number;
  readonly #contents = new Map<string, Content>();
  #used = 0;

  /** @param room characters kept at most; the oldest go first */
  constructor(room: number) {
    this.#room = room;
  }

  /** Remembers the newest content of a component. */
  keep(key: StateKey, content: Content): void {
    const name = nameOf(key);
    this.#forget(name);
    this.#contents.set(name, content);
    this.#used += sizeOf(content);
    for (const oldest of this.#contents.keys()) {
      if (this.#used <= this.#room) return;
      this.#forget(oldest);
    }
  }

  /** The content that a caller has: the remembered one, or what `render` gives, where the tag is its. */
  find(key: StateKey, tag: string, render: () => string | undefined): string | undefined {
    const known = this.#contents.get(nameOf(key));
    if (known?.tag === tag) return known.text;
    const text = render();
    return text !== undefined && contentTag(text) === tag ? text : undefined;
  }

  #forget(name: string): void {
    const content = this.#contents.get(name);
    if (content === undefined) return;
    this.#contents.delete(name);
    this.#used -= sizeOf(content);
  }
}

function sizeOf({ text }: Content): number {
  return text.length + OVERHEAD;
}

function nameOf({ tenant, component, instance, owner }: StateKey): string {
  return `${component}:${instance}\n${tenant}\n${owner}`;
}
