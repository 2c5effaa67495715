import { jsonDigest } from "../../kernel/digest.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkChange, WorkReading } from "../../kernel/ports/work-plans.ts";
import { plainOf } from "../space/snapshot.ts";

/** All that reviewers approve, and nothing that could change without their knowledge. */
export interface PlanEssence {
  readonly order: Pick<
    WorkOrder,
    "id" | "tenant" | "type" | "typeVersion" | "risk" | "proposer" | "inputHash" | "reverts"
  >;
  readonly revision: number;
  /** Of the results by the keys of their items. */
  readonly resultHashes: Readonly<Record<string, string>>;
  readonly changes: readonly WorkChange[];
  readonly readings: readonly WorkReading[];
}

/** SHA-256 over the canonical JSON (RFC 8785) of a plan and what it was made of, base64url. */
export function planDigest({ order, revision, resultHashes, changes, readings }: PlanEssence): string {
  const { id, tenant, type, typeVersion, risk, proposer, inputHash, reverts = "" } = order;
  const made = { order: id, tenant, type, typeVersion, risk, proposer, inputHash, reverts, revision, resultHashes };
  return jsonDigest({ ...made, changes: changes.map(plainOf), readings });
}
