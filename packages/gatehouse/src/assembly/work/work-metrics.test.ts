import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { createEventStream } from "../../kernel/event-stream.ts";
import type { EventDefinition, SecurityEvent } from "../../kernel/event.ts";
import type { WorkMeasures } from "../../kernel/ports/work-measures.ts";
import type { WorkStanding } from "../../kernel/ports/work-watch.ts";
import { createWorkLeases } from "../../store/sql/work/leases.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createWorkAgents, workAgent } from "../../testing/work-agents.ts";
import { checkoutEvents } from "../../work/checkout/events.ts";
import { workEvents } from "../../work/events.ts";
import { createWorkMetrics, type WorkMetrics } from "./work-metrics.ts";

const NOTHING: WorkStanding = { orders: [], claimable: [], leases: [], pauses: [] };

/** Metrics over a store in which work stands as a test says, and how often that was asked for. */
function metricsOver(standing: () => Promise<WorkStanding>) {
  const events = createEventStream((error) => assert.fail(String(error)));
  const clock = createFakeClock();
  const store = { read: <Result>(work: (transaction: never) => Promise<Result>) => work(undefined as never) };
  const made = createWorkMetrics({ events, store, watch: { standing }, clock, types: ["known"] });
  return { ...made, clock, events, text: () => render(made) };
}

async function render({ metrics }: Pick<WorkMetrics, "metrics">): Promise<string> {
  const registry = new Registry();
  for (const metric of metrics) registry.registerMetric(metric);
  return registry.metrics();
}

function linesOf(text: string, name: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith(`gatehouse_work_${name}`));
}

describe("metrics of work orders", () => {
  it("count what became of plans, dead letters and attempts, of the module's own actions alone", async () => {
    const { events, listen, text } = metricsOver(async () => NOTHING);
    using _counting = listen(["work.carry-out", "work.fail"]);
    const emit = (definition: EventDefinition, more: Partial<SecurityEvent>): void =>
      events.emit({
        ...{ id: "1", at: 0, name: definition.name, level: definition.level, tenant: "acme", requestId: "1" },
        ...{ actor: { type: "system", id: "work" }, source: { entrance: "job" }, action: "work.carry-out" },
        ...{ outcome: "success", context: {}, ...more },
      });
    for (const outcome of ["stale", "diverged", "failed", "applied", "made up"])
      emit(workEvents.work_applied, { context: { outcome } });
    emit(workEvents.work_plan_made, { context: { outcome: "failed" } });
    emit(workEvents.work_overdue, { context: { state: "submitted" } });
    emit(workEvents.work_dead_lettered, { context: { state: "failed" } });
    emit(checkoutEvents.work_failed, { action: "work.fail", context: { state: "failed", retry: true } });
    emit(checkoutEvents.work_failed, { action: "work.fail", context: { state: "failed", retry: false } });
    emit(checkoutEvents.work_failed, { action: "work.fail", context: { state: "queued", retry: true } });
    emit(workEvents.work_applied, { action: "somebody's own", context: { outcome: "diverged" } });
    emit(workEvents.work_applied, { outcome: "error", problem: "INTERNAL_ERROR", context: { outcome: "diverged" } });
    const shown = await text();
    assert.deepEqual(
      linesOf(shown, "applications_total"),
      ["stale", "diverged", "failed", "applied", "other"].map(
        (outcome) => `gatehouse_work_applications_total{outcome="${outcome}"} 1`,
      ),
    );
    assert.deepEqual(linesOf(shown, "plans_total"), ['gatehouse_work_plans_total{outcome="failed"} 1']);
    assert.deepEqual(linesOf(shown, "overdue_total"), ['gatehouse_work_overdue_total{state="submitted"} 1']);
    assert.deepEqual(linesOf(shown, "dead_letters_total"), ["gatehouse_work_dead_letters_total 1"]);
    const exhausted = ['gatehouse_work_attempts_exhausted_total{cause="failed"} 1'];
    assert.deepEqual(linesOf(shown, "attempts_exhausted_total"), exhausted);
    const refused = ['gatehouse_work_refusals_total{action="work.carry-out",problem="INTERNAL_ERROR"} 1'];
    assert.deepEqual(linesOf(shown, "refusals_total"), refused);
  });

  it("have no more values of labels than there are types and reasons, whatever is in the tables", async () => {
    const orders = ["known", "left-over", "made up"].map((type) => ({
      ...{
        type,
        state: "submitted" as const,
        reason: type === "known" ? "awaiting_review" : type,
        count: 2,
        age: 5000,
      },
    }));
    const claimable = [{ type: "left-over", count: 3, age: 7500 }];
    const { text } = metricsOver(async () => ({ ...NOTHING, orders, claimable }));
    const shown = await text();
    assert.deepEqual(linesOf(shown, "orders{"), [
      'gatehouse_work_orders{type="known",state="submitted"} 2',
      'gatehouse_work_orders{type="other",state="submitted"} 4',
    ]);
    assert.deepEqual(linesOf(shown, "order_reasons{"), [
      'gatehouse_work_order_reasons{reason="awaiting_review"} 2',
      'gatehouse_work_order_reasons{reason="other"} 4',
    ]);
    assert.deepEqual(linesOf(shown, "oldest"), [
      "gatehouse_work_oldest_review_seconds 5",
      "gatehouse_work_oldest_claimable_seconds 7.5",
    ]);
  });

  it("look at the store once for all of them, not again within seconds, and again after a failure", async () => {
    let looks = 0;
    const { text, clock } = metricsOver(async () => {
      looks += 1;
      if (looks === 1) throw new Error("away");
      return NOTHING;
    });
    await assert.rejects(text(), /away/);
    for (const expected of [2, 2]) {
      await text();
      assert.equal(looks, expected);
    }
    await clock.advance(6000);
    await text();
    assert.equal(looks, 3);
  });

  it("count every lease that runs out, whoever puts the item back, and those that were the last attempt", async () => {
    await using agents = await createWorkAgents();
    const told: [string, boolean][] = [];
    const measures: Pick<WorkMeasures, "expired"> = { expired: (...one) => void told.push(one) };
    Object.assign(agents.parts, { leases: createWorkLeases({ ids: agents.gate.ids, measures }) });
    await agents.kit.propose(["one"], { attempts: 2 });
    await agents.take(workAgent("a"));
    await agents.clock.advance(700_000);
    await agents.take(workAgent("b"));
    await agents.clock.advance(700_000);
    assert.equal(await agents.code("checkout", workAgent("c")), "NO_ITEMS_AVAILABLE");
    const reclaimed = await agents.gate.store.write((transaction) => agents.parts.leases.reclaim(transaction, 10));
    assert.deepEqual(
      [reclaimed.length, told],
      [
        1,
        [
          ["caption.write", false],
          ["caption.write", true],
        ],
      ],
    );
  });
});
