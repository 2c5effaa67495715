/** What a page wants to hear of: ids of its components, each with the token of its topics. */
export type Wants = readonly (readonly [id: string, token: string])[];

/** What tabs of one browser tell each other. */
export type Message =
  /** To the tabs: say what you want. */
  | { readonly kind: "ask" }
  /** What a tab wants; `joining` is what is new in it. */
  | { readonly kind: "want"; readonly tab: string; readonly wants: Wants; readonly joining: readonly string[] }
  /** News come in which these are no longer new; by a stream, or over a connection of the application. */
  | { readonly kind: "open"; readonly joined: readonly string[]; readonly over: "stream" | "realtime" }
  /** Components that are stale, in whichever tab they are. */
  | { readonly kind: "stale"; readonly ids: readonly string[]; readonly position: string }
  /** Everything may be stale. */
  | { readonly kind: "reset"; readonly position: string }
  /** Nothing is. */
  | { readonly kind: "at"; readonly position: string }
  /** Tokens that the server accepts no more. */
  | { readonly kind: "refused"; readonly tokens: readonly string[] };

/** What every tab knows, so that each can take over from the one with the stream. */
export interface PushState {
  readonly own: string;
  readonly tabs: Map<string, Wants>;
  /** Components that were not among those of the last stream. */
  readonly joining: Set<string>;
  /** How far the last stream had come. */
  position: string | undefined;
}
