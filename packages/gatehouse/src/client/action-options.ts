/** What may be said of a call. */
export interface ActionOptions {
  /** Names one intent; the same for every repetition. Default: a new one. */
  readonly idempotency_key?: string;
  /** Names of the parts of the content to be told of alone; by default those in `data-live-fragments` of the trigger. */
  readonly fragments?: readonly string[] | undefined;
  /** The form the parameters come from. */
  readonly form?: HTMLFormElement;
  /** What triggered it: not taken again until it is answered. */
  readonly trigger?: Element;
  /** What was pressed, shown as unavailable meanwhile. Default: the trigger. */
  readonly pressed?: Element | undefined;
}
