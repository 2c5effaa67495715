import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createKeyRing } from "../../kernel/key-ring.ts";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import type { Principal } from "../../kernel/attempt.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createSealer } from "../../kernel/seal.ts";
import { createDocuments } from "../../store/sql/documents.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import { worker } from "../../testing/review-kit-people.ts";
import type { McpCaller } from "../mcp/caller.ts";
import { RequestStates } from "../mcp/request-states.ts";
import { McpTaskDesk } from "../mcp/tasks.ts";
import { McpTools, type McpTool } from "../mcp/tool.ts";

const SCOPES = ["read", "propose", "execute"];
const ANNA = worker("https://program.example/client.json", SCOPES, { onBehalfOf: "anna" });
const BEN: Principal = { ...ANNA, onBehalfOf: "ben" };
const ITSELF: Principal = worker(ANNA.id, SCOPES);

/*
 * A program that many people use is one client with one identifier, and Ben has it work for himself to get at what it does
 * for Anna. Her orders are hers: for his agent, and for the program where it acts for nobody, they are not there.
 */
await describeReviewEngines("orders of another person who uses the same program", (open) => {
  it("are neither shown nor told of, and nothing is done to them", async () => {
    await using kit = await open();
    const order = await kit.propose({ things: ["a"] }, ANNA);
    await kit.work(order, {}, ANNA);
    await kit.run();
    for (const other of [BEN, ITSELF]) {
      for (const action of ["work.get", "work.logs", "work.preview", "work.cancel"])
        assert.equal(await kit.denied(action, { order }, other), "WORK_ORDER_UNKNOWN", action);
      assert.equal(await kit.denied("work.comment", { order, text: "mine" }, other), "WORK_ORDER_UNKNOWN");
      assert.deepEqual(await kit.done("work.list", {}, other), { orders: [] });
      assert.deepEqual(await kit.done("work.list", { limit: 1, proposer: ANNA.id }, other), { orders: [] });
    }
    assert.match(JSON.stringify(await kit.done("work.list", {}, ANNA)), new RegExp(order));
    assert.match(JSON.stringify(await kit.done("work.get", { order }, ANNA)), /awaiting_review/);
  });

  it("give no place away where the next page begins", async () => {
    await using kit = await open();
    const own = await kit.propose({ things: ["b"] }, BEN);
    for (let orders = 0; orders < 3; orders += 1) await kit.propose({ things: [] }, ANNA);
    const listed = await kit.done("work.list", { limit: 2, sort: ["-created_at"] }, BEN);
    assert.deepEqual(Object.keys(listed), ["orders"]);
    assert.match(JSON.stringify(listed), new RegExp(own));
  });
});

/** As above, for what the endpoint of the Model Context Protocol keeps and hands out. */
describe("tasks and questions of another person who uses the same program", () => {
  it("are neither followed nor ended nor answered, and are not counted as one's own", async () => {
    const clock = createFakeClock();
    await using store = await openSqliteStore({
      ...{ memory: true, clock, migrations: coreMigrations, profile: "development" },
    });
    const keyRing = createKeyRing(generateKeyMaterial(systemRandom, clock));
    const parts = { store, documents: createDocuments(), clock, random: systemRandom, keyRing };
    const cancelled: string[] = [];
    const tool: McpTool = {
      ...{ name: "work", title: "Work", description: "Works.", input: { type: "object" } },
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
      task: {
        look: async () => ({ status: "working" }),
        cancel: async ({ reference }) => void cancelled.push(reference),
      },
      call: async () => ({ kind: "task", reference: "order" }),
    };
    const desk = new McpTaskDesk(parts, new McpTools([tool]));
    const anna = callerOf(ANNA);
    const ben = callerOf(BEN);
    const { taskId } = await desk.begin(anna, tool, "order");
    assert.ok(typeof taskId === "string");
    assert.equal((await desk.look(anna, taskId))["status"], "working");
    await assert.rejects(desk.look(ben, taskId), /There is no such task/);
    await assert.rejects(desk.cancel(ben, taskId), /There is no such task/);
    assert.deepEqual(cancelled, []);
    for (let more = 1; more < 1000; more += 1) await desk.begin(anna, tool, "order");
    await assert.rejects(desk.begin(anna, tool, "order"), /too many tasks/);
    await desk.begin(ben, tool, "order");

    const states = new RequestStates({ ...parts, sealer: createSealer(parts) });
    const call = { method: "tools/call", name: "work", arguments: {} };
    const text = states.mint({ ...anna, ...call }, "secret");
    await assert.rejects(states.redeem({ ...ben, ...call }, text));
    assert.equal(await states.redeem({ ...anna, ...call }, text), "secret");
  });
});

function callerOf(principal: Principal): McpCaller {
  const { signal } = new AbortController();
  return { principal, tenant: principal.tenant, peer: { ip: "192.0.2.1", tls: true }, program: {}, signal };
}
