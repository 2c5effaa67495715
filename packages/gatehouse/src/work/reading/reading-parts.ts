import type { Entrance } from "../../kernel/attempt.ts";
import type { WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkPlans } from "../../kernel/ports/work-plans.ts";
import type { OrderTypes } from "../order-types.ts";
import type { WorkRules } from "../rules.ts";
import type { WorkPayloads } from "../subject/payloads.ts";

/** What looking at orders works with. */
export interface WorkReadingParts {
  readonly orders: WorkOrders;
  readonly plans: WorkPlans;
  readonly payloads: WorkPayloads;
  readonly types: OrderTypes;
  readonly rules: WorkRules;
  readonly entrances: readonly Entrance[];
}
