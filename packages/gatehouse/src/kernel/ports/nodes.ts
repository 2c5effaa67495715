import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** What a server of an installation does for realtime: holds connections, runs actors, or both. */
export type NodeRole = "gateway" | "worker";

/** A server that is alive as far as the database's clock tells. */
export interface Node {
  readonly id: string;
  readonly roles: readonly NodeRole[];
  /** Epoch milliseconds on the database's clock: after it everything the node owns may be claimed. */
  readonly leaseUntil: number;
}

/** The servers of an installation. One beat a node holds everything it owns; leases are judged by the database's clock. */
export interface Nodes {
  /** Enters a node, or holds its lease for `duration` milliseconds more. `false` where the lease had run out: what it owned may be lost. */
  beat(transaction: WriteTransaction, node: Pick<Node, "id" | "roles">, duration: number): Promise<boolean>;
  /** Nodes whose lease has not run out. */
  alive(transaction: ReadTransaction, now: number): Promise<readonly Node[]>;
  /** Ends a node's lease at once. */
  leave(transaction: WriteTransaction, id: string): Promise<void>;
  /** Deletes nodes whose lease ran out a day ago; how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}
