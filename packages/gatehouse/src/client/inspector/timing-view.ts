import { bar, duration, element } from "./elements.ts";
import type { Exchange } from "./log.ts";
import type { Timing } from "./server-timing.ts";

/** The parts of an answer in the order in which they are gone through, whichever ended first. */
const ORDER = [
  ...["admit", "provenance", "authenticate", "limit", "validate", "authorise", "idempotency", "execute"],
  ...["render", "seal", "settle", "store"],
];

/** Where the time of a round trip went: what the server measured, and what else it did. */
export function timingView({ roundTrip, timings }: Pick<Exchange, "roundTrip" | "timings">): HTMLElement {
  const total = timings.find(({ name }) => name === "total")?.duration;
  if (total === undefined) return element("p", {}, `Round trip ${duration(roundTrip)}; the server tells no times.`);
  const parts = timings
    .filter(({ name }) => name !== "total")
    .toSorted((left, right) => placeOf(left) - placeOf(right));
  const known = parts.reduce((sum, part) => sum + part.duration, 0);
  const rows = [...parts, { name: "other", of: "", duration: Math.max(total - known, 0) }];
  const whole = Math.max(total, known, Number.EPSILON);
  const way = Math.max(roundTrip - total, 0);
  const caption = `Round trip ${duration(roundTrip)}: server ${duration(total)}, network and browser ${duration(way)}`;
  const lines: HTMLElement[] = [];
  let start = 0;
  for (const row of rows) {
    lines.push(line(row, bar((start / whole) * 100, (row.duration / whole) * 100)));
    start += row.duration;
  }
  return element("table", {}, element("caption", {}, caption), element("tbody", {}, ...lines));
}

function placeOf({ name }: Timing): number {
  const place = ORDER.indexOf(name);
  return place === -1 ? ORDER.length : place;
}

function line({ name, of, duration: took }: Timing, drawn: Element): HTMLElement {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name),
    element("td", {}, of === name ? "" : of),
    element("td", { class: "number" }, duration(took)),
    element("td", { class: "bar" }, drawn),
  );
}
