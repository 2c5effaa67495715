import type { Handed, Item } from "../work-tools.ts";

/** What work on an item is done with. */
export interface SkillContext {
  readonly signal: AbortSignal;
  /** The photo that the item is about. */
  readonly look: () => Promise<Uint8Array>;
}

/** Something that the agent knows how to do. */
export interface Skill {
  /** The type of orders. */
  readonly type: string;
  do(item: Item, context: SkillContext): Promise<Handed>;
}

/** What the agent says of the words that it was given with an item to be done again. */
export function answerTo({ errors = [] }: Pick<Item, "errors">): { readonly notes?: string } {
  if (errors.length === 0) return {};
  return { notes: `Done again because of: ${errors.map(({ message }) => message).join(" ")}`.slice(0, 4000) };
}
