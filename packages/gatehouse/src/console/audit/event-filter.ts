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

/** Where the events are listed; its query is the filter. */
export const EVENTS_PATH = "/console/events";

/** Rows on one page. */
export const PAGE_SIZE = 50;

const TEXTS = ["name", "outcome", "actor", "action", "ip", "requestId", "before"] as const;
/** Names of all fields. */
export const FILTER_FIELDS = [...TEXTS, "from", "until"] as const;

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
    const time = momentOf(filter[name]);
    if (time !== undefined) query[name] = time;
  }
  return query;
}

/** What is wrong with fields of a filter, by their names. */
export type EventFaults = Readonly<Partial<Record<"from" | "until", string>>>;

/** What keeps a filter from being applied. */
export function eventFaults(filter: EventFilter): EventFaults {
  const faults: { from?: string; until?: string } = {};
  for (const name of ["from", "until"] as const) {
    if (filter[name] !== "" && momentOf(filter[name]) === undefined) {
      faults[name] = "Enter a date and a time such as 2026-02-28T18:00.";
    }
  }
  const [from, until] = [momentOf(filter.from), momentOf(filter.until)];
  if (from !== undefined && until !== undefined && from > until) {
    faults.from = "This is after the end of the time asked for: exchange the two.";
  }
  return faults;
}

/** Epoch milliseconds of a local date and time, read as UTC. */
function momentOf(text: string): number | undefined {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  return Number.isNaN(time) || time < 0 ? undefined : time;
}
