import { html, type Html } from "../html/html.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { moment, outcomeTag } from "./format.ts";

/** The filter of the events page, as its form and its address carry it. */
export interface EventFilter {
  readonly name: string;
  readonly outcome: string;
  readonly actor: string;
  readonly action: string;
  readonly ip: string;
  readonly requestId: string;
  /** Local date and time as `datetime-local` has it, read as UTC. */
  readonly from: string;
  readonly until: string;
  /** Identifier of the last row of the page before. */
  readonly before: string;
}

/** Rows on one page. */
const PAGE_SIZE = 50;

const TEXTS = ["name", "outcome", "actor", "action", "ip", "requestId", "before"] as const;
const FIELDS = [...TEXTS, "from", "until"] as const;

/** Reads a filter from a query. */
export function readEventFilter(query: URLSearchParams): EventFilter {
  const read = (name: string): string => (query.get(name) ?? "").trim().slice(0, 200);
  return {
    name: read("name"),
    outcome: read("outcome"),
    actor: read("actor"),
    action: read("action"),
    ip: read("ip"),
    requestId: read("requestId"),
    from: read("from"),
    until: read("until"),
    before: read("before"),
  };
}

/** The input of `audit.list` for a filter. */
export function eventQuery(filter: EventFilter): Readonly<Record<string, string | number>> {
  const query: Record<string, string | number> = { limit: PAGE_SIZE };
  for (const name of TEXTS) {
    if (filter[name] !== "") query[name] = filter[name];
  }
  for (const name of ["from", "until"] as const) {
    const time = Date.parse(`${filter[name]}Z`);
    if (!Number.isNaN(time)) query[name] = time;
  }
  return query;
}

/** The audit trail, filtered. */
export function eventPage(events: readonly SecurityEvent[], filter: EventFilter): Html {
  return html`${filterForm(filter)}
    <section class="panel" aria-label="Events">${events.length === 0 ? empty(filter) : eventTable(events)}</section>
    ${pager(events, filter)}`;
}

function filterForm(filter: EventFilter): Html {
  const text = (name: "name" | "actor" | "action" | "ip" | "requestId", label: string): Html =>
    html`<label>${label}<input name="${name}" value="${filter[name]}" maxlength="200" autocomplete="off" /></label>`;
  const time = (name: "from" | "until", label: string): Html =>
    html`<label class="wide"
      >${label}<input type="datetime-local" step="1" name="${name}" value="${filter[name]}"
    /></label>`;
  const option = (value: string, label: string): Html =>
    html`<option value="${value}" ?selected=${filter.outcome === value}>${label}</option>`;
  return html`<form
    class="panel filters"
    method="get"
    action="/console/events"
    role="search"
    aria-label="Filter events"
  >
    ${text("name", "Event")}
    <label>
      Outcome
      <select name="outcome">
        ${option("", "Any")}${option("success", "Success")}${option("denied", "Denied")}${option("error", "Error")}
      </select>
    </label>
    ${text("action", "Action")} ${text("actor", "Actor")} ${text("ip", "Address")}
    ${text("requestId", "Request")} ${time("from", "From (UTC)")} ${time("until", "Until (UTC)")}
    <div class="buttons">
      <button class="button" type="submit">Filter</button>
      <a class="button quiet" href="/console/events">Clear</a>
    </div>
  </form>`;
}

function eventTable(events: readonly SecurityEvent[]): Html {
  return html`<div class="table" tabindex="0" role="region" aria-label="Table of events">
    <table class="stack events">
      <caption class="visually-hidden">
        Events, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          <th scope="col">Outcome</th>
          <th scope="col">Event</th>
          <th scope="col">Actor and source</th>
          <th scope="col">Details</th>
        </tr>
      </thead>
      <tbody>
        ${events.map(eventRow)}
      </tbody>
    </table>
  </div>`;
}

function eventRow(event: SecurityEvent): Html {
  const { at, name, action, target, actor, source } = event;
  return html`<tr>
    <td data-label="Time">${moment(at)}</td>
    <td data-label="Outcome">${outcomeTag(event)}</td>
    <td data-label="Event">
      <code class="line">${name}</code>
      <span class="line soft">${action}${target === undefined ? undefined : html`, ${target}`}</span>
    </td>
    <td data-label="Actor">
      <span class="line">
        ${actor.type}${actor.id === "-" ? undefined : html` <code>${actor.id}</code>`}${
          actor.onBehalfOf === undefined ? undefined : html` for <code>${actor.onBehalfOf}</code>`
        }
      </span>
      <span class="line soft">${source.entrance}${source.ip === undefined ? undefined : html`, ${source.ip}`}</span>
    </td>
    <td data-label="Details">${detailsOf(event)}</td>
  </tr>`;
}

function detailsOf({ context, requestId }: SecurityEvent): Html {
  const facts = Object.entries(context).filter(([, value]) => value !== undefined);
  const all = `/console/events?requestId=${encodeURIComponent(requestId)}`;
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${String(value)}</dd>`,
    )}
    <dt>request</dt>
    <dd><a class="whole" href="${all}" title="Everything about request ${requestId}">…${requestId.slice(-12)}</a></dd>
  </dl>`;
}

function empty(filter: EventFilter): Html {
  const filtered = FIELDS.some((name) => filter[name] !== "");
  return html`<p class="empty">${filtered ? "No event matches this filter." : "Nothing has happened yet."}</p>`;
}

function pager(events: readonly SecurityEvent[], filter: EventFilter): Html | undefined {
  const last = events.at(-1);
  const more = events.length === PAGE_SIZE && last !== undefined;
  if (!more && filter.before === "") return undefined;
  const link = (before: string): string => {
    const query = new URLSearchParams();
    for (const name of FIELDS) if (name !== "before" && filter[name] !== "") query.set(name, filter[name]);
    if (before !== "") query.set("before", before);
    return `/console/events?${query.toString()}`;
  };
  return html`<nav class="pager" aria-label="Pages">
    ${filter.before === "" ? html`<span></span>` : html`<a class="button quiet" href="${link("")}">Newest</a>`}
    ${more ? html`<a class="button quiet" href="${link(last.id)}" rel="next">Older</a>` : undefined}
  </nav>`;
}
