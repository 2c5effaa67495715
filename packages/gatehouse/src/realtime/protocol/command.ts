import type { StreamPosition } from "../../kernel/ports/publications.ts";

/** Says who is there. */
export interface ConnectCommand {
  readonly method: "connect";
  readonly token?: string;
  readonly data?: unknown;
  readonly name?: string;
  readonly version?: string;
}

/** Shows a newer token. */
export interface RefreshCommand {
  readonly method: "refresh";
  readonly token: string;
}

/** Wants to hear a channel. */
export interface SubscribeCommand {
  readonly method: "subscribe";
  readonly channel: string;
  readonly token?: string;
  readonly data?: unknown;
  /** What the client has seen, where it wants what it missed. */
  readonly since?: StreamPosition;
  /** Whether a position that cannot be recovered from is an error rather than an answer. */
  readonly rejectUnrecovered: boolean;
}

/** Wants to go on hearing a channel. */
export interface SubRefreshCommand {
  readonly method: "sub_refresh";
  readonly channel: string;
  readonly token?: string;
}

/** Something about a channel and nothing else. */
export interface ChannelCommand {
  readonly method: "unsubscribe" | "presence" | "presence_stats";
  readonly channel: string;
}

/** Publishes on a channel. */
export interface PublishCommand {
  readonly method: "publish";
  readonly channel: string;
  readonly data: unknown;
}

/** Reads a stream. */
export interface HistoryCommand {
  readonly method: "history";
  readonly channel: string;
  readonly limit: number;
  readonly since?: StreamPosition;
  readonly reverse: boolean;
}

/** Calls a command of an actor. */
export interface RpcCommand {
  readonly method: "rpc";
  /** `<type>.<command>`. */
  readonly call: string;
  readonly key: readonly string[];
  readonly input: unknown;
  /** What the client calls this intent. */
  readonly id?: string;
}

/** Asks whether anybody is there. */
export interface PingCommand {
  readonly method: "ping";
}

/** What a client can ask for. */
export type Request =
  | ConnectCommand
  | RefreshCommand
  | SubscribeCommand
  | SubRefreshCommand
  | ChannelCommand
  | PublishCommand
  | HistoryCommand
  | RpcCommand
  | PingCommand;

/** One line of a client, as far as it could be understood. */
export type Command =
  /** `id` is what the reply has to carry. */
  | { readonly kind: "request"; readonly id: number; readonly request: Request }
  /** The answer to a sign of life: `{}`. */
  | { readonly kind: "pong" }
  /** Of the protocol, but nothing of the kind exists here, or it is not put as it has to be. `id`: 0 where none was said. */
  | { readonly kind: "unknown" | "malformed"; readonly id: number }
  /** Not of the protocol at all. */
  | { readonly kind: "garbage" };
