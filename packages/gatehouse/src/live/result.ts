import type { LiveEffects } from "./effects.ts";

/** What an action made of one component. */
export interface ComponentUpdate {
  /** The new content. */
  readonly html: string;
  /** Names the content; who sends it back with the next call may be sent what changed alone. */
  readonly content_tag: string;
  /** The state without its secret members. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly version: number;
  /** The sealed state, where the page is the place it is kept. */
  readonly seed?: string;
  /** Elements of components inside the content that the page does not have yet, by their ids. */
  readonly children?: Readonly<Record<string, string>>;
  /** Tickets of the upload fields that the content shows. */
  readonly tickets?: Readonly<Record<string, string>>;
}

/** What an action of a component answers at the gate; stored as it is for repeated attempts. */
export interface LiveResult extends ComponentUpdate {
  readonly effects?: LiveEffects;
  /** Other components of the page that an event has changed. */
  readonly components?: readonly (ComponentUpdate & { readonly component_id: string })[];
}

/**
 * Where the content the caller has is kept until the answer is written: beside the members, so that it is no part of
 * what is stored for repetitions. Those get the content whole.
 */
const BEFORE = Symbol("before");
/** In the same way: the parts of the content that the caller has asked for. */
const FRAGMENTS = Symbol("fragments");

/** Notes the content that the caller of an update still has. */
export function withBefore<Update extends ComponentUpdate>(update: Update, before: string): Update {
  return Object.defineProperty(update, BEFORE, { value: before });
}

/** The content that the caller still has, if that is known. */
export function beforeOf(update: ComponentUpdate): string | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(update, BEFORE);
  // Only `withBefore` can name the symbol, and it notes a text.
  return descriptor === undefined ? undefined : (descriptor.value as string);
}

/** Notes the parts that the caller of an update is told in place of the whole. */
export function withFragments<Update extends ComponentUpdate>(
  update: Update,
  fragments: Readonly<Record<string, string>>,
): Update {
  return Object.defineProperty(update, FRAGMENTS, { value: fragments });
}

/** The parts that the caller is told in place of the whole, if it has asked for any. */
export function fragmentsOf(update: ComponentUpdate): Readonly<Record<string, string>> | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(update, FRAGMENTS);
  // Only `withFragments` can name the symbol, and it notes texts by name.
  return descriptor === undefined ? undefined : (descriptor.value as Readonly<Record<string, string>>);
}

/** An update with other members, and what is known of its caller. */
export function extend<Update extends ComponentUpdate, Members extends object>(
  update: Update,
  members: Members,
): Update & Members {
  const [before, fragments] = [beforeOf(update), fragmentsOf(update)];
  const extended = { ...update, ...members };
  if (fragments !== undefined) withFragments(extended, fragments);
  return before === undefined ? extended : withBefore(extended, before);
}
