import { definitions, duration, element, size, timeOfDay } from "./elements.ts";
import type { ComponentRecord, ContentTransfer, Exchange, Visit } from "./log.ts";
import type { PageComponent } from "./page-components.ts";
import { timingView } from "./timing-view.ts";

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
  const last = latest(record)?.exchange;
  const parts = [
    version === undefined ? `not loaded yet (${loads ?? "waiting"})` : `version ${version}`,
    mode,
    last === undefined ? undefined : duration(last.roundTrip),
    queue.length > 0 ? `${queue.length} waiting` : undefined,
    last?.code,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}

function latest(record: ComponentRecord | undefined): Visit | undefined {
  const { action, update } = record ?? {};
  if (action === undefined || update === undefined) return action ?? update;
  return action.exchange.at > update.exchange.at ? action : update;
}

function details({ component, record, mode = "", queue }: ComponentSubject): HTMLElement {
  const { action, update, retries = 0, replays = 0, conflicts = 0 } = record ?? {};
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
      ["Repeated", `${retries} sent again, ${replays} answered from earlier results`],
      ["Conflicts", String(conflicts)],
      ["Waiting", queue.length === 0 ? undefined : queue.join(", ")],
    ]),
    ...(action === undefined ? [] : [visitView("Last action", component.id, action)]),
    ...(update === undefined ? [] : [visitView("Last update", component.id, update)]),
  );
}

function visitView(title: string, id: string, { exchange, content }: Visit): HTMLElement {
  const { what, actor, at, components, requestBytes, answerBytes } = exchange;
  const whose = actor === undefined || actor === id ? what : `${what} of ${actor}`;
  const others = components > 1 ? `, for ${components} components` : "";
  return element(
    "section",
    { "data-key": title, "aria-label": title },
    definitions([
      [title, `${whose}, ${timeOfDay(at)}: ${outcomeOf(exchange)}`],
      ["Sent", size(requestBytes) + others],
      ["Answer", size(answerBytes) + others],
      ["Content", content === undefined ? undefined : saving(content)],
    ]),
    timingView(exchange),
  );
}

function outcomeOf({ code, replayed }: Exchange): string {
  return code ?? (replayed ? "answered from an earlier result" : "succeeded");
}

function saving({ kind, sent, whole }: ContentTransfer): string {
  if (kind === "whole") return `whole, ${size(whole)}`;
  const saved = whole === 0 ? 0 : Math.max(0, Math.round((1 - sent / whole) * 100));
  const what = kind === "patch" ? `patch of ${size(sent)}` : "unchanged";
  return `${what} in place of ${size(whole)}: ${saved} % saved`;
}
