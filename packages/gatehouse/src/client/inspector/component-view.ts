import { bar, definitions, duration, element, size, timeOfDay } from "./elements.ts";
import type { ComponentRecord, ContentTransfer, Exchange } from "./log.ts";
import type { PageComponent } from "./page-components.ts";

/** What is shown of a component. */
export interface ComponentSubject {
  readonly component: PageComponent;
  readonly record: ComponentRecord | undefined;
  /** Where it keeps its state, where the server has said so. */
  readonly mode: string | undefined;
  /** Names of its actions that have not been answered. */
  readonly queue: readonly string[];
  readonly selected: boolean;
}

const MODES: Readonly<Record<string, string>> = {
  store: "store (sealed, on the server)",
  sealed: "sealed (in the page alone)",
  none: "none (made anew each time)",
};
const LOADS: Readonly<Record<string, string>> = {
  deferred: "deferred: right after the page",
  visible: "lazy: when it comes into view",
};

/** A row of the list, with everything about the component where it is selected. */
export function componentView(subject: ComponentSubject): HTMLElement {
  const { component, selected } = subject;
  const { id, name, instance, depth } = component;
  const key = `component-${id}`;
  return element(
    "li",
    { "data-key": key, "data-depth": depth === 0 ? undefined : String(depth) },
    element(
      "button",
      { type: "button", "data-select": id, "aria-expanded": String(selected) },
      element("strong", {}, name),
      element("span", { class: "instance" }, ` ${instance} `),
      element("span", { class: "summary" }, summary(subject)),
    ),
    ...(selected ? [details(subject)] : []),
  );
}

function summary({ component, record, mode, queue }: ComponentSubject): string {
  const { version, loads } = component;
  const parts = [
    version === undefined ? `not loaded yet (${loads ?? "waiting"})` : `version ${version}`,
    mode,
    record?.last === undefined ? undefined : duration(record.last.roundTrip),
    queue.length > 0 ? `${queue.length} waiting` : undefined,
    record?.last?.code,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}

function details(subject: ComponentSubject): HTMLElement {
  const { component, record, mode = "", queue } = subject;
  const { last, action, content } = record ?? {};
  return element(
    "div",
    { class: "details" },
    definitions([
      ["Id", component.id],
      ["Inside", component.parent],
      ["Version", component.version?.toString() ?? "not loaded yet"],
      ["State", MODES[mode] ?? "unknown"],
      ["Sealed in the page", size(component.sealed)],
      ["Loads", component.loads === undefined ? undefined : (LOADS[component.loads] ?? component.loads)],
      ["Polls", component.poll === undefined ? undefined : `every ${component.poll} s`],
      ["News", component.followsNews ? "follows topics" : undefined],
      ["Waiting", queue.length === 0 ? undefined : queue.join(", ")],
      ["Last action", action === undefined ? "none yet" : outcomeOf(action)],
      ["Sent", last === undefined ? undefined : size(last.requestBytes) + together(last)],
      ["Answer", last === undefined ? undefined : size(last.answerBytes)],
      ["Content", content === undefined ? undefined : saving(content)],
      ["Repeated", `${record?.retries ?? 0} sent again, ${record?.replays ?? 0} answered from earlier results`],
      ["Conflicts", String(record?.conflicts ?? 0)],
    ]),
    ...(last === undefined ? [] : [timings(last)]),
  );
}

function outcomeOf({ action = "", at, code, replayed }: Exchange): string {
  const outcome = code ?? (replayed ? "answered from an earlier result" : "succeeded");
  return `${action}, ${timeOfDay(at)}: ${outcome}`;
}

function together({ components }: Exchange): string {
  return components > 1 ? `, together with ${components - 1} more` : "";
}

function saving({ kind, sent, whole }: ContentTransfer): string {
  if (kind === "whole") return `whole, ${size(whole)}`;
  const saved = whole === 0 ? 0 : Math.max(0, Math.round((1 - sent / whole) * 100));
  const what = kind === "patch" ? `patch of ${size(sent)}` : "unchanged";
  return `${what} in place of ${size(whole)}: ${saved} % saved`;
}

/** Where the time of a round trip went: what the server says, the rest of its work, and the way. */
function timings({ roundTrip, timings: told }: Exchange): HTMLElement {
  const total = told.find(({ name }) => name === "total")?.duration;
  const parts = told.filter(({ name }) => name !== "total");
  const known = parts.reduce((sum, part) => sum + part.duration, 0);
  const rows =
    total === undefined
      ? [{ name: "round trip", of: "the server tells no times", duration: roundTrip }]
      : [
          ...parts,
          { name: "server", of: "everything else", duration: Math.max(total - known, 0) },
          { name: "way", of: "network and browser", duration: Math.max(roundTrip - total, 0) },
        ];
  const whole = Math.max(
    roundTrip,
    rows.reduce((sum, row) => sum + row.duration, 0),
    0.01,
  );
  let start = 0;
  const body = rows.map((row) => {
    const line = element(
      "tr",
      {},
      element("th", { scope: "row" }, row.name),
      element("td", {}, row.of === row.name ? "" : row.of),
      element("td", { class: "number" }, duration(row.duration)),
      element("td", { class: "bar" }, bar((start / whole) * 100, (row.duration / whole) * 100)),
    );
    start += row.duration;
    return line;
  });
  return element(
    "table",
    {},
    element("caption", {}, `Last round trip: ${duration(roundTrip)}`),
    element("tbody", {}, ...body),
  );
}
