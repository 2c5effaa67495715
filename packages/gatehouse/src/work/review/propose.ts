import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { canonicalJson } from "../../kernel/codec.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { NewWorkItem, NewWorkOrder, WorkRisk } from "../../kernel/ports/work-orders.ts";
import { problems } from "../../kernel/problems.ts";
import { isKeepable } from "../checkout/keepable.ts";
import { workEvents } from "../events.ts";
import type { AnyOrderType, PlannedItem } from "../order-type.ts";
import { workProblems } from "../problems.ts";
import { actorOf, provenanceOf } from "../provenance.ts";
import { plainOf } from "../space/snapshot.ts";
import { sealDetails } from "../subject/event-details.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { addPreview } from "../work-jobs.ts";
import { changedOrder, erased } from "./answers.ts";
import { writtenText } from "./inputs.ts";
import { moveOrder, relock } from "./order-steps.ts";
import type { WorkReviewParts } from "./review-parts.ts";

const NOT_KEEPABLE = "It is no JSON that can be kept: too deep, or with text that is not valid Unicode.";
/** What an order is proposed with, whatever its type. */
export const ProposalShape = {
  input: z.unknown().refine(isKeepable, { message: NOT_KEEPABLE }),
  priority: z.int().min(-100).max(100).default(0),
  title: writtenText(200).optional(),
};
const Proposal = z.strictObject({ type: z.string().min(1).max(100), ...ProposalShape });

/** What was proposed, once it was checked against its type. */
export interface PreparedProposal {
  readonly type: AnyOrderType;
  /** As the schema of the type gives it, as plain JSON. */
  readonly input: unknown;
  readonly risk: WorkRisk;
  readonly subject: string | undefined;
}

/** Somebody who proposes something. */
export interface Proposing extends Pick<ActionContext<unknown, "store">, "attempt" | "principal" | "transaction"> {
  readonly input: Pick<z.infer<typeof Proposal>, "priority" | "title">;
  readonly prepared: PreparedProposal;
}

/** Proposes an order: checked against its type, divided into items, and queued for whoever works on them. */
export function proposeAction(parts: WorkReviewParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.propose", entrances, input: Proposal, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:propose", "work.propose"),
    idempotency: { required: true },
    audit: {
      event: workEvents.work_proposed,
      target: (_input, { order }: { readonly order: string }) => order,
      context: ({ type }, _order) => ({ type }),
    },
    async prepare({ input: { type: name, input } }): Promise<PreparedProposal | Denial> {
      const type = parts.types.find(name);
      return type === undefined ? deny(workProblems.WORK_TYPE_UNKNOWN) : prepareProposal(type, input);
    },
    run: (context) => propose(parts, context),
  });
}

/** Checks what is proposed against its type, or says what is wrong with it. */
export async function prepareProposal(type: AnyOrderType, given: unknown): Promise<PreparedProposal | Denial> {
  const input = await conforming(type.input, given, "/input");
  if (isDenial(input)) return input;
  const { risk = "medium", subject } = type;
  const plain = plainOf(input.value);
  return { type, input: plain, risk: typeof risk === "function" ? risk(plain) : risk, subject: subject?.(plain) };
}

/** What a schema makes of a value, or everything that is wrong with it. */
async function conforming(
  schema: StandardSchemaV1,
  value: unknown,
  pointer: string,
): Promise<{ readonly value: unknown } | Denial> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) {
    // A schema may have cut a character in two.
    if (isKeepable(result.value)) return { value: result.value };
    return deny(problems.VALIDATION_ERROR, { violations: [{ pointer, message: NOT_KEEPABLE }] });
  }
  const violations = result.issues.slice(0, MOST_VIOLATIONS).map(({ path = [], message }) => ({
    pointer:
      pointer + path.map((segment) => `/${escaped(typeof segment === "object" ? segment.key : segment)}`).join(""),
    message,
  }));
  return deny(problems.VALIDATION_ERROR, { violations });
}

const MOST_VIOLATIONS = 50;

function escaped(segment: PropertyKey): string {
  return String(segment).replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Adds the order. */
export async function propose(parts: WorkReviewParts, context: Proposing) {
  const { orders, payloads: all, ids, jobs } = parts;
  const { attempt, principal, input: asked, prepared, transaction } = context;
  const { type, input, risk, subject } = prepared;
  const { tenant } = attempt;
  const id = ids.next();
  const payloads = await all.begin(transaction, { tenant, id, subject });
  if (payloads === undefined) return erased();
  const items = await planItems(parts, context, payloads);
  if (isDenial(items)) return items;
  const text = canonicalJson(input);
  const order: NewWorkOrder = {
    ...{ id, tenant, type: type.type, typeVersion: type.version, priority: asked.priority, risk, subject },
    ...{ input: payloads.seal(["input"], text), inputHash: payloads.digest(text), reverts: undefined },
    ...{ proposer: actorOf(principal), provenance: provenanceOf(attempt) },
  };
  const event = { item: undefined, actor: order.proposer, from: undefined, to: "queued", provenance: order.provenance };
  const title = asked.title === undefined ? {} : { payload: { title: asked.title } };
  const told = { plain: { type: type.type, items: items.length }, ...title };
  const details = sealDetails(payloads, order, { kind: "proposed", ...told });
  await orders.add(transaction, order, items, [{ ...event, kind: "proposed", details }]);
  const added = await relock(orders, transaction, { tenant, id });
  if (items.length > 0) return { ...changedOrder(added), items: items.length };
  const telling = { kind: "submitted", actor: order.proposer, payloads };
  const submitted = await moveOrder(orders, transaction, { order: added, change: { state: "submitted" }, telling });
  await addPreview(jobs, transaction, submitted);
  return { ...changedOrder(submitted), items: 0 };
}

async function planItems(
  { ids, limits }: WorkReviewParts,
  { attempt: { tenant }, input: { priority }, prepared: { type, input }, transaction }: Proposing,
  payloads: OrderPayloads,
): Promise<readonly NewWorkItem[] | Denial> {
  const planned: readonly PlannedItem<unknown>[] | Denial = await type.items({ input, tenant, transaction });
  if (isDenial(planned)) return planned;
  const most = type.limits?.items ?? limits.items;
  if (planned.length > most)
    return deny(problems.VALIDATION_ERROR, { detail: `An order of this type has at most ${most} items.` });
  refuseUnworkable(type.type, planned);
  const attempts = type.limits?.attempts ?? limits.attempts;
  const runAt = await transaction.now();
  const items: NewWorkItem[] = [];
  for (const { key, input: given, dependsOn = [] } of planned) {
    const item = await conforming(type.item, given, `/items/${escaped(key)}`);
    if (isDenial(item)) return item;
    const sealed = payloads.seal(["item", key, "input"], canonicalJson(plainOf(item.value)));
    items.push({ id: ids.next(), key, priority, runAt, attempts, dependsOn, input: sealed });
  }
  return items;
}

const LONGEST_KEY = 120;

/** Items that nobody could ever work on are a bug of their type. */
function refuseUnworkable(type: string, planned: readonly PlannedItem<unknown>[]): void {
  const waiting = new Map(planned.map(({ key, dependsOn = [] }) => [key, new Set(dependsOn)]));
  const fault = (what: string): TypeError => new TypeError(`The items of an order of ${type} ${what}.`);
  if (waiting.size < planned.length) throw fault("do not have unique keys");
  for (const key of waiting.keys())
    if (key === "" || key.length > LONGEST_KEY) throw fault("have keys that are too long");
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, needs]) => needs.size === 0).map(([key]) => key);
    if (ready.length === 0) throw fault("wait for each other, or for some that are not there");
    for (const key of ready) waiting.delete(key);
    for (const needs of waiting.values()) for (const key of ready) needs.delete(key);
  }
}
