import { html, type Html } from "../../html/html.ts";
import { events as auditEvents } from "../../audit/events.ts";
import { httpEvents } from "../../http/events.ts";
import type { SecurityEvent } from "../../kernel/event.ts";
import { events as kernelEvents } from "../../kernel/events.ts";
import { liveEvents } from "../../live/events.ts";
import { operatorEvents } from "../events.ts";
import { EVENTS_PATH, FILTER_FIELDS, PAGE_SIZE, type EventFaults, type EventFilter } from "./event-filter.ts";
import { moment, outcomeTag } from "../format.ts";

const EVENT_NAMES = [kernelEvents, auditEvents, httpEvents, liveEvents, operatorEvents].flatMap((definitions) =>
  Object.keys(definitions),
);

/** What is done about events: playbooks and their signals. */
export interface EventPlaybook {
  readonly id: string;
  readonly title: string;
  readonly signals: readonly string[];
}

/** What was found, and what is done about such events. */
export interface FoundEvents {
  readonly events: readonly SecurityEvent[];
  readonly playbooks: readonly EventPlaybook[];
}

/** The audit trail, filtered; no events where the filter cannot be applied. */
export function eventPage(found: FoundEvents | undefined, filter: EventFilter, faults: EventFaults = {}): Html {
  if (found === undefined) {
    return html`${filterForm(EVENT_NAMES, filter, faults)}
      <p class="notice bad" role="alert">The filter cannot be applied: see the marked fields.</p>`;
  }
  const { events } = found;
  // Of what an application declares, only what happened is known here.
  const names = new Set([...EVENT_NAMES, ...events.map(({ name }) => name)]);
  return html`${filterForm([...names], filter, faults)}
    <section class="panel" aria-label="Events">${events.length === 0 ? empty(filter) : eventTable(found)}</section>
    ${pager(events, filter)}`;
}

function filterForm(names: readonly string[], filter: EventFilter, faults: EventFaults): Html {
  const text = (name: "actor" | "action" | "ip" | "requestId", label: string): Html =>
    html`<label>${label}<input name="${name}" value="${filter[name]}" maxlength="200" autocomplete="off" /></label>`;
  const time = (name: "from" | "until", label: string): Html => {
    const fault = faults[name];
    if (fault === undefined) {
      return html`<label class="wide"
        >${label}<input type="datetime-local" step="1" name="${name}" value="${filter[name]}"
      /></label>`;
    }
    // A field for times would not show what is none.
    return html`<label class="wide"
      >${label}<input
        name="${name}"
        value="${filter[name]}"
        aria-invalid="true"
        aria-describedby="${name}-error"
      /><span class="field-error" id="${name}-error">${fault}</span></label
    >`;
  };
  const option = (value: string, label: string): Html =>
    html`<option value="${value}" ?selected=${filter.outcome === value}>${label}</option>`;
  return html`<form
    class="panel filters"
    method="get"
    action="${EVENTS_PATH}"
    role="search"
    aria-label="Filter events"
  >
    <label
      >Event<input name="name" value="${filter.name}" list="event-names" maxlength="200" autocomplete="off"
    /></label>
    <datalist id="event-names">${names.toSorted().map((name) => html`<option value="${name}"></option>`)}</datalist>
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

function eventTable({ events, playbooks }: FoundEvents): Html {
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
        ${events.map((event) => eventRow(event, playbooks))}
      </tbody>
    </table>
  </div>`;
}

function eventRow(event: SecurityEvent, playbooks: readonly EventPlaybook[]): Html {
  const { at, name, action, target, actor, source } = event;
  return html`<tr>
    <td data-label="Time">${moment(at)}</td>
    <td data-label="Outcome">${outcomeTag(event)}</td>
    <td data-label="Event">
      <code class="line">${name}</code>
      ${playbooks.filter(({ signals }) => signals.includes(name)).map(playbookLink)}
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

function playbookLink({ id, title }: EventPlaybook): Html {
  return html`<a class="line" href="/console/playbooks/${id}">${title}</a>`;
}

function detailsOf({ context, requestId }: SecurityEvent): Html {
  const facts = Object.entries(context).filter(([, value]) => value !== undefined);
  const all = `${EVENTS_PATH}?requestId=${encodeURIComponent(requestId)}`;
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
  const filtered = FILTER_FIELDS.some((name) => filter[name] !== "");
  return html`<p class="empty">${filtered ? "No event matches this filter." : "Nothing has happened yet."}</p>`;
}

function pager(events: readonly SecurityEvent[], filter: EventFilter): Html | undefined {
  const last = events.at(-1);
  const more = events.length === PAGE_SIZE && last !== undefined;
  if (!more && filter.before === "") return undefined;
  const link = (before: string): string => {
    const query = new URLSearchParams();
    for (const name of FILTER_FIELDS) if (name !== "before" && filter[name] !== "") query.set(name, filter[name]);
    if (before !== "") query.set("before", before);
    return `/console/events?${query.toString()}`;
  };
  return html`<nav class="pager" aria-label="Pages">
    ${filter.before === "" ? html`<span></span>` : html`<a class="button quiet" href="${link("")}">Newest</a>`}
    ${more ? html`<a class="button quiet" href="${link(last.id)}" rel="next">Older</a>` : undefined}
  </nav>`;
}
