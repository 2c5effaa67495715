export { APPLY_HEADER } from "./work/apply/apply-context.ts";
export type { ApplyContext, ApplyRequest, ApplyScope } from "./work/apply/apply-context.ts";
export { defineOrderType } from "./work/order-type.ts";
export type * from "./work/order-type.ts";
export { workProblems } from "./work/problems.ts";
export { defineEffect, defineResource } from "./work/resource.ts";
export type * from "./work/resource.ts";
export { WORK_SCOPES } from "./work/rules.ts";
export type { WorkScope } from "./work/rules.ts";
