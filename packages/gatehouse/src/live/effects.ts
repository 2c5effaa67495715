import { ownPath } from "../http/own-path.ts";
import type { LiveEvent } from "./live-event.ts";

/** What a browser does besides showing the new content. */
export interface LiveEffects {
  /** Read out by assistive technology, politely or at once. */
  readonly announce?: string | { readonly text: string; readonly assertive: boolean };
  /** `id` of the element of the component to focus. */
  readonly focus?: string;
  /** A path of this origin to go to. */
  readonly redirect?: string;
  /** A path of this origin whose answer is saved as a file; the page stays. */
  readonly download?: string;
  /** Events dispatched on the component's element, for scripts of the page: `live:<name>`. */
  readonly dispatch?: readonly { readonly name: string; readonly detail?: unknown }[];
}

/** What an action answers besides a plain next state. */
export class Reply<State> {
  readonly state: State | undefined;
  readonly effects: LiveEffects | undefined;
  /** For the other components of the page. */
  readonly emit: readonly LiveEvent[];
  constructor(state: State | undefined, effects: LiveEffects | undefined, emit: readonly LiveEvent[] = []) {
    this.state = state;
    this.effects = effects;
    this.emit = emit;
  }
}

/**
 * An answer of an action with effects, or with events for other components. Without a state the state stays as it is.
 * @throws {TypeError} when the redirect or download could leave the origin
 */
export function reply<State>(answer: {
  readonly state?: State;
  readonly effects?: LiveEffects;
  /** Of the kinds the component names in `emits`. */
  readonly emit?: readonly LiveEvent[];
}): Reply<State> {
  const { redirect, download } = answer.effects ?? {};
  for (const path of [redirect, download]) {
    if (path !== undefined && ownPath(path) === undefined)
      throw new TypeError("A redirect or download must be a path of this origin; use a link for other sites.");
  }
  return new Reply(answer.state, answer.effects, answer.emit);
}
