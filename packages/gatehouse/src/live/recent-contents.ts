import { Memo } from "../kernel/memo.ts";
import { contentTag } from "./content-patch.ts";
import type { StateKey } from "./state-key.ts";

/** Contents that are remembered, of all pages together. */
const CAPACITY = 1_000;
/** Characters. Longer contents are sent whole. */
const LONGEST = 16_384;

/**
 * The contents that open pages were last told, by whom they were told to: what has changed since can be told alone. What
 * is forgotten, or was told by another server, costs a content that is sent whole.
 */
export class RecentContents {
  readonly #known = new Memo<string>(CAPACITY);

  /** The content of this owner's component that goes by a tag. */
  get(key: StateKey, tag: string | undefined): string | undefined {
    return tag === undefined ? undefined : this.#known.get(nameOf(key, tag));
  }

  remember(key: StateKey, content: string): void {
    if (content.length <= LONGEST) this.#known.set(nameOf(key, contentTag(content)), content);
  }
}

function nameOf({ tenant, component, instance, owner }: StateKey, tag: string): string {
  return JSON.stringify([tenant, component, instance, owner, tag]);
}
