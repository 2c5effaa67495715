import { Counter, Gauge, Histogram, type Metric } from "prom-client";
import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { SecurityEvent } from "../../kernel/event.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { WorkMeasures } from "../../kernel/ports/work-measures.ts";
import type { WorkStanding, WorkWatch } from "../../kernel/ports/work-watch.ts";
import { checkoutEvents } from "../../work/checkout/events.ts";
import { workEvents } from "../../work/events.ts";
import { AWAITING_REVIEW } from "../../work/plan/make-plan.ts";

/** What is measured. */
export interface WorkMetricsParts {
  readonly events: EventStream;
  readonly store: Pick<Store, "read">;
  readonly watch: Pick<WorkWatch, "standing">;
  readonly clock: Pick<Clock, "monotonic">;
  /** The types that the application declares. Orders of any other are counted together. */
  readonly types: readonly string[];
}

/** Metrics of work orders, for a registry. Labels have closed sets of values: no tenant, no agent, no order. */
export interface WorkMetrics {
  readonly metrics: readonly Metric[];
  readonly measures: WorkMeasures;
  /** Counts what is attempted of these actions, until disposed. */
  listen(actions: readonly string[]): Disposable;
}

const PREFIX = "gatehouse_work_";
const SECOND = 1000;
/** Seconds: agents come at once or by night, people within hours or days. */
const WAIT_BUCKETS = [0.1, 1, 10, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600, 168 * 3600];
/** Milliseconds for which a look at the tables is good: whoever measures is not to be what the store is busy with. */
const FRESH = 5000;
const OTHER = "other";
const PLANS: ReadonlySet<string> = new Set(["planned", "failed", "none"]);
const APPLICATIONS: ReadonlySet<string> = new Set(["applied", "stale", "diverged", "failed", "paused", "none"]);
/** Why orders are in the state they are in, as the module itself says it. */
const REASONS: ReadonlySet<string> = new Set([
  ...[AWAITING_REVIEW, "preview_failed", "plan_stale", "plan_expired", "approval_expired", "plan_diverged"],
  ...["item_failed", "apply_failed", "rework", "requeued", "type_unknown", "type_changed", "subject_erased"],
]);

/** Metrics of this process, and how work stands in the store that it shares with others. */
export function createWorkMetrics(parts: WorkMetricsParts): WorkMetrics {
  const counted = counters();
  const waits = new Histogram({
    ...{ name: `${PREFIX}wait_seconds`, help: "How long work waited, by what for.", registers: [] },
    ...{ labelNames: ["until"] as const, buckets: WAIT_BUCKETS },
  });
  const typeOf = (type: string): string => (parts.types.includes(type) ? type : OTHER);
  return {
    metrics: [...Object.values(counted), waits, ...gauges(parts, typeOf)],
    measures: {
      waited: (until, milliseconds) => waits.observe({ until }, Math.max(0, milliseconds) / SECOND),
      expired(type, exhausted) {
        counted.expiries.inc({ type: typeOf(type) });
        if (exhausted) counted.exhausted.inc({ cause: "expired" });
      },
    },
    listen(actions) {
      const known = new Set(actions);
      return parts.events.subscribe((event) => {
        if (known.has(event.action)) count(counted, event);
      });
    },
  };
}

type Counters = ReturnType<typeof counters>;

function counters() {
  const counter = <const Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [] });
  return {
    calls: counter("calls_total", "What agents, reviewers and the server itself have attempted.", [
      "action",
      "outcome",
    ]),
    refusals: counter("refusals_total", "What of it was refused, by problem.", ["action", "problem"]),
    claimed: counter("items_claimed_total", "Items that agents have taken.", []),
    expiries: counter("lease_expiries_total", "Leases that ran out, so that others get the item.", ["type"]),
    exhausted: counter("attempts_exhausted_total", "Items that failed since their attempts were used up.", ["cause"]),
    plans: counter("plans_total", "What became of making plans.", ["outcome"]),
    applications: counter("applications_total", "What became of carrying plans out.", ["outcome"]),
    overdue: counter("overdue_total", "Orders that it was told of that they wait.", ["state"]),
    deadLetters: counter("dead_letters_total", "Orders that were given up.", []),
  };
}

function count(counted: Counters, { name, action, outcome, problem, context }: SecurityEvent): void {
  counted.calls.inc({ action, outcome });
  if (problem !== undefined) counted.refusals.inc({ action, problem });
  if (outcome !== "success") return;
  const { items, state, retry, outcome: end } = context;
  if (name === checkoutEvents.work_checked_out.name && typeof items === "string")
    counted.claimed.inc(items.split(" ").length);
  if (name === checkoutEvents.work_failed.name && state === "failed" && retry === true)
    counted.exhausted.inc({ cause: "failed" });
  if (name === workEvents.work_plan_made.name) counted.plans.inc({ outcome: oneOf(PLANS, end) });
  if (name === workEvents.work_applied.name) counted.applications.inc({ outcome: oneOf(APPLICATIONS, end) });
  if (name === workEvents.work_overdue.name) counted.overdue.inc({ state: String(state) });
  if (name === workEvents.work_dead_lettered.name) counted.deadLetters.inc();
}

function oneOf(values: ReadonlySet<string>, value: unknown): string {
  return typeof value === "string" && values.has(value) ? value : OTHER;
}

/** A gauge that is set by how work stands. */
interface Shown {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly show: (gauge: Gauge, standing: WorkStanding) => void;
}

function gauges(parts: WorkMetricsParts, typeOf: (type: string) => string): readonly Metric[] {
  const look = lookSeldom(parts);
  return shown(typeOf).map(
    ({ name, help, labels, show }) =>
      new Gauge({
        ...{ name: PREFIX + name, help, labelNames: [...labels], registers: [] },
        async collect() {
          const standing = await look();
          this.reset();
          show(this, standing);
        },
      }),
  );
}

function shown(typeOf: (type: string) => string): readonly Shown[] {
  const byType = (which: "claimable" | "leases") => (gauge: Gauge, standing: WorkStanding) => {
    for (const { type, count: number } of standing[which]) gauge.inc({ type: typeOf(type) }, number);
  };
  return [
    {
      ...{ name: "orders", help: "Orders that have not ended.", labels: ["type", "state"] },
      show(gauge, { orders }) {
        for (const { type, state, count: number } of orders) gauge.inc({ type: typeOf(type), state }, number);
      },
    },
    {
      ...{ name: "order_reasons", help: "Of them those whose state has a reason.", labels: ["reason"] },
      show(gauge, { orders }) {
        for (const { reason, count: number } of orders)
          if (reason !== "") gauge.inc({ reason: oneOf(REASONS, reason) }, number);
      },
    },
    { name: "items_claimable", help: "Items that could be taken now.", labels: ["type"], show: byType("claimable") },
    { name: "leases", help: "Items that somebody is at.", labels: ["type"], show: byType("leases") },
    {
      ...{ name: "pauses", help: "What operators have stopped.", labels: ["kind"] },
      show(gauge, { pauses }) {
        for (const { kind, count: number } of pauses) gauge.set({ kind }, number);
      },
    },
    {
      ...{ name: "oldest_review_seconds", help: "How long the plan has waited that waits longest.", labels: [] },
      show: (gauge, { orders }) =>
        gauge.set(oldest(orders.filter(({ state, reason }) => state === "submitted" && reason === AWAITING_REVIEW))),
    },
    {
      ...{ name: "oldest_claimable_seconds", help: "How long the item has waited that waits longest.", labels: [] },
      show: (gauge, { claimable }) => gauge.set(oldest(claimable)),
    },
  ];
}

function oldest(rows: readonly { readonly age: number }[]): number {
  return Math.max(0, ...rows.map(({ age }) => age)) / SECOND;
}

/** All gauges of one answer, and answers shortly after each other, tell of the same look. */
function lookSeldom({ store, watch, clock }: WorkMetricsParts): () => Promise<WorkStanding> {
  let last: { readonly at: number; readonly standing: Promise<WorkStanding> } | undefined;
  return () => {
    const at = clock.monotonic();
    if (last !== undefined && at - last.at < FRESH) return last.standing;
    const standing = store.read((transaction) => watch.standing(transaction));
    const look = { at, standing };
    last = look;
    standing.catch(() => {
      if (last === look) last = undefined;
    });
    return standing;
  };
}
