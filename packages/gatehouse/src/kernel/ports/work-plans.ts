import type { ReadTransaction, WriteTransaction } from "./store.ts";
import type { WorkActor, WorkOrderKey } from "./work-orders.ts";

/** What exactly will happen, or has happened, to one thing. */
export interface WorkChange {
  /** From 1, in the order in which they are made. */
  readonly step: number;
  readonly resource: { readonly type: string; readonly id: string; readonly label: string };
  /** `invoke`: a side effect, which leaves by the outbox. */
  readonly action: "create" | "update" | "delete" | "invoke";
  /** As JSON has it; `undefined` where there was nothing, or nothing is left. */
  readonly before: unknown;
  readonly after: unknown;
  /** Members of both that are masked until somebody asks for them, as JSON pointers. */
  readonly sensitive: readonly string[];
  /** Items whose results it was made of. */
  readonly sources: readonly string[];
}

/** What a plan was made on the strength of. */
export interface WorkReading {
  readonly type: string;
  readonly id: string;
  /** SHA-256 over the canonical JSON of what was read, base64url; empty where there was nothing. */
  readonly digest: string;
}

/** A plan: its changes, and what they rest on. */
export interface WorkPlan {
  readonly order: string;
  readonly tenant: string;
  /** From 1. */
  readonly revision: number;
  /** JSON of `WorkChange[]`, sealed where the order has a subject. */
  readonly changes: string;
  readonly readings: readonly WorkReading[];
  /** SHA-256 over the canonical JSON of order, type, version, revision, hashes of input and results, changes and readings. */
  readonly digest: string;
  readonly createdAt: number;
  /** Approvals of it count no longer. */
  readonly expiresAt: number;
  readonly voidedBecause: string | undefined;
}

/** What somebody has decided about a plan. */
export interface WorkReview {
  readonly id: string;
  readonly revision: number;
  readonly digest: string;
  readonly decision: "approve" | "reject" | "rework";
  readonly reviewer: WorkActor;
  /** How the reviewer had signed in: JSON. */
  readonly authentication: string;
  readonly notes: string;
  readonly at: number;
  /** Whether it counts no longer: the plan was voided. */
  readonly voided: boolean;
}

/** One try to carry out a plan. */
export interface WorkApplication {
  readonly revision: number;
  readonly attempt: number;
  readonly state: "applied" | "stale" | "diverged" | "failed";
  readonly actor: WorkActor;
  /** What was really changed, as `changes`; empty where nothing was. */
  readonly changes: string;
  readonly detail: string;
  readonly at: number;
}

/** Plans of orders, what was decided about them and what became of them. */
export interface WorkPlans {
  add(transaction: WriteTransaction, plan: Omit<WorkPlan, "createdAt" | "voidedBecause">): Promise<void>;
  /** The newest, or one of a revision. */
  find(transaction: ReadTransaction, order: WorkOrderKey, revision?: number): Promise<WorkPlan | undefined>;
  /** No approval of any plan of the order counts any longer. */
  void(transaction: WriteTransaction, order: WorkOrderKey, reason: string): Promise<void>;
  review(transaction: WriteTransaction, order: WorkOrderKey, review: Omit<WorkReview, "at" | "voided">): Promise<void>;
  reviews(transaction: ReadTransaction, order: WorkOrderKey): Promise<readonly WorkReview[]>;
  applied(transaction: WriteTransaction, order: WorkOrderKey, application: Omit<WorkApplication, "at">): Promise<void>;
  applications(transaction: ReadTransaction, order: WorkOrderKey): Promise<readonly WorkApplication[]>;
}
