/** What grants are found by, as the page's form and address carry it. */
export interface GrantFilter {
  readonly account: string;
  readonly client: string;
  readonly device: string;
  readonly ip: string;
  readonly family: string;
  /** `lasting`, `ended`, or nothing for both. */
  readonly state: string;
  /** Where the page begins. */
  readonly after: string;
}

/** Where grants are listed; its query is the filter. */
export const GRANTS_PATH = "/console/grants";
/** Rows on one page. */
const GRANTS_SHOWN = 50;
/** What a revocation is selected by. */
export const SELECTION_FIELDS = ["account", "client", "device", "ip", "family"] as const;
const LONGEST = 2000;

/** Reads a filter from a query, or from the fields of a form. */
export function readGrantFilter(query: URLSearchParams): GrantFilter {
  const read = (name: keyof GrantFilter): string => (query.get(name) ?? "").trim().slice(0, LONGEST);
  const state = query.get("state") ?? "lasting";
  return {
    ...{ account: read("account"), client: read("client"), device: read("device"), ip: read("ip") },
    ...{
      family: read("family"),
      after: read("after"),
      state: state === "ended" || state === "all" ? state : "lasting",
    },
  };
}

/** The input of `grants.list`. */
export function grantListing(filter: GrantFilter): Readonly<Record<string, string | number>> {
  const { state, after } = filter;
  return {
    ...selectionOf(filter),
    ...(state === "all" ? {} : { state }),
    ...(after === "" ? {} : { after }),
    limit: GRANTS_SHOWN,
  };
}

/** What is selected: the fields that say something. */
export function selectionOf(filter: GrantFilter): Readonly<Record<string, string>> {
  return Object.fromEntries(SELECTION_FIELDS.filter((name) => filter[name] !== "").map((name) => [name, filter[name]]));
}

/** The address of a filter. */
export function grantsAddress(filter: Partial<GrantFilter>): string {
  const set = Object.entries(filter).filter(
    ([name, value]) => value !== "" && !(name === "state" && value === "lasting"),
  );
  const query = new URLSearchParams(set).toString();
  return query === "" ? GRANTS_PATH : `${GRANTS_PATH}?${query}`;
}
