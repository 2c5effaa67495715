import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "gatehouse";
import { defineOrderType } from "gatehouse/work";
import { z } from "zod";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";

const TOKEN = "a-token-for-prometheus-of-32-letters";
const Ordered = z.object({ order: z.string() });
const Held = z.object({ items: z.array(z.object({ item: z.string(), lease: z.string(), epoch: z.int() })).min(1) });

/** Notes that a rule approves which say nothing of being looked at. */
function notes(_services: Services) {
  return defineOrderType({
    ...{ type: "notes.write", version: 1, title: "Write notes", description: "Writes a note." },
    input: z.strictObject({ look: z.boolean() }),
    item: z.strictObject({}),
    result: z.strictObject({ text: z.string() }),
    items: () => [{ key: "note", input: {} }],
    autoApprove: { sample: 0, when: ({ input }) => !input.look },
    preview: async () => undefined,
  });
}

/** An agent of a site, and what the site says of it. */
class Agent {
  readonly #site: WorkSite;
  readonly #token: string;
  #keys = 0;

  constructor(site: WorkSite, token: string) {
    this.#site = site;
    this.#token = token;
  }

  async post(path: string, body: object): Promise<{ readonly status: number; readonly json: unknown }> {
    this.#keys += 1;
    const headers = { "idempotency-key": `key-${this.#keys}` };
    return this.#site.send(`/api/work${path}`, { token: this.#token, body, headers });
  }

  async propose(look: boolean): Promise<string> {
    const { json } = await this.post("/propose", { type: "notes.write", input: { look } });
    return Ordered.parse(json).order;
  }

  async take(order: string): Promise<z.infer<typeof Held>["items"][number]> {
    const [taken = assert.fail()] = Held.parse((await this.post(`/orders/${order}/checkout`, {})).json).items;
    return taken;
  }

  /** Does an order up to where it goes on without its agent. */
  async work(order: string, until: RegExp): Promise<void> {
    const { item, ...proof } = await this.take(order);
    assert.equal((await this.post(`/items/${item}/heartbeat`, proof)).status, 200);
    assert.equal((await this.post(`/items/${item}/submit`, { ...proof, result: { text: "a note" } })).status, 202);
    for (;;) {
      const { json } = await this.#site.send(`/api/work/orders/${order}`, { token: this.#token });
      if (until.test(JSON.stringify(json))) return;
      await delay(20);
    }
  }

  async metrics(): Promise<ReadonlyMap<string, number>> {
    const answer = await fetch(`http://127.0.0.1:${this.#site.port}/metrics`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const lines = (await answer.text()).split("\n").filter((line) => line.startsWith("gatehouse_work_"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  }
}

const LABELS = ["type", "state", "reason", "action", "outcome", "problem", "kind", "cause", "until", "le"];

describe("metrics of work orders", () => {
  it("tell how work stands, what was attempted and how long it waited, and name nobody", async () => {
    await using site = await openWorkSite({ metrics: { token: TOKEN } }, (services) => [notes(services)]);
    const agent = new Agent(site, await site.token({ at: "rest", scope: "work:read work:propose work:execute" }));
    const [done, looked, queued, held] = [
      await agent.propose(false),
      await agent.propose(true),
      await agent.propose(true),
      await agent.propose(true),
    ];
    await agent.work(done, /"state":"completed"/);
    await agent.work(looked, /"awaiting_review"/);
    const { item } = await agent.take(held);
    assert.equal((await agent.post(`/items/${item}/heartbeat`, { lease: "x".repeat(43), epoch: 1 })).status, 409);
    const paused = await site.gatehouse.operate("work.pause", { kind: "type", name: "notes.write", reason: "Stop." });
    assert.ok(paused.ok, JSON.stringify(paused));
    const measured = await agent.metrics();
    const value = (name: string, labels = ""): number | undefined => measured.get(`gatehouse_work_${name}${labels}`);
    for (const state of ["submitted", "queued", "checked_out"])
      assert.equal(value("orders", `{type="notes.write",state="${state}"}`), 1, state);
    assert.equal(value("order_reasons", '{reason="awaiting_review"}'), 1);
    assert.equal(value("items_claimable", '{type="notes.write"}'), 1);
    assert.equal(value("leases", '{type="notes.write"}'), 1);
    assert.equal(value("pauses", '{kind="type"}'), 1);
    assert.ok((value("oldest_review_seconds") ?? 0) > 0 && (value("oldest_claimable_seconds") ?? 0) > 0);
    assert.equal(value("calls_total", '{action="work.submit",outcome="success"}'), 2);
    assert.equal(value("calls_total", '{action="work.checkout",outcome="success"}'), 3);
    assert.equal(value("items_claimed_total"), 3);
    assert.equal(value("refusals_total", '{action="work.heartbeat",problem="LEASE_LOST"}'), 1);
    assert.equal(value("plans_total", '{outcome="planned"}'), 2);
    assert.equal(value("applications_total", '{outcome="applied"}'), 1);
    for (const [until, count] of Object.entries({ first_claim: 3, decision: 1, application: 1 }))
      assert.equal(value("wait_seconds_count", `{until="${until}"}`), count, until);
    const attempted = site.gatehouse.inventory().map(({ action }) => action);
    assert.ok(["work.tell-overdue", "work.dead-letter"].every((action) => attempted.includes(action)));
    const all = [...measured.keys()].join("\n");
    for (const one of [done, looked, queued, held, item]) assert.ok(!all.includes(one));
    assert.ok([...all.matchAll(/(\w+)="/g)].every(([, label = ""]) => LABELS.includes(label)));
  });
});
