import type { WorkActor, WorkItem } from "./work-orders.ts";
import type { WriteTransaction } from "./store.ts";

/** An item in somebody's hands. */
export interface WorkLease {
  readonly item: string;
  readonly order: string;
  readonly tenant: string;
  readonly type: string;
  /** Grows with every claim of the item, so that a former holder changes nothing. */
  readonly epoch: number;
  readonly holder: WorkActor;
  /** Epoch milliseconds on the database's clock. */
  readonly until: number;
  /** No beat holds it longer than this. */
  readonly ceiling: number;
  /** Whether somebody has asked for it to end: the holder hears it with the next beat. */
  readonly cancelRequested: boolean;
}

/** What a holder shows with every write: the epoch, and a random token of which the store has the hash alone. */
export interface LeaseProof {
  readonly tenant: string;
  readonly item: string;
  readonly epoch: number;
  /** SHA-256 of the token. */
  readonly tokenHash: Uint8Array;
  /** Who shows it: a token in other hands is worth nothing. */
  readonly holder: Pick<WorkActor, "type" | "id">;
}

/** How many leases may be held at once. */
export interface LeaseCaps {
  readonly agent: number;
  readonly type: number;
  readonly tenant: number;
}

/** A wish for items. */
export interface ClaimRequest {
  /** Agents ask for their own tenant; a worker of the server for several: whoever was served longest ago is first. */
  readonly tenants: readonly string[];
  readonly types: readonly string[];
  readonly order?: string;
  readonly leastPriority?: number;
  readonly holder: WorkActor;
  /** Of each item's token, as many as items are wanted at most. */
  readonly tokenHashes: readonly Uint8Array[];
  /** Milliseconds. */
  readonly duration: number;
  readonly ceiling: number;
  readonly caps: LeaseCaps;
}

/** What became of a claim. */
export type Claimed =
  | { readonly kind: "claimed"; readonly items: readonly { readonly item: WorkItem; readonly lease: WorkLease }[] }
  /** There is none, or none that may be claimed now. */
  | { readonly kind: "none" }
  /** A cap is reached. */
  | { readonly kind: "capped"; readonly by: keyof LeaseCaps }
  /** Somebody has stopped this agent, type or tenant. */
  | { readonly kind: "paused"; readonly by: "agent" | "type" | "tenant"; readonly reason: string };

/** Why a holder's write was refused: somebody else has it or it has ended, or its time is over. */
export type LeaseLoss = "lost" | "expired";

/** Leases on items. All of it is judged by the database's clock. */
export interface WorkLeases {
  /** Takes items that can be worked on, expired ones of others included; attempts are counted here. */
  claim(transaction: WriteTransaction, request: ClaimRequest): Promise<Claimed>;
  /** Finds the lease of a proof and locks it; every write of a holder begins with it. */
  hold(transaction: WriteTransaction, proof: LeaseProof): Promise<WorkLease | LeaseLoss>;
  /** Holds on for longer, up to the ceiling. */
  renew(transaction: WriteTransaction, proof: LeaseProof, duration: number): Promise<WorkLease | LeaseLoss>;
  /** Ends a held lease, and counts it no longer. */
  end(transaction: WriteTransaction, lease: Pick<WorkLease, "item" | "epoch">): Promise<void>;
  /** Has the holders of an order's items told that they may stop. */
  requestCancel(transaction: WriteTransaction, order: { readonly tenant: string; readonly id: string }): Promise<void>;
  /** Puts expired items back, or ends them where their attempts are used up; only ever leased or in progress. */
  reclaim(transaction: WriteTransaction, limit: number): Promise<readonly Pick<WorkItem, "id" | "order" | "tenant">[]>;
}
