import type { Principal } from "../attempt.ts";
import type { ActorAddress } from "./actors.ts";
import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Types of principals that can be told apart, and so be muted. */
export const MUTABLE_PRINCIPALS = ["user", "guest", "agent", "client"] as const;

/** Somebody whose commands actors do not take for a while. */
export interface Mute {
  readonly id: string;
  readonly tenant: string;
  readonly principal: { readonly type: (typeof MUTABLE_PRINCIPALS)[number]; readonly id: string };
  /** At which actors: one, or without a key all of a type. */
  readonly actor: { readonly type: string; readonly key?: readonly string[] };
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A mute that begins now. */
export interface NewMute extends Omit<Mute, "id" | "createdAt" | "expiresAt"> {
  /** Milliseconds it lasts. */
  readonly duration: number;
}

/** Mutes in force. Durable; kept in memory for look-ups without I/O, refreshed from other servers. */
export interface Mutes extends AsyncDisposable {
  /** The longest one of a principal at an actor. */
  find(principal: Pick<Principal, "type" | "id" | "tenant">, address: ActorAddress): Mute | undefined;
  /** In force on this server as soon as the transaction is durable, and on the others a moment later. */
  add(transaction: WriteTransaction, mute: NewMute): Promise<Mute>;
  /** Ends one early; `undefined` where the tenant has none of this name. */
  lift(transaction: WriteTransaction, mute: Pick<Mute, "tenant" | "id">): Promise<Mute | undefined>;
  /** Those of a tenant, newest first. */
  list(transaction: ReadTransaction, tenant: string, limit: number): Promise<readonly Mute[]>;
  /** Deletes those that have ended; how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}
