import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { workEvents } from "../events.ts";
import { lookForWork, type Discovery, type LookParts } from "./look.ts";

const Find = z.strictObject({
  /** Default: all. */
  planner: z.string().min(1).max(80).optional(),
  /** Tells what would be proposed, and proposes nothing. */
  dry_run: z.boolean().default(false),
});

interface Answer {
  readonly planners: readonly Discovery[];
}

/** Has planners look for work now, whenever they would look by themselves, in the tenant of whoever asks. */
export function findAction(parts: Omit<LookParts, "store">): AnyAction {
  const { planners, rules } = parts;
  return defineAction({
    ...{ name: "work.find", entrances: ["job"], input: Find, effects: "external", limits: rules.limits },
    ...{ idempotency: false, authorise: rules.permit("work:admin", "work.find") },
    audit: { event: workEvents.work_found, context: (_input, answer: Answer) => totalsOf(answer.planners) },
    async run({ attempt: { tenant }, input: { planner: name, dry_run: isDry }, store }) {
      const named = name === undefined ? planners.all() : planners.all().filter((planner) => planner.name === name);
      if (name !== undefined && named.length === 0)
        return deny(problems.NOT_FOUND, { detail: `There is no planner "${name}". ${listed(planners.all())}` });
      const found: Discovery[] = [];
      for (const planner of named) found.push(await lookForWork({ ...parts, store }, { planner, tenant, isDry }));
      return { planners: found };
    },
  });
}

/** What several looks have come to, for events. */
export function totalsOf(discoveries: readonly Discovery[]): Readonly<Record<string, number>> {
  const sum = (of: (one: Discovery) => number): number => discoveries.reduce((total, one) => total + of(one), 0);
  return {
    proposed: sum(({ found }) => found.filter(({ order }) => order !== undefined).length),
    settled: sum(({ settled }) => settled),
    refused: sum(({ refused }) => refused.length),
  };
}

function listed(planners: readonly { readonly name: string }[]): string {
  if (planners.length === 0) return "The application has none.";
  return `There are: ${planners.map(({ name }) => name).join(", ")}.`;
}
