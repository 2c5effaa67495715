import { ADVICE } from "./advice.ts";
import { element, timeOfDay } from "./elements.ts";
import type { RefusalRecord } from "./log.ts";

const OTHERWISE = "Look the request up in the log or the audit trail.";
/** Ids that are named of a request for many components. */
const NAMED = 3;

/** The last refusals, newest first. `events` is the page that shows what was recorded of a request. */
export function refusalViews(refusals: readonly RefusalRecord[], events: string | undefined): HTMLElement {
  if (refusals.length === 0) return element("p", {}, "Nothing has been refused on this page.");
  const rows = refusals.map((refusal, index) => refusalView(refusal, `${refusals.length - index}`, events));
  return element("ol", { class: "refusals" }, ...rows);
}

function refusalView(refusal: RefusalRecord, key: string, events: string | undefined): HTMLElement {
  const { code, message, at, what, requestId, pointers, retryAfter } = refusal;
  return element(
    "li",
    { "data-key": `refusal-${requestId ?? key}` },
    element("strong", {}, code),
    element("span", { class: "summary" }, ` ${what}${about(refusal)}, ${timeOfDay(at)}`),
    element("p", {}, message),
    ...(pointers.length === 0 ? [] : [element("p", {}, `Refused: ${pointers.join(", ")}`)]),
    ...(retryAfter === undefined ? [] : [element("p", {}, `May be tried again after ${retryAfter} s.`)]),
    element("p", {}, ADVICE[code] ?? OTHERWISE),
    ...(requestId === undefined ? [] : [request(requestId, events)]),
  );
}

function about({ components }: RefusalRecord): string {
  if (components.length === 0) return "";
  const named = components.slice(0, NAMED).join(", ");
  return ` of ${named}${components.length > NAMED ? ` and ${components.length - NAMED} more` : ""}`;
}

function request(id: string, events: string | undefined): HTMLElement {
  const copy = element("button", { type: "button", "data-copy": id, "aria-label": `Copy request id ${id}` }, "Copy");
  const link = { href: `${events}?${new URLSearchParams({ requestId: id })}`, target: "_blank", rel: "noopener" };
  const shown = events === undefined ? [] : [" ", element("a", link, "Events of this request")];
  return element("p", { class: "request" }, "Request ", element("code", {}, id), " ", copy, ...shown);
}
