import type { ReadTransaction, WriteTransaction } from "./store.ts";
import type { NewWorkEvent, WorkActor, WorkItem, WorkOrder, WorkOrderKey, WorkProvenance } from "./work-orders.ts";

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
  readonly beatAt: number;
  /** What the holder has said last of how far it is. */
  readonly progress: string | undefined;
}

/** What a holder shows with every write: the epoch, and a random token of which the store has the hash alone. */
export interface LeaseProof {
  readonly tenant: string;
  readonly item: string;
  readonly epoch: number;
  /** SHA-256 of the token. */
  readonly tokenHash: Uint8Array;
  /** Who shows it: a token in other hands is worth nothing. */
  readonly holder: WorkActor;
}

/**
 * How many leases may be held at once. Those of types and tenants are counted while they have a bound, `Infinity` being
 * none; a bound that is new counts what is claimed from then on.
 */
export interface LeaseCaps {
  readonly agent: number;
  readonly type: number;
  readonly tenant: number;
}

/** A type of which items are wanted. */
export interface ClaimableType {
  readonly type: string;
  /** Milliseconds. */
  readonly duration: number;
  /** Milliseconds an item may be held at all. */
  readonly ceiling: number;
  /** Leases of the type at once. */
  readonly cap: number;
}

/** A wish for items. */
export interface ClaimRequest {
  /** Agents ask for their own tenant; a worker of the server for several: whoever was served longest ago is first. */
  readonly tenants: readonly string[];
  /** With several, that of the item of highest priority is first. */
  readonly types: readonly ClaimableType[];
  readonly order?: string;
  readonly leastPriority?: number;
  readonly holder: WorkActor;
  readonly provenance?: WorkProvenance;
  /** Of each item's token, as many as items are wanted at most. */
  readonly tokenHashes: readonly Uint8Array[];
  readonly caps: Omit<LeaseCaps, "type">;
}

/** An item that was claimed, with the lease on it. */
export interface ClaimedItem {
  readonly item: WorkItem;
  readonly lease: WorkLease;
}

/** What became of a claim. */
export type Claimed =
  /** In the order of the token hashes. */
  | { readonly kind: "claimed"; readonly items: readonly ClaimedItem[] }
  /** There is none, or none that may be claimed now. */
  | { readonly kind: "none" }
  /** A cap is reached. */
  | { readonly kind: "capped"; readonly by: keyof LeaseCaps }
  /** Somebody has stopped this agent, type or tenant. */
  | { readonly kind: "paused"; readonly by: "agent" | "type" | "tenant"; readonly reason: string };

/** Why a holder's write was refused: somebody else has it or it has ended, or its time is over. */
export type LeaseLoss = "lost" | "expired";

/** A held item, locked with its order until the transaction ends. */
export interface HeldItem {
  readonly lease: WorkLease;
  readonly item: WorkItem;
  readonly order: WorkOrder;
}

/** What a holder hands in. */
export interface Submission {
  /** JSON, sealed where the order has a subject. */
  readonly result: string;
  readonly resultHash: string;
  readonly evidence: string | undefined;
  readonly notes: string | undefined;
}

/** What a holder's write is told as. */
export type HolderEvent = Omit<NewWorkEvent, "item" | "from" | "to">;

/** Leases on items. All of it is judged by the database's clock. */
export interface WorkLeases {
  /** Takes items that can be worked on, expired ones of others included; attempts are counted here. */
  claim(transaction: WriteTransaction, request: ClaimRequest): Promise<Claimed>;
  /** Finds what a proof is good for and locks it; what a holder writes begins with it. */
  hold(transaction: WriteTransaction, proof: LeaseProof): Promise<HeldItem | LeaseLoss>;
  /** The same of many at once, in their order. */
  holdAll(transaction: WriteTransaction, proofs: readonly LeaseProof[]): Promise<readonly (HeldItem | LeaseLoss)[]>;
  /** Whether a proof is good for anything, locking nothing. */
  find(transaction: ReadTransaction, proof: LeaseProof): Promise<WorkLease | LeaseLoss>;
  /** Whether there is something that could be claimed now, caps aside. */
  claimable(
    transaction: ReadTransaction,
    wish: Pick<ClaimRequest, "order" | "leastPriority" | "holder"> & {
      readonly tenant: string;
      readonly types: readonly string[];
    },
  ): Promise<boolean>;
  /**
   * Holds on for longer, up to the ceiling: one statement, which locks nothing but the lease. The holder hears that it may stop
   * where somebody has asked for that, or has stopped tenant, type or agent.
   */
  renew(
    transaction: WriteTransaction,
    proof: LeaseProof,
    how: {
      /** Milliseconds by type. */
      readonly durations: Readonly<Record<string, number>>;
      readonly progress?: string;
    },
  ): Promise<WorkLease | LeaseLoss>;
  /** The item has been begun; told once. */
  begin(transaction: WriteTransaction, held: HeldItem, event: HolderEvent): Promise<void>;
  /** Takes a result and ends the lease; whether it was the order's last, which is submitted now. */
  submit(
    transaction: WriteTransaction,
    held: HeldItem,
    submission: Submission & { readonly event: HolderEvent },
  ): Promise<{ readonly last: boolean }>;
  /** The same of many at once. */
  submitAll(
    transaction: WriteTransaction,
    submissions: readonly (Submission & { readonly held: HeldItem; readonly event: HolderEvent })[],
  ): Promise<readonly { readonly last: boolean }[]>;
  /**
   * Ends the lease without a result. The item is queued again from a time on; where its attempts are used up, or `final`
   * says so, it has failed and its order with it.
   */
  giveUp(
    transaction: WriteTransaction,
    held: HeldItem,
    how: {
      readonly runAt: number;
      /** JSON: `{code, message, field?}[]`. */
      readonly errors?: string;
      readonly final?: boolean;
      /** The attempt does not count. */
      readonly uncounted?: boolean;
      readonly event: HolderEvent;
    },
  ): Promise<"queued" | "failed">;
  /** Who holds items of an order. */
  list(transaction: ReadTransaction, order: WorkOrderKey): Promise<readonly WorkLease[]>;
  /** Has the holders of an order's items told that they may stop. */
  requestCancel(transaction: WriteTransaction, order: WorkOrderKey): Promise<void>;
  /** Puts expired items back, or ends them where their attempts are used up; only ever leased or in progress. */
  reclaim(transaction: WriteTransaction, limit: number): Promise<readonly Pick<WorkItem, "id" | "order" | "tenant">[]>;
}
