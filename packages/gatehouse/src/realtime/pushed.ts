import type { ChannelKey, StreamPosition } from "../kernel/ports/publications.ts";

/** What is told to those who hear a channel. */
export interface Pushed extends ChannelKey {
  readonly kind: "publication" | "join" | "leave" | "unsubscribe";
  /** Where it stands in the stream; absent for what is volatile and may be dropped on the way. */
  readonly position?: StreamPosition;
  /** The push of the protocol as it is sent, serialised once for all who hear it: `{"push":{...}}`. */
  readonly message: string;
  /** Identifiers of connections that do not hear it. */
  readonly except?: readonly string[];
  /** Only these principals hear it, or only these connections. Absent: all. */
  readonly audience?: { readonly principals?: readonly string[]; readonly connections?: readonly string[] };
  /** Of volatile news only the latest of one name has to reach a slow reader. */
  readonly coalesce?: string;
}

/** Somebody who hears a channel on this node. */
export interface Subscriber {
  /** Identifier of the connection. */
  readonly connection: string;
  /** Whom it belongs to: `recipientOf`. */
  readonly principal: string;
  /** Called in the order of the stream. `encoded` is `pushed.message` in UTF-8, one array for all subscribers. */
  hear(pushed: Pushed, encoded: Uint8Array): void;
  /** Something of the channel was missed and is not to be found any more: the position is lost (3010). */
  lost(key: ChannelKey): void;
}

/** Subscribers of this node and what they hear, whoever in the installation has published it. */
export interface Hub {
  /** In force when it resolves. Disposing it ends it. */
  subscribe(key: ChannelKey, subscriber: Subscriber): Promise<Disposable>;
  /** Tells all subscribers of the installation. What has a position has been committed. Never waits for a recipient. */
  publish(pushed: Pushed): void;
  /** How many subscribers of this node hear a channel. */
  count(key: ChannelKey): number;
}
