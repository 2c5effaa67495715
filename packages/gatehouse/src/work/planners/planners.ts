import type { Authorise } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import type { OrderTypes } from "../order-types.ts";
import type { Planner } from "./planner.ts";

/** The planners of an application. */
export interface Planners {
  find(name: string): Planner | undefined;
  all(): readonly Planner[];
}

/**
 * A registry of planners.
 * @throws {TypeError} where a name is given twice, or a planner proposes orders of a type that the application does not have.
 */
export function createPlanners(planners: readonly Planner[], types: OrderTypes): Planners {
  const byName = new Map<string, Planner>();
  for (const planner of planners) {
    const { name, type } = planner;
    if (byName.has(name)) throw new TypeError(`There are two planners named "${name}".`);
    if (types.find(type.type) !== type)
      throw new TypeError(`The planner ${name} proposes orders of ${type.type}, which is not among the types.`);
    byName.set(name, planner);
  }
  return { find: (name) => byName.get(name), all: () => planners };
}

/** Who proposes what a planner has found, as orders name their proposer. */
export function plannerId({ name }: Pick<Planner, "name">): string {
  return `planner:${name}`;
}

/** The principal of a planner in a tenant. */
export function plannerPrincipal(planner: Pick<Planner, "name">, tenant: string): Principal {
  return { type: "system", id: plannerId(planner), tenant, grants: new Set() };
}

/** A planner proposes what it has found itself, and nobody does so in its name: they could approve it then. */
export const plannerItself: Authorise<{ readonly planner: string }> = ({ principal, input: { planner } }) =>
  principal.type === "system" && principal.id === plannerId({ name: planner });
