import { ownPath } from "../http/own-path.ts";

/** What a browser does besides showing the new content. */
export interface LiveEffects {
  /** Read out by assistive technology, politely or at once. */
  readonly announce?: string | { readonly text: string; readonly assertive: boolean };
  /** `id` of the element of the component to focus. */
  readonly focus?: string;
  /** A path of this origin to go to. */
  readonly redirect?: string;
  /** Events dispatched on the component's element, for scripts of the page: `live:<name>`. */
  readonly dispatch?: readonly { readonly name: string; readonly detail?: unknown }[];
}

/** What an action answers besides a plain next state. */
export class Reply<State> {
  readonly state: State | undefined;
  readonly effects: LiveEffects | undefined;
  constructor(state: State | undefined, effects: LiveEffects | undefined) {
    this.state = state;
    this.effects = effects;
  }
}

/**
 * An answer of an action with effects. Without a state the state stays as it is.
 * @throws {TypeError} when the redirect could leave the origin
 */
export function reply<State>(answer: { readonly state?: State; readonly effects?: LiveEffects }): Reply<State> {
  const { redirect } = answer.effects ?? {};
  if (redirect !== undefined && ownPath(redirect) === undefined) {
    throw new TypeError("A redirect must be a path of this origin; use a link for other sites.");
  }
  return new Reply(answer.state, answer.effects);
}
