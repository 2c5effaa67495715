import { internalAttempt, type InternalAttemptParts } from "../../kernel/internal-attempt.ts";
import { isDenial } from "../../kernel/outcome.ts";
import type { ReadTransaction, Store } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import { workProblems } from "../problems.ts";
import { prepareProposal } from "../review/propose.ts";
import type { FoundWork, Planner } from "./planner.ts";
import { plannerId, plannerPrincipal } from "./planners.ts";
import { Found, PROPOSE_FOUND, roomOf, type PlannerParts } from "./propose-found.ts";
import { recall } from "./proposed-work.ts";

/** What looking for work is done with. */
export interface LookParts extends PlannerParts, InternalAttemptParts {
  readonly store: Pick<Store, "read">;
}

/** One look of one planner in one tenant. */
export interface Look {
  readonly planner: Planner;
  readonly tenant: string;
  /** Whether it is only told what would be proposed. */
  readonly isDry?: boolean;
  /** Ends the look before its next proposal. */
  readonly signal?: AbortSignal;
}

/** Something that was found and for which there is no order; with the order, where it was proposed. */
export interface NewWork {
  readonly key: string;
  readonly title?: string | undefined;
  readonly priority: number;
  readonly order?: string;
}

/** Something that cannot be proposed. */
export interface RefusedWork {
  readonly key: string;
  readonly reason: string;
}

/** What came of a look. */
export interface Discovery {
  readonly planner: string;
  readonly type: string;
  /** Why it has not looked: an operator has stopped it, its type, or the tenant. */
  readonly stopped?: string;
  readonly found: readonly NewWork[];
  /** Things for which there is an order, or which people have decided about. */
  readonly settled: number;
  readonly refused: readonly RefusedWork[];
  /** Whether there is more than may be proposed now. */
  readonly more: boolean;
}

type Wanted = ReturnType<typeof Found.parse>;

interface Chosen extends Omit<Discovery, "planner" | "type" | "found"> {
  readonly wanted: readonly Wanted[];
}

/** Looks once, and proposes what is new; each by an attempt of its own, so that one that fails stops no other. */
export async function lookForWork(parts: LookParts, look: Look): Promise<Discovery> {
  const { planner, isDry = false, signal } = look;
  const { wanted, refused: unfit, ...rest } = await parts.store.read((transaction) => choose(parts, look, transaction));
  const named = { planner: planner.name, type: planner.type.type, ...rest };
  if (isDry) return { ...named, found: wanted.map(shown), refused: unfit };
  const found: NewWork[] = [];
  const refused = [...unfit];
  let { settled, more } = rest;
  for (const one of wanted) {
    const outcome = signal?.aborted === true ? "capped" : await proposeOne(parts, look, one);
    if (outcome === "settled") settled += 1;
    else if (outcome === "capped") more = true;
    else if ("reason" in outcome) refused.push(outcome);
    else found.push(outcome);
  }
  return { ...named, found, refused, settled, more };
}

function shown({ key, title, priority }: Wanted): NewWork {
  return { key, priority, ...(title === undefined ? {} : { title }) };
}

/** Proposes one thing; `settled` where there is an order already, as when another server looks at the same time. */
async function proposeOne(
  parts: LookParts,
  { planner, tenant }: Look,
  wanted: Wanted,
): Promise<NewWork | RefusedWork | "settled" | "capped"> {
  const principal = plannerPrincipal(planner, tenant);
  const input = { ...wanted, planner: planner.name };
  const attempt = internalAttempt(parts, { principal, action: PROPOSE_FOUND, tenant, input });
  const outcome = await parts.gate().attempt(attempt);
  // The action's own answer.
  if (outcome.ok) return { ...shown(wanted), order: (outcome.value as { readonly order: string }).order };
  if (outcome.problem === problems.STATE_CONFLICT) return "settled";
  if (outcome.problem === workProblems.WORK_CAPPED) return "capped";
  return { key: wanted.key, reason: outcome.detail ?? outcome.problem.message };
}

const NOTHING: Chosen = { wanted: [], settled: 0, refused: [], more: false };

/** What is new of what is found, as much as may be proposed. */
async function choose(parts: LookParts, look: Look, transaction: ReadTransaction): Promise<Chosen> {
  const { planner, tenant } = look;
  const stop = { tenant, type: planner.type.type, agent: plannerId(planner) };
  const pause = await parts.pauses.find(transaction, stop);
  if (pause !== undefined) return { ...NOTHING, stopped: pause.reason };
  const room = Math.min(planner.caps.run, await roomOf(parts, transaction, look));
  const seen = new Set<string>();
  const wanted: Wanted[] = [];
  const refused: RefusedWork[] = [];
  let settled = 0;
  for await (const given of await planner.find({ transaction, tenant })) {
    const judged = await judge(parts, { look, given, seen }, transaction);
    if (judged === "settled") settled += 1;
    else if ("reason" in judged) refused.push(judged);
    else if (wanted.length < room) wanted.push(judged);
    else return { wanted, settled, refused, more: true };
  }
  return { wanted, settled, refused, more: false };
}

interface Judged {
  readonly look: Look;
  readonly given: FoundWork<unknown>;
  /** Keys that were found before. */
  readonly seen: Set<string>;
}

/** What becomes of something that was found: what cannot be proposed takes no room from what can. */
async function judge(
  parts: LookParts,
  { look: { planner, tenant }, given, seen }: Judged,
  transaction: ReadTransaction,
): Promise<Wanted | RefusedWork | "settled"> {
  const shape = Found.safeParse(given);
  const key = String(given.key).slice(0, LONGEST_SHOWN);
  if (!shape.success) return { key, reason: firstOf(shape.error.issues) };
  if (seen.has(key)) return { key, reason: "It was found twice at one look." };
  seen.add(key);
  const prepared = await prepareProposal(planner.type, given.input);
  if (isDenial(prepared)) {
    const [violation] = prepared.violations ?? [];
    return { key, reason: violation === undefined ? prepared.problem.message : textOf(violation) };
  }
  const found = { planner: planner.name, tenant, key };
  const { isSettled } = await recall(parts, transaction, { found, input: prepared.input });
  return isSettled ? "settled" : shape.data;
}

const LONGEST_SHOWN = 200;

function firstOf([issue]: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  return issue === undefined
    ? "It is not what is asked for."
    : textOf({ ...issue, pointer: `/${issue.path.join("/")}` });
}

function textOf({ pointer, message }: { readonly pointer: string; readonly message: string }): string {
  return `${pointer}: ${message}`;
}
