import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createWorkClient, WorkError, type WorkClient } from "gatehouse/work/client";
import { openWorkSite, type Renaming, type WorkSite } from "../support/work-site.ts";

describe("the client of work", () => {
  let site: WorkSite;
  let client: WorkClient;
  let lost = 0;
  before(async () => {
    site = await openWorkSite();
    const token = await site.token({ at: "rest", scope: "work:read work:propose work:execute" });
    // The answer to every first call that changes something is lost on the way.
    const seen = new Set<string>();
    const unreliable: typeof fetch = async (input, init) => {
      const response = await site.fetch(input, init);
      const key = new Headers(init?.headers).get("idempotency-key");
      if (key === null || seen.has(key)) return response;
      seen.add(key);
      lost += 1;
      await response.body?.cancel();
      throw new TypeError("fetch failed");
    };
    const program = { name: "renamer", version: "2.0.0", model: "some-model" };
    client = createWorkClient({ url: `${site.origin}/api/work`, token: () => token, program, fetch: unreliable });
  });
  after(() => site[Symbol.asyncDispose]());

  it("does the work of an agent once, although answers are lost", async () => {
    const orders = client.of<Renaming>("things.rename");
    const { order } = await orders.propose({ things: ["c", "d"] }, { title: "Some names" });
    const items = await orders.checkout({ order, count: 5 });
    assert.deepEqual(items.map(({ input }) => input.thing).toSorted(), ["c", "d"]);
    for (const item of items) {
      await item.beat({ done: 1, total: 2, note: "half" });
      const name = await item.during(async (signal) => (signal.aborted ? "" : `new ${item.input.thing}`));
      await item.submit({ name }, { notes: "looks right" });
      await assert.rejects(item.submit({ name }), (error) => error instanceof WorkError && error.code === "LEASE_LOST");
    }
    assert.deepEqual(await orders.checkout({ order }), []);
    const shown = await client.get(order);
    assert.ok(["submitted", "approved"].includes(shown.order.state));
    assert.equal(shown.items.length, 2);
    const { orders: listed } = await client.list({ types: "things.rename" });
    assert.equal(listed.filter((one) => one.order === order).length, 1);
    const { events } = await client.logs(order);
    assert.equal(events.filter(({ kind }) => kind === "submitted" || kind === "leased").length >= 4, true);
    assert.ok(lost >= 5, String(lost));
    const types = await client.types();
    assert.deepEqual(
      types.map(({ type }) => type),
      ["things.rename"],
    );
  });

  it("tells what was wrong", async () => {
    const orders = client.of<Renaming>({ type: "things.rename" });
    await assert.rejects(orders.propose({ things: ["x".repeat(100)] }), (error) => {
      assert.ok(error instanceof WorkError);
      assert.deepEqual([error.status, error.code], [422, "VALIDATION_ERROR"]);
      return true;
    });
    await assert.rejects(client.get(crypto.randomUUID()), { code: "WORK_ORDER_UNKNOWN" });
  });
});
