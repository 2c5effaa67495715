import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { defineApplication, openGatehouse, type Gatehouse } from "gatehouse";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { sampleOrder, sampleResource } from "./sample-order.ts";

interface Order {
  readonly order: string;
}
interface Checkout {
  readonly items: readonly { readonly item: string; readonly lease: string; readonly epoch: number }[];
}
interface Shown {
  readonly order: { readonly state: string; readonly reason: string };
  readonly plan?: { readonly revision: number; readonly digest: string };
}

describe("orders of the type sample.change", () => {
  let directory: string;
  let gatehouse: Gatehouse;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "sample-order-"));
    const application = defineApplication({
      open: ({ documents }) => ({ work: { types: [sampleOrder(sampleResource(documents))] } }),
    });
    const file = {
      profile: "development",
      dataDirectory: directory,
      identity: { enabled: false },
      work: { mcp: false },
    } as const;
    const machine = { clock: systemClock, random: systemRandom, log: { write: () => true } };
    gatehouse = await openGatehouse({ config: requireConfig({ file, clock: systemClock }), application, ...machine });
    const { store, documents } = gatehouse.services;
    await store.write((transaction) =>
      sampleResource(documents).write(transaction, { tenant: "default", id: "one" }, { text: "befor" }),
    );
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  /** Attempts an action as somebody: whoever proposes or works on an order cannot approve it. */
  async function attempt(who: string, action: string, input: object) {
    const { ids, clock } = gatehouse.services;
    const principal = { type: "system", id: who, tenant: "default", grants: new Set<string>() } as const;
    return gatehouse.gate.attempt({
      ...{ id: ids.next(), entrance: "job", action, tenant: "default", receivedAt: clock.now(), input },
      ...{ peer: { ip: "127.0.0.1", tls: false }, provenance: { kind: "internal" }, idempotencyKey: ids.next() },
      credentials: [{ kind: "internal", principal }],
    });
  }

  /** Attempts what has to succeed. */
  async function done<Value>(who: string, action: string, input: object): Promise<Value> {
    const outcome = await attempt(who, action, input);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return outcome.value as Value;
  }

  async function reaches(order: string, what: string): Promise<Shown> {
    for (let looks = 0; looks < 1000; looks += 1) {
      const shown = await done<Shown>("reviewer", "work.get", { order });
      if (shown.order.state === what || shown.order.reason === what) return shown;
      assert.ok(!["failed", "preview_failed"].some((bad) => bad === shown.order.state || bad === shown.order.reason));
      await setTimeout(20);
    }
    return assert.fail(`The order does not reach ${what}.`);
  }

  const textOf = async () => {
    const { store, documents } = gatehouse.services;
    const key = { tenant: "default", id: "one" };
    return (await store.read((transaction) => sampleResource(documents).read(transaction, key)))?.text;
  };

  it("change what was approved, and nothing before", async () => {
    const proposal = { type: "sample.change", input: { ids: ["one", "nobody"] } };
    const { order } = await done<Order>("proposer", "work.propose", proposal);
    const { items } = await done<Checkout>("agent", "work.checkout", { order, count: 10 });
    assert.equal(items.length, 1);
    for (const { item, lease, epoch } of items) {
      const refused = await attempt("agent", "work.submit", { item, lease, epoch, result: { text: "befor" } });
      assert.equal(refused.ok ? "" : refused.problem.code, "WORK_SUBMISSION_REFUSED");
      await done("agent", "work.submit", { item, lease, epoch, result: { text: "after" } });
    }
    const { plan } = await reaches(order, "awaiting_review");
    assert.ok(plan !== undefined);
    assert.equal(await textOf(), "befor");
    await done("reviewer", "work.approve", { order, revision: plan.revision, digest: plan.digest });
    await reaches(order, "completed");
    assert.equal(await textOf(), "after");
  });

  it("refuse what is not of their form", async () => {
    const outcome = await attempt("proposer", "work.propose", { type: "sample.change", input: { ids: [] } });
    assert.equal(outcome.ok ? "" : outcome.problem.code, "VALIDATION_ERROR");
  });
});
