import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { AuditQuery, AuditTrail } from "../../kernel/ports/audit.ts";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../operator.ts";

const AuditFilter = z.strictObject({
  name: z.string().max(100).optional(),
  outcome: z.enum(["success", "denied", "error"]).optional(),
  level: z.enum(["info", "warn", "critical"]).optional(),
  actor: z.string().max(200).optional(),
  action: z.string().max(200).optional(),
  ip: z.string().max(64).optional(),
  requestId: z.string().max(64).optional(),
  from: z.int().min(0).optional(),
  until: z.int().min(0).optional(),
  before: z.string().max(64).optional(),
  limit: z.int().min(1).max(500).default(50),
});

/** Reading the audit trail. */
export function createAuditOperations(parts: { readonly trail: AuditTrail }): readonly AnyAction[] {
  return [listAudit(parts)];
}

function listAudit({ trail }: { readonly trail: AuditTrail }): AnyAction {
  return defineAction({
    name: "audit.list",
    entrances: OPERATOR_ENTRANCES,
    input: AuditFilter,
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ input, transaction }) => ({ events: await trail.find(transaction, definedOnly(input)) }),
  });
}

function definedOnly(filter: z.infer<typeof AuditFilter>): AuditQuery {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined);
  // Removing absent members leaves a valid query; `limit` has a default.
  return Object.fromEntries(entries) as unknown as AuditQuery;
}
