import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import { workEvents } from "../events.ts";
import { workProblems } from "../problems.ts";
import { prepareProposal, propose, ProposalShape, type PreparedProposal } from "../review/propose.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import type { Planner } from "./planner.ts";
import { plannerId, plannerItself, type Planners } from "./planners.ts";
import { OPEN_STATES, recall, remember, type ProposedWorkParts } from "./proposed-work.ts";

/** What planners propose with. */
export interface PlannerParts extends WorkReviewParts, Pick<ProposedWorkParts, "documents" | "retention"> {
  readonly planners: Planners;
}

/** The name of the action by which planners propose. */
export const PROPOSE_FOUND = "work.propose-found";

/** What was found, as a planner says it. */
export const Found = z.strictObject({ key: z.string().min(1).max(200), ...ProposalShape });
const Proposal = Found.extend({ planner: z.string() });

interface PreparedFinding extends PreparedProposal {
  readonly planner: Planner;
}

interface Proposed {
  readonly order: string;
  readonly type: string;
}

/**
 * Proposes something that was found, unless there is an order for it by now. What was proposed is remembered in the
 * transaction that proposes it, so that nothing is proposed twice, however many servers look and whenever one of them ends.
 */
export function proposeFoundAction(parts: PlannerParts): AnyAction {
  const { planners } = parts;
  return defineAction({
    ...{ name: PROPOSE_FOUND, entrances: ["job"], effects: "store", input: Proposal, idempotency: false },
    authorise: plannerItself,
    audit: {
      event: workEvents.work_proposed,
      target: (_input, { order }: Proposed) => order,
      context: ({ planner }, { type }: Proposed) => ({ type, planner }),
    },
    async prepare({ input: { planner: name, input } }): Promise<PreparedFinding | Denial> {
      const planner = planners.find(name);
      if (planner === undefined) return deny(problems.NOT_FOUND);
      const prepared = await prepareProposal(planner.type, input);
      return isDenial(prepared) ? prepared : { ...prepared, planner };
    },
    async run(context) {
      const { attempt, transaction, input, prepared } = context;
      const { planner } = prepared;
      const found = { planner: planner.name, tenant: attempt.tenant, key: input.key };
      // Those who look have counted as well, but several may look at once.
      if ((await roomOf(parts, transaction, { planner, tenant: attempt.tenant })) === 0)
        return deny(workProblems.WORK_CAPPED, { detail: "As many orders of this planner are open as may be." });
      const { version, isSettled } = await recall(parts, transaction, { found, input: prepared.input });
      if (isSettled) return alreadyProposed();
      const proposed = await propose(parts, context);
      if (isDenial(proposed)) return proposed;
      const isFirst = await remember(parts, transaction, { found, order: proposed.order, version });
      return isFirst ? proposed : alreadyProposed();
    },
  });
}

/** How many orders a planner may still propose until some of its own have ended. */
export async function roomOf(
  { orders }: Pick<PlannerParts, "orders">,
  transaction: ReadTransaction,
  { planner, tenant }: { readonly planner: Planner; readonly tenant: string },
): Promise<number> {
  const { open: limit } = planner.caps;
  const filter = { states: OPEN_STATES, proposer: plannerId(planner) };
  return limit - (await orders.list(transaction, tenant, { filter, limit })).length;
}

function alreadyProposed(): Denial {
  return deny(problems.STATE_CONFLICT, { detail: "There is an order for it." });
}
