import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkEvent, WorkItem, WorkOrder, WorkProvenance } from "../../kernel/ports/work-orders.ts";
import type { AnyOrderType, Finding } from "../order-type.ts";
import { shownActor, shownItem } from "../reading/shown.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import type { OrderPayloads, PayloadPlace } from "../subject/payloads.ts";
import type { Showing } from "./masking.ts";

/** An order with what it takes to show what is in it. */
export interface OpenedCase {
  readonly order: WorkOrder;
  readonly type: AnyOrderType | undefined;
  readonly payloads: OrderPayloads;
  readonly show: Showing;
}

/** Which items are shown: so many, those after a number. */
export interface ItemPage {
  readonly after: number;
  readonly limit: number;
}

/** Items with all that was handed in of them, by whom, and what is wrong with it by the rules of today. */
export async function showItems(
  parts: WorkReviewParts,
  transaction: ReadTransaction,
  { opened, page: { after, limit } }: { readonly opened: OpenedCase; readonly page: ItemPage },
) {
  const { order } = opened;
  const all = await parts.orders.items(transaction, order);
  const page = all.filter(({ number }) => number > after).slice(0, limit);
  const submissions = await submissionsOf(parts, transaction, order);
  const items = [];
  for (const item of page) {
    items.push({
      ...shownItem(item, opened.payloads),
      ...shownPayloads(opened, item),
      parts: await shownParts(parts, transaction, item),
      findings: await findingsOf(transaction, opened, item),
      ...shownSubmission(submissions.get(item.id)),
    });
  }
  const last = page.at(-1);
  return {
    items,
    total: all.length,
    ...(last === undefined || last.number >= all.length ? {} : { next: last.number }),
  };
}

function shownPayloads({ payloads, show }: OpenedCase, { key, input, result, evidence, notes }: WorkItem) {
  const open = (what: string, text: string): string => payloads.open(["item", key, what], text);
  const json = (what: string, text: string): unknown => show(JSON.parse(open(what, text)));
  return {
    input: json("input", input),
    ...(result === undefined ? {} : { result: json("result", result) }),
    ...(evidence === undefined ? {} : { evidence: json("evidence", evidence) }),
    ...(notes === undefined ? {} : { notes: show(open("notes", notes)) }),
  };
}

/** What is in parts is in the result as well once they are put together; it may be a lot. */
async function shownParts({ parts }: WorkReviewParts, transaction: ReadTransaction, item: WorkItem) {
  return (await parts.summaries(transaction, item)).map(({ name, number, revision, bytes, checksum, at }) => ({
    ...{ part: name, seq: number, revision, bytes, checksum, at },
  }));
}

const MOST_FINDINGS = 20;

/** What the schema of a type and its author find wrong with a result now; it was right when it was handed in. */
async function findingsOf(
  transaction: ReadTransaction,
  { order, type, payloads }: OpenedCase,
  { key, input, result, dependsOn, tenant }: WorkItem,
): Promise<readonly Finding[] | undefined> {
  if (result === undefined || type === undefined) return undefined;
  const open = (place: PayloadPlace, text: string): unknown => JSON.parse(payloads.open(place, text));
  const checked = await type.result["~standard"].validate(open(["item", key, "result"], result));
  if (checked.issues !== undefined)
    return checked.issues.slice(0, MOST_FINDINGS).map(({ message }) => ({ code: "invalid", message }));
  if (type.validate === undefined) return [];
  const made: unknown = checked.value;
  return type.validate({
    input: open(["input"], order.input),
    item: { key, dependsOn, input: open(["item", key, "input"], input) },
    ...{ result: made, tenant, transaction },
  });
}

const MOST_SUBMISSIONS = 1000;

/** The newest submission of each item. */
async function submissionsOf(
  { orders }: WorkReviewParts,
  transaction: ReadTransaction,
  order: WorkOrder,
): Promise<ReadonlyMap<string, WorkEvent>> {
  const newest = new Map<string, WorkEvent>();
  for (const kind of ["submitted", "finalized"]) {
    for (const event of await orders.events(transaction, order, { kind, limit: MOST_SUBMISSIONS })) {
      const { item, at } = event;
      if (item !== undefined && at > (newest.get(item)?.at ?? 0)) newest.set(item, event);
    }
  }
  return newest;
}

function shownSubmission(event: WorkEvent | undefined) {
  if (event === undefined) return {};
  const { actor, at, provenance } = event;
  return { submitted: { by: shownActor(actor), at, ...(provenance === undefined ? {} : shownProvenance(provenance)) } };
}

/** What somebody has said of the program that worked, and what the server has seen of it. */
export function shownProvenance({ agent, agentVersion, model, runtime, request, ip, fingerprint }: WorkProvenance) {
  return { provenance: { agent, version: agentVersion, model, runtime, request, ip, fingerprint } };
}
