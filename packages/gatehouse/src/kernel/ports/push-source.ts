/**
 * Pushes of a module to whoever is connected. The module decides on them in an action of its own, and what keeps
 * connections takes them to clients: neither knows of the other.
 */
export interface PushSource {
  /** The channel by which clients ask for it. It begins with a colon, as none of an actor does. */
  readonly channel: string;
  /** The action, at the entrance `realtime`, that decides on it. It is given what the client said, and results in a `PushFeed`. */
  readonly action: string;
}

/** Pushes for one client that have been allowed. */
export interface PushFeed {
  /** Begins to tell; called once at most. */
  begin(line: PushLine): void;
  /** Nobody listens any more. */
  end(): void;
}

/** What takes pushes to a client. */
export interface PushLine {
  /** Takes along a message, which is JSON. */
  tell(message: Readonly<Record<string, unknown>>): void;
  /** Nothing more is told. */
  ended(): void;
}
