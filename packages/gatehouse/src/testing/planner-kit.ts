import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { systemTimers } from "../kernel/timers.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { createLeases } from "../store/sql/leases.ts";
import { createPlannerActions } from "../work/planners/actions.ts";
import { definePlanner, type FoundWork, type Planner, type PlannerCaps } from "../work/planners/planner.ts";
import { createPlanners } from "../work/planners/planners.ts";
import type { ScheduleParts } from "../work/planners/schedule.ts";
import { createTestGate, type TestGate } from "./gate-kit.ts";
import type { ReviewKit } from "./review-kit.ts";
import type { Renaming } from "./review-kit-things.ts";

/** What is found in tests. */
export type FoundThing = FoundWork<Renaming>;

/** A planner of the kit's type, which finds what it is told to. */
export function thingPlanner(
  kit: ReviewKit,
  find: (tenant: string) => readonly FoundThing[] | Promise<readonly FoundThing[]>,
  more: { readonly caps?: PlannerCaps; readonly name?: string; readonly tenants?: readonly string[] } = {},
): Planner {
  const [type] = kit.parts.types.all();
  if (type === undefined) throw new TypeError("The kit has no type.");
  const { name = "nameless-things", tenants = ["acme"], caps } = more;
  return definePlanner({
    ...{ name, type, every: 60_000, tenants: () => tenants, find: async ({ tenant }) => find(tenant) },
    ...(caps === undefined ? {} : { caps }),
  });
}

/** A server that has planners, on the store of a kit. */
export interface PlannerServer extends AsyncDisposable {
  readonly gate: TestGate;
  readonly parts: ScheduleParts;
  readonly reported: unknown[];
  /** Events of looks. */
  readonly told: SecurityEvent[];
}

/** Opens one; several on one store have names of their own. */
export async function openPlannerServer(
  kit: ReviewKit,
  planners: readonly Planner[],
  server: string = "planners",
): Promise<PlannerServer> {
  const reported: unknown[] = [];
  const told: SecurityEvent[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const events = createEventStream(report);
  events.subscribe((event) => told.push(event));
  const documents = createDocuments();
  const shared = {
    ...{ ...kit.parts, documents, retention: 365 * 86_400_000, clock: kit.clock },
    ...{ planners: createPlanners(planners, kit.parts.types), gate: () => gate.gate },
  };
  const gate = await createTestGate({
    ...{ actions: createPlannerActions(shared), store: kit.store, clock: kit.clock, seed: "work", server },
    limit: { limit: 1_000_000, window: 60_000 },
  });
  return {
    ...{ gate, reported, told },
    parts: {
      ...{ ...shared, ids: gate.ids, store: kit.store, leases: createLeases(kit.store) },
      ...{ events, timers: systemTimers, report },
    },
    [Symbol.asyncDispose]: () => gate[Symbol.asyncDispose](),
  };
}
