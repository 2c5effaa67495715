export type { FindHeldWork, HeldWork, HeldWorkProof } from "./work/checkout/held-work.ts";
export { defineOrderType } from "./work/order-type.ts";
export type * from "./work/order-type.ts";
export { workProblems } from "./work/problems.ts";
export { defineEffect, defineResource } from "./work/resource.ts";
export type * from "./work/resource.ts";
export { WORK_SCOPES } from "./work/rules.ts";
export type { WorkScope } from "./work/rules.ts";
