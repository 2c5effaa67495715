export type { WorkClientOptions } from "./work/client/connection.ts";
export type { HeldItem, PartPayloads, Progress, SubmitOptions } from "./work/client/held-item.ts";
export { createWorkClient } from "./work/client/work-client.ts";
export type {
  ChangedOrder,
  CheckoutWish,
  SeenPlan,
  ShownOrder,
  ShownPlan,
  TypedOrders,
  WorkClient,
} from "./work/client/work-client.ts";
export { WorkError } from "./work/client/work-error.ts";
