import type { Entrance } from "../../kernel/attempt.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkLeases } from "../../kernel/ports/work-leases.ts";
import type { WorkMeasures } from "../../kernel/ports/work-measures.ts";
import type { WorkOrderKey, WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkParts } from "../../kernel/ports/work-parts.ts";
import type { WorkPauses } from "../../kernel/ports/work-pauses.ts";
import type { WorkNews } from "./availability.ts";
import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { AnyOrderType, WorkLimits } from "../order-type.ts";
import type { OrderTypes } from "../order-types.ts";
import type { WorkRules } from "../rules.ts";
import type { WorkPayloads } from "../subject/payloads.ts";

/** What agents may do where a type of orders says nothing else. */
export type CheckoutLimits = Required<Omit<WorkLimits, "items" | "attempts" | "leases">> & {
  /** Leases that one agent may hold at once. */
  readonly leasesPerAgent: number;
  /** Leases of a tenant at once; `Infinity`: no bound. */
  readonly leasesPerTenant: number;
  /** Milliseconds before an item that failed is handed out again; they double with each attempt. */
  readonly retry: number;
  /** Milliseconds, drawn by chance, that are added to them. */
  readonly retryJitter: number;
};

/** What checking out and handing in work with. */
export interface CheckoutParts {
  readonly orders: WorkOrders;
  readonly leases: WorkLeases;
  readonly parts: WorkParts;
  readonly pauses: Pick<WorkPauses, "find">;
  readonly payloads: WorkPayloads;
  readonly types: OrderTypes;
  readonly random: Random;
  readonly timers: Timers;
  /** Wakes those who wait for items. */
  readonly news: WorkNews;
  /** Who may, and how often. */
  readonly rules: WorkRules;
  readonly entrances: readonly Entrance[];
  readonly limits: CheckoutLimits;
  readonly measures?: Pick<WorkMeasures, "waited">;
  /** Has a plan made of an order whose last item was handed in. */
  readonly submitted: (transaction: WriteTransaction, order: WorkOrderKey) => Promise<void>;
}

/** The limits of a type of orders, as it says and as is configured. */
export function limitsOf(
  { limits }: Pick<CheckoutParts, "limits">,
  type: AnyOrderType,
): CheckoutLimits & { readonly leases: number } {
  const own = Object.fromEntries(Object.entries(type.limits ?? {}).filter(([, value]) => value !== undefined));
  return { leases: Number.POSITIVE_INFINITY, ...limits, ...own };
}
