import type { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import { ORDER_STATES, type OrderState } from "../../kernel/work-states.ts";
import { moment } from "../format.ts";
import type { Count, Counts, Order, OrderRows, Titles } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";
import { actorWords, riskTag, stateWords, words, WORK_PATH } from "./words.ts";

/** Which orders a queue shows. */
export interface QueueView {
  readonly title: string;
  readonly states?: readonly string[];
  readonly reasons?: readonly string[];
}

const VIEWS = {
  waiting: { title: "Waiting for review", states: ["submitted"], reasons: ["awaiting_review"] },
  underway: {
    title: "Under way",
    states: ["queued", "checked_out", "in_progress", "submitted", "approved", "applied"],
  },
  ended: { title: "Rejected and failed", states: ["rejected", "failed", "dead_lettered"] },
  done: { title: "Done", states: ["completed", "cancelled"] },
  all: { title: "All" },
} as const satisfies Readonly<Record<string, QueueView>>;
/** A view, or one state alone. */
type ViewName = keyof typeof VIEWS | OrderState;
const VIEW_NAMES = ["waiting", "underway", "ended", "done", "all"] as const satisfies readonly (keyof typeof VIEWS)[];

/** What is looked for. */
export interface QueueFilter {
  readonly view: ViewName;
  readonly type: string;
  readonly risk: string;
  readonly proposer: string;
  readonly after: string;
}

/** What the page is made from. */
export interface QueueParts {
  readonly filter: QueueFilter;
  readonly counts: z.infer<typeof Counts>;
  readonly found: z.infer<typeof OrderRows>;
  readonly titles: z.infer<typeof Titles>["titles"];
}

const RISKS = ["high", "medium", "low"];

/** Reads what is looked for; what is not known counts as not said. */
export function readQueueFilter(query: URLSearchParams): QueueFilter {
  const read = (name: string): string => (query.get(name) ?? "").trim().slice(0, 200);
  const view = read("view");
  const risk = read("risk");
  return {
    view: isView(view) ? view : "waiting",
    ...{ type: read("type").slice(0, 100), risk: RISKS.includes(risk) ? risk : "" },
    ...{ proposer: read("proposer"), after: read("after") },
  };
}

/** The input of `work.list`. */
export function queueInput({ view, type, risk, proposer, after }: QueueFilter, limit: number): object {
  const { states, reasons } = viewOf(view);
  return {
    limit,
    ...(states === undefined ? {} : { states }),
    ...(reasons === undefined ? {} : { reasons }),
    ...(type === "" ? {} : { types: [type] }),
    ...(risk === "" ? {} : { risks: [risk] }),
    ...(proposer === "" ? {} : { proposer }),
    ...(after === "" ? {} : { after }),
  };
}

function isView(name: string): name is ViewName {
  return Object.hasOwn(VIEWS, name) || isState(name);
}

function isState(name: string): name is OrderState {
  return ORDER_STATES.some((state) => state === name);
}

function viewOf(name: ViewName): QueueView {
  return isState(name) ? { title: words(name), states: [name] } : VIEWS[name];
}

/** The queue: what waits, by type and risk, with the orders themselves. */
export function queuePage(parts: QueueParts): Html {
  const { counts, filter } = parts;
  return html`${
    counts.stopped === 0
      ? undefined
      : html`<p class="notice bad"><strong>Some work is stopped.</strong> <a href="${`${WORK_PATH}/stops`}">See what, and why</a>.</p>`
  }
  ${summary(counts, filter)} ${filterForm(parts)} ${orders(parts)} ${pager(parts)}`;
}

function summary({ counts, types, stopped }: QueueParts["counts"], filter: QueueFilter): Html {
  const waiting = counts.filter(({ state, reason }) => state === "submitted" && reason === "awaiting_review");
  const ordered = waiting.toSorted((one, other) => RISKS.indexOf(one.risk) - RISKS.indexOf(other.risk));
  return html`<section class="panel" aria-labelledby="waiting">
    <h2 id="waiting">Waiting for review <span class="tag ${waiting.length === 0 ? "good" : "warn"}">${sum(waiting)}</span></h2>
    ${
      ordered.length === 0
        ? html`<p class="soft">Nothing waits.</p>`
        : html`<ul class="groups">
            ${ordered.map(
              ({ type, risk, count, oldest }) =>
                html`<li>
                  <a href="${addressOf({ ...filter, view: "waiting", type, risk, after: "" })}">${titleOf(types, type)}</a>
                  ${riskTag(risk)} <strong>${count}</strong>
                  <span class="soft">the oldest since ${moment(oldest)}</span>
                </li>`,
            )}
          </ul>`
    }
    <ul class="row views" aria-label="Orders by what became of them">
      ${VIEW_NAMES.map((view) => {
        const { title } = VIEWS[view];
        const of = view === "waiting" ? waiting : counts.filter(({ state }) => isIn(view, state));
        return html`<li>
          <a
            class="button quiet"
            href="${addressOf({ view, type: "", risk: "", proposer: "", after: "" })}"
            aria-current="${view === filter.view ? "true" : undefined}"
            >${title} <span class="soft">${sum(of)}</span></a
          >
        </li>`;
      })}
      <li><a class="button quiet" href="${`${WORK_PATH}/stops`}">Stopped <span class="soft">${stopped}</span></a></li>
    </ul>
  </section>`;
}

function isIn(view: ViewName, state: string): boolean {
  const { states } = viewOf(view);
  return states?.includes(state) ?? true;
}

function sum(counts: readonly Count[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

function titleOf(types: QueueParts["counts"]["types"], name: string): string {
  return types.find(({ type }) => type === name)?.title ?? name;
}

function filterForm({ filter, counts: { types } }: QueueParts): Html {
  const option = (value: string, text: string, chosen: string): Html =>
    html`<option value="${value}" ?selected=${value === chosen}>${text}</option>`;
  return html`<form class="panel filters" method="get" action="${WORK_PATH}" role="search" aria-label="Filter orders">
    <label
      >Show<select name="view">
        ${VIEW_NAMES.map((name) => option(name, VIEWS[name].title, filter.view))}
        <optgroup label="One state">${ORDER_STATES.map((state) => option(state, words(state), filter.view))}</optgroup>
      </select></label
    >
    <label
      >Type<select name="type">
        ${option("", "All", filter.type)}${types.map(({ type, title }) => option(type, title, filter.type))}
      </select></label
    >
    <label
      >Risk<select name="risk">
        ${option("", "All", filter.risk)}${RISKS.map((risk) => option(risk, risk, filter.risk))}
      </select></label
    >
    <label>Proposed by<input name="proposer" value="${filter.proposer}" maxlength="200" autocomplete="off" /></label>
    <div class="buttons"><button class="button" type="submit">Filter</button></div>
  </form>`;
}

function orders(parts: QueueParts): Html {
  const { filter, found, counts } = parts;
  const titles = new Map(parts.titles.map(({ order, title }) => [order, title]));
  if (found.orders.length === 0)
    return html`<section class="panel" aria-label="Orders"><p class="empty">There is no such order.</p></section>`;
  const groups = groupsOf(found.orders);
  const isWaiting = filter.view === "waiting";
  return html`<form method="get" action="${`${WORK_PATH}/batch`}" class="queue" aria-label="Orders">
    ${[...groups.values()].map((group, index) => groupPanel(group, { index, types: counts.types, titles, isWaiting }))}
    ${
      isWaiting
        ? html`<div class="panel row decide">
            <button class="button" type="submit" data-key="a">Look at the ticked ones together</button>
            <span class="soft">Their plans are shown one below the other, and approved in one go.</span>
          </div>`
        : undefined
    }
  </form>`;
}

function groupsOf(orders: readonly Order[]): ReadonlyMap<string, readonly [Order, ...Order[]]> {
  const groups = new Map<string, readonly [Order, ...Order[]]>();
  for (const order of orders) {
    const name = `${order.risk} ${order.type}`;
    const group = groups.get(name);
    groups.set(name, group === undefined ? [order] : [...group, order]);
  }
  return groups;
}

interface Grouping {
  readonly index: number;
  readonly types: QueueParts["counts"]["types"];
  /** By order. */
  readonly titles: ReadonlyMap<string, string>;
  readonly isWaiting: boolean;
}

function groupPanel(group: readonly [Order, ...Order[]], { index, types, titles, isWaiting }: Grouping): Html {
  const [{ type, risk }] = group;
  return html`<section class="panel" aria-labelledby="${`group-${index}`}">
    <h2 id="${`group-${index}`}">${titleOf(types, type)} ${riskTag(risk)} <span class="soft">${group.length} here</span></h2>
    <div class="table">
      <table class="stack work">
        <thead>
          <tr>
            ${isWaiting ? html`<th scope="col"><span class="visually-hidden">Tick</span></th>` : undefined}
            <th scope="col">Order</th>
            <th scope="col">State</th>
            <th scope="col">Proposed by</th>
            <th scope="col">Since (UTC)</th>
          </tr>
        </thead>
        <tbody>
          ${group.map((order) => orderRow(order, { title: titles.get(order.order), ticks: isWaiting }))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function orderRow(
  { order, type, state, reason, proposer, priority, updated_at: at, reverts }: Order,
  { title, ticks }: { readonly title: string | undefined; readonly ticks: boolean },
): Html {
  const name = order.slice(-12);
  return html`<tr data-row>
    ${
      ticks
        ? html`<td data-label="Tick">
            <input type="checkbox" name="order" value="${order}" aria-label="${`Tick ${name}`}" data-tick />
          </td>`
        : undefined
    }
    <td data-label="Order">
      <a class="line" href="${`${WORK_PATH}/${order}`}" data-open>…${name}</a>
      ${title === undefined ? undefined : html`<strong class="line">${visibleText(title)}</strong>`}
      <span class="line soft"
        >${type}${priority === 0 ? undefined : `, priority ${priority}`}${reverts === undefined ? undefined : ", takes an order back"}</span
      >
    </td>
    <td data-label="State">${stateWords({ state, reason })}</td>
    <td data-label="By">${actorWords(proposer)}</td>
    <td data-label="Since">${moment(at)}</td>
  </tr>`;
}

function addressOf(filter: QueueFilter): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  return `${WORK_PATH}?${query.toString()}`;
}

function pager({ filter, found: { next } }: QueueParts): Html | undefined {
  if (next === undefined && filter.after === "") return undefined;
  return html`<nav class="pager" aria-label="Pages">
    ${filter.after === "" ? html`<span></span>` : html`<a class="button quiet" href="${addressOf({ ...filter, after: "" })}">First</a>`}
    ${next === undefined ? undefined : html`<a class="button quiet" href="${addressOf({ ...filter, after: next })}" rel="next">Next</a>`}
  </nav>`;
}

/** What is looked for, in words, for the head of the page. */
export function queueLead({ view, type, risk }: QueueFilter): string {
  const more = [risk === "" ? "" : `${risk} risk`, type].filter((part) => part !== "");
  return `${viewOf(view).title}${more.length === 0 ? "" : `: ${more.join(", ")}`}. Those of highest priority first, then the oldest.`;
}
