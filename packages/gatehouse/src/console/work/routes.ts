import { Hono, type Context } from "hono";
import { html } from "../../html/html.ts";
import { readActionInput } from "../../http/action-input.ts";
import type { Inbound } from "../../http/inbound.ts";
import { isUuid } from "../../kernel/ids.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import { textsOf } from "../form-fields.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { attemptForm } from "../sent-form.ts";
import { batchPage, LARGEST_BATCH, type BatchOutcome } from "./batch-page.ts";
import { DESK_STEPS, REVEAL_STEPS, tickedPlans, type DeskStep, type RevealStep } from "./input.ts";
import { keyHelp, orderPage, type OrderPageParts, type Revealed } from "./order-page.ts";
import { queueInput, queueLead, queuePage, readQueueFilter } from "./queue-page.ts";
import { ChangedOrder, Counts, Examined, OrderRows, Pauses, RevealedPayloads, RevealedStep, Titles } from "./shapes.ts";
import { STOPS_PATH, stopsPage } from "./stops-page.ts";
import { WORK_PATH } from "./words.ts";

const SHOWN = 25;
const PAGE = { title: "Work orders", path: WORK_PATH, keys: true } as const;

/** The review desk: the queue, orders one by one and together, and what is stopped. */
export function workRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(WORK_PATH, (context) => show(parts, context, (inbound) => queue(parts, inbound)));
  app.get(`${WORK_PATH}/batch`, (context) => show(parts, context, (inbound) => batch(parts, inbound)));
  app.post(`${WORK_PATH}/batch`, (context) => show(parts, context, (inbound) => approveTicked(parts, inbound)));
  app.get(STOPS_PATH, (context) => show(parts, context, (inbound) => stops(parts, inbound)));
  for (const step of ["pause", "resume"]) {
    app.post(`${STOPS_PATH}/${step}`, (context) => steer(parts, context, `work.${step}`));
  }
  app.get(`${WORK_PATH}/:order`, (context, next) => {
    const order = context.req.param("order");
    return isUuid(order) ? show(parts, context, (inbound) => oneOrder(parts, inbound, { order })) : next();
  });
  app.post(`${WORK_PATH}/:order/:step`, (context, next) => {
    const { order, step } = context.req.param();
    if (!isUuid(order)) return next();
    const [looked, decided] = [REVEAL_STEPS.get(step), DESK_STEPS.get(step)];
    if (looked !== undefined) return reveal(parts, context, { order, form: looked });
    return decided === undefined ? next() : take(parts, context, { order, step, form: decided });
  });
  return app;
}

type Content = (inbound: Inbound) => Promise<PageContent>;

/** Where an application has no types of orders, there is nothing to review. */
function show(parts: PageParts, context: Context, content: Content): Promise<Response> {
  return parts.show(context, async (inbound) => {
    if (parts.isOffered("work.examine")) return content(inbound);
    await parts.ask(inbound, { action: "guards.inventory" });
    const body = html`<p class="empty">This application has no types of work orders.</p>`;
    return { ...PAGE, lead: "What agents have done, before it is so.", keys: false, body };
  });
}

async function queue(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const filter = readQueueFilter(inbound.url.searchParams);
  const counts = Counts.parse(await parts.ask(inbound, { action: "work.counts" }));
  const asked = { action: "work.list", input: queueInput(filter, SHOWN) };
  const found = OrderRows.parse(await parts.ask(inbound, asked));
  const named = { action: "work.titles", input: { orders: found.orders.map(({ order }) => order) } };
  const titles = Titles.parse(await parts.ask(inbound, named)).titles;
  const body = html`${queuePage({ filter, counts, found, titles })} ${keyHelp()}`;
  return { ...PAGE, lead: queueLead(filter), body };
}

interface Wanted extends Pick<OrderPageParts, "told" | "revealed" | "typed"> {
  readonly order: string;
  readonly status?: number;
  /** Items after this number, where no address says which. */
  readonly itemsAfter?: number;
}

async function oneOrder(parts: PageParts, inbound: Inbound, wanted: Wanted): Promise<PageContent> {
  const { order, status, itemsAfter, ...shown } = wanted;
  const query = inbound.url.searchParams;
  const input = {
    ...{ order, limit: SHOWN },
    changes_after: numberOf(query.get("changes_after")),
    items_after: itemsAfter ?? numberOf(query.get("items_after")),
  };
  const examined = Examined.parse(await parts.ask(inbound, { action: "work.examine", input }));
  const made = { csrfToken: parts.edge.csrfToken(inbound), idempotencyKey: () => parts.ids.next() };
  const told = shown.told ?? doneOf(query.get("done"));
  const body = orderPage({ ...shown, examined, told, ...made });
  const page = { ...PAGE, title: "Work order", lead: "What exactly would be changed, and what it was made of.", body };
  return status === undefined ? page : { ...page, status };
}

function doneOf(step: string | null): OrderPageParts["told"] {
  const done = DESK_STEPS.get(step ?? "")?.done;
  return done === undefined ? undefined : { text: done, isRefusal: false };
}

function numberOf(text: string | null): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

interface Taken {
  readonly order: string;
  readonly step: string;
  readonly form: DeskStep;
}

async function take(parts: PageParts, context: Context, { order, step, form }: Taken): Promise<Response> {
  const { edge } = parts;
  const inbound = edge.of(context);
  const input = (texts: URLSearchParams): object => ({ order, ...form.input(texts) });
  const { outcome, texts } = await attemptForm(edge, inbound, { action: form.action, input });
  if (outcome.ok) {
    const next = step === "revert" ? ChangedOrder.parse(outcome.value).order : order;
    return edge.redirect(inbound, `${WORK_PATH}/${next}?done=${step}`);
  }
  return refuse(parts, context, { outcome, order, typed: texts });
}

interface Looked {
  readonly order: string;
  readonly form: RevealStep;
}

async function reveal(parts: PageParts, context: Context, { order, form }: Looked): Promise<Response> {
  const { edge } = parts;
  const inbound = edge.of(context);
  const input = (texts: URLSearchParams): object => ({ order, ...form.input(texts) });
  const { outcome, texts } = await attemptForm(edge, inbound, { action: form.action, input });
  if (!outcome.ok) return refuse(parts, context, { outcome, order });
  const revealed: Revealed =
    form.action === "work.reveal"
      ? { step: RevealedStep.parse(outcome.value) }
      : { payloads: RevealedPayloads.parse(outcome.value) };
  const itemsAfter = numberOf(texts.get("items_after"));
  const told = { text: "Shown below, this once. The audit trail tells that you have looked.", isRefusal: false };
  return show(parts, context, () => oneOrder(parts, inbound, { order, revealed, told, itemsAfter }));
}

/** Refusals after which whoever was refused wants to see the order as it is by now. */
const TOLD: ReadonlySet<string> = new Set([
  ...["VALIDATION_ERROR", "WORK_STATE_CONFLICT", "PLAN_STALE", "PLAN_DIGEST_MISMATCH", "WORK_NOT_REVERTIBLE"],
  ...["REVIEWER_NOT_INDEPENDENT", "REVIEW_NEEDS_STEP_UP", "WORK_SUBJECT_ERASED", "WORK_ITEM_UNKNOWN", "WORK_PAUSED"],
]);

interface Refusal {
  readonly outcome: Denial;
  readonly order: string;
  readonly typed?: URLSearchParams;
}

function refuse(parts: PageParts, context: Context, { outcome, order, typed }: Refusal): Promise<Response> {
  const inbound = parts.edge.of(context);
  const { problem } = outcome;
  if (!TOLD.has(problem.code) || inbound.accepts !== "html") return parts.refuse(inbound, outcome);
  const told = { text: wordsOf(outcome), isRefusal: true };
  return show(parts, context, () => oneOrder(parts, inbound, { order, told, typed, status: problem.status }));
}

function wordsOf({ problem, detail }: Denial): string {
  if (problem.code === "VALIDATION_ERROR" && detail === undefined) return "Say why, in at most 1000 characters.";
  return detail === undefined ? problem.message : `${problem.message} ${detail}`;
}

async function batch(parts: PageParts, inbound: Inbound, outcomes?: readonly BatchOutcome[]): Promise<PageContent> {
  const wanted = outcomes === undefined ? inbound.url.searchParams.getAll("order") : [];
  const orders = [...new Set(wanted)].filter(isUuid).slice(0, LARGEST_BATCH);
  const all: Examined[] = [];
  for (const order of orders) {
    const asked = { action: "work.examine", input: { order, limit: SHOWN } };
    all.push(Examined.parse(await parts.ask(inbound, asked)));
  }
  const examined = all.filter(({ order: { state } }) => state === "submitted");
  const made = { csrfToken: parts.edge.csrfToken(inbound), idempotencyKey: parts.ids.next() };
  const body = html`${batchPage({ examined, ...(outcomes === undefined ? {} : { outcomes }), ...made })} ${keyHelp()}`;
  const lead = "Plans one below the other. Tick what you have seen and approve.";
  return { ...PAGE, title: "Review together", lead, body };
}

/** Each ticked plan is approved by itself: what is refused of one stops none of the others. */
async function approveTicked(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const { edge } = parts;
  const carried = await readActionInput(inbound);
  const { csrfToken, idempotencyKey = "" } = isDenial(carried) ? {} : carried;
  const texts = isDenial(carried) ? new URLSearchParams() : textsOf(carried.value);
  const outcomes: BatchOutcome[] = [];
  for (const seen of tickedPlans(texts).slice(0, LARGEST_BATCH)) {
    const options = { csrfToken, idempotencyKey: `${idempotencyKey}-${seen.order}` };
    const outcome = await edge.perform("work.approve", inbound, seen, options);
    outcomes.push({ order: seen.order, ...(outcome.ok ? {} : { fault: wordsOf(outcome) }) });
  }
  return batch(parts, inbound, outcomes);
}

async function stops(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const { pauses } = Pauses.parse(await parts.ask(inbound, { action: "work.pauses" }));
  const { types } = Counts.parse(await parts.ask(inbound, { action: "work.counts" }));
  const made = { csrfToken: parts.edge.csrfToken(inbound), idempotencyKey: () => parts.ids.next() };
  const lead = "Agents, types of orders or everything here, stopped until you let it go on.";
  return { ...PAGE, title: "Stopped work", lead, body: stopsPage({ pauses, types, ...made }) };
}

async function steer(parts: PageParts, context: Context, action: string): Promise<Response> {
  const { edge } = parts;
  const inbound = edge.of(context);
  const read = (texts: URLSearchParams, name: string): string => (texts.get(name) ?? "").trim();
  const { outcome } = await attemptForm(edge, inbound, {
    action,
    input: (texts) => ({
      ...{ kind: read(texts, "kind"), name: read(texts, "name") },
      ...(action === "work.pause" ? { reason: read(texts, "reason") } : {}),
    }),
  });
  return outcome.ok ? edge.redirect(inbound, STOPS_PATH) : parts.refuse(inbound, outcome);
}
