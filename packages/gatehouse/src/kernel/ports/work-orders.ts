import type { ItemState, OrderState } from "../work-states.ts";
import type { Principal } from "../attempt.ts";
import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** How much harm an order can do; more needs more approvals. */
export type WorkRisk = "low" | "medium" | "high";

/** Who did something, as records keep it. */
export type WorkActor = Pick<Principal, "type" | "id"> & {
  /** The client or person it acted for. */
  readonly onBehalfOf?: string;
};

/** What somebody says of the program that works, and what the server has seen of it. Nothing is decided by it. */
export interface WorkProvenance {
  readonly agent?: string;
  readonly agentVersion?: string;
  readonly model?: string;
  readonly runtime?: string;
  readonly request?: string;
  readonly ip?: string;
  readonly userAgent?: string;
  /** SHA-256 over all of the above, base64url. */
  readonly fingerprint: string;
}

/** An order as the store has it. Texts that are sealed are told by their type of order. */
export interface WorkOrder {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly typeVersion: number;
  readonly state: OrderState;
  /** Why it is in its state: `awaiting_review`, `plan_stale`, `preview_failed`, `plan_diverged`, `rework` ...; empty where nothing is to be said. */
  readonly reason: string;
  /** Higher is first; from -100 to 100. */
  readonly priority: number;
  readonly risk: WorkRisk;
  /** JSON, sealed where the order has a subject. */
  readonly input: string;
  /** SHA-256 over the canonical JSON of the input (RFC 8785), base64url. */
  readonly inputHash: string;
  /** Whose data it holds: what is sealed opens with the key of this subject alone. */
  readonly subject: string | undefined;
  readonly proposer: WorkActor;
  readonly provenance: WorkProvenance;
  /** The order whose changes this one takes back. */
  readonly reverts: string | undefined;
  /** Grows with every change of the row. */
  readonly version: number;
  /** Of the newest plan; 0: there is none. */
  readonly planRevision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly closedAt: number | undefined;
}

/** One piece of an order, which one agent does at a time. */
export interface WorkItem {
  readonly id: string;
  readonly order: string;
  readonly tenant: string;
  readonly type: string;
  /** From 1, in the order in which the order's type has named them. */
  readonly number: number;
  /** What its type calls it; unique within the order. */
  readonly key: string;
  readonly state: ItemState;
  readonly priority: number;
  /** Not before; epoch milliseconds on the database's clock. */
  readonly runAt: number;
  /** Claims so far. Counted when one begins, so that an agent that dies each time comes to an end, too. */
  readonly attempt: number;
  readonly attempts: number;
  /** Keys of items of the order whose results have to be there first. */
  readonly dependsOn: readonly string[];
  /** JSON, sealed where the order has a subject. */
  readonly input: string;
  /** What was submitted, likewise. */
  readonly result: string | undefined;
  readonly resultHash: string | undefined;
  readonly evidence: string | undefined;
  readonly notes: string | undefined;
  /** JSON: what was wrong with it the last time: `{code, message, field?}[]`. */
  readonly errors: string | undefined;
  /** Of its newest lease; grows with every claim. */
  readonly epoch: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Something that happened to an order. Never changed, never deleted with the order. */
export interface WorkEvent {
  readonly id: string;
  readonly order: string;
  readonly item: string | undefined;
  readonly tenant: string;
  /** `proposed`, `planned`, `leased`, `submitted`, `previewed`, `approved`, `applied` ... */
  readonly kind: string;
  readonly actor: WorkActor;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** A JSON object; what would tell of payloads is sealed where the order has a subject, and is no JSON then. */
  readonly details: string;
  readonly provenance: WorkProvenance | undefined;
  readonly at: number;
  /** From 1 within its chain: each item has one, and the order has one for what concerns no item alone. */
  readonly number: number;
  /** SHA-256 over the former event's hash and this one as it is kept, base64url: what is sealed can be erased and the chain still holds. */
  readonly hash: string;
}

/** An order that is being proposed. */
export type NewWorkOrder = Pick<
  WorkOrder,
  | "id"
  | "tenant"
  | "type"
  | "typeVersion"
  | "priority"
  | "risk"
  | "input"
  | "inputHash"
  | "subject"
  | "proposer"
  | "provenance"
  | "reverts"
>;
/** An item of it. */
export type NewWorkItem = Pick<WorkItem, "id" | "key" | "priority" | "runAt" | "attempts" | "dependsOn" | "input">;
/** What an event says; the rest is the table's. */
export type NewWorkEvent = Omit<WorkEvent, "id" | "at" | "number" | "hash" | "tenant" | "order" | "provenance"> & {
  readonly provenance?: WorkProvenance | undefined;
};

/** Names an order within a tenant: one of another tenant is not there. */
export type WorkOrderKey = Pick<WorkOrder, "tenant" | "id">;

/** Names an item within a tenant. */
export type WorkItemKey = Pick<WorkItem, "tenant" | "id">;

/** Which orders are meant. */
export interface WorkOrderFilter {
  readonly states?: readonly OrderState[];
  readonly reasons?: readonly string[];
  readonly types?: readonly string[];
  readonly risks?: readonly WorkRisk[];
  readonly proposer?: WorkActor["id"];
  /** Only those of one proposer: of this kind, and for this person. */
  readonly proposedBy?: WorkActor;
  readonly itemStates?: readonly ItemState[];
  readonly leastPriority?: number;
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /** Only those with an item that can be claimed now. */
  readonly available?: boolean;
}

/** What lists of orders can be sorted by. */
export const ORDER_SORTS = ["priority", "created_at", "updated_at", "type", "state"] as const;

/** One of them, and which way round. */
export interface WorkOrderSort {
  readonly by: (typeof ORDER_SORTS)[number];
  readonly descending: boolean;
}

/** A page of a list. Where nothing else is said, those of highest priority come first, and then the oldest. */
export interface WorkOrderPage {
  readonly filter: WorkOrderFilter;
  readonly sort?: readonly WorkOrderSort[];
  /** The last order of the page before: by its identifier, or by the values it was sorted by and then its identifier. */
  readonly after?: string | readonly (string | number)[];
  readonly limit: number;
}

/** How many orders of one kind are in one state, archived ones not counted. */
export interface WorkOrderCount extends Pick<WorkOrder, "type" | "risk" | "state" | "reason"> {
  readonly count: number;
  /** When the one was changed last that has not been for longest. */
  readonly oldest: number;
}

/** Orders, their items and their events. */
export interface WorkOrders {
  /** Adds an order in state `queued` with its items, and its first events. */
  add(
    transaction: WriteTransaction,
    order: NewWorkOrder,
    items: readonly NewWorkItem[],
    events: readonly NewWorkEvent[],
  ): Promise<void>;
  find(transaction: ReadTransaction, key: WorkOrderKey): Promise<WorkOrder | undefined>;
  /** As `find`, and nobody else changes it until the transaction ends. */
  lock(transaction: WriteTransaction, key: WorkOrderKey): Promise<WorkOrder | undefined>;
  /**
   * Changes a locked order, and tells of it. Its queued items are handed out only where it is queued, checked out or in
   * progress.
   */
  change(
    transaction: WriteTransaction,
    order: Pick<WorkOrder, "tenant" | "id" | "version">,
    change: Partial<Pick<WorkOrder, "state" | "reason" | "priority" | "planRevision" | "risk">>,
    event: NewWorkEvent,
  ): Promise<void>;
  items(transaction: ReadTransaction, order: WorkOrderKey): Promise<readonly WorkItem[]>;
  /**
   * Moves items of a locked order from the states they are in; how many there were. Leases on them end. To `queued`, they
   * are as new: their attempts are counted from the start again.
   */
  changeItems(
    transaction: WriteTransaction,
    order: WorkOrderKey,
    change: {
      readonly from: readonly ItemState[];
      readonly keys?: readonly string[];
      readonly to: ItemState;
      readonly errors?: string;
      readonly runAt?: number;
      readonly event: Omit<NewWorkEvent, "item" | "from" | "to">;
    },
  ): Promise<number>;
  item(transaction: ReadTransaction, key: WorkItemKey): Promise<WorkItem | undefined>;
  /** Notes something that changes no state. */
  note(transaction: WriteTransaction, order: WorkOrderKey, event: NewWorkEvent): Promise<void>;
  /** The newest first, before an event where one is given, and of one kind alone where that is. */
  events(
    transaction: ReadTransaction,
    order: WorkOrderKey,
    page: { readonly before?: string; readonly kind?: string; readonly limit: number },
  ): Promise<readonly WorkEvent[]>;
  /** Highest priority first, then oldest; after an order of the page before. */
  list(transaction: ReadTransaction, tenant: string, page: WorkOrderPage): Promise<readonly WorkOrder[]>;
  count(transaction: ReadTransaction, tenant: string): Promise<readonly WorkOrderCount[]>;
  /** Whether the events of an order are all there, as they were written; says what is not. */
  verify(transaction: ReadTransaction, order: WorkOrderKey): Promise<string | undefined>;
  /** Who has ever held a lease on it: none of them may approve it. */
  holders(transaction: ReadTransaction, order: WorkOrderKey): Promise<readonly WorkActor[]>;
}
