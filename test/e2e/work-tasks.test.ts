import assert from "node:assert/strict";
import { it } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  createTaskSessionFromClient,
  resultFromTaskOutcome,
  type RawClientDispatch,
} from "@modelcontextprotocol/ext-tasks/client";
import { z } from "zod";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";

const VERSION = "2026-07-28";
const INFO = { name: "agent", version: "1.0.0" };
const Sent = z.looseObject({ method: z.string(), params: z.looseObject({}).default({}) });
const Answered = z.object({
  result: z.json().optional(),
  error: z.object({ code: z.int(), message: z.string(), data: z.json().optional() }).optional(),
});

/** Sends what the client of the extension has framed, as it wants its host to. */
function dispatchTo(site: WorkSite, token: string): RawClientDispatch {
  return async (request) => {
    const { method, params } = Sent.parse(request);
    const name = [params["name"], params["taskId"]].find((value) => typeof value === "string");
    const headers = {
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": VERSION,
      "mcp-method": method,
    };
    const body = { jsonrpc: "2.0", id: crypto.randomUUID(), ...Sent.parse(request) };
    const named = typeof name === "string" ? { "mcp-name": name } : {};
    const { json } = await site.send("/mcp", { token, headers: { ...headers, ...named }, body });
    const { result, error } = Answered.parse(json);
    if (error !== undefined) return { kind: "error", error };
    return { kind: "result", result: result ?? {} };
  };
}

it("a proposal is a task that ends when the order was applied, for the client of the extension", async () => {
  await using site = await openWorkSite();
  const token = await site.token({ scope: "work:read work:propose" });
  const client = new Client(INFO, { versionNegotiation: { mode: "auto" } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${site.origin}/mcp`), { requestInit, fetch: site.fetch }),
  );
  const session = createTaskSessionFromClient(client, {
    endpointId: "work",
    rawDispatch: dispatchTo(site, token),
    v2RequestFraming: { protocolVersion: VERSION, clientInfo: INFO, clientCapabilities: {} },
  });
  const given = { type: "things.rename", input: { things: [] }, idempotency_key: "followed" };
  const execution = await session.callTool("work.propose", given);
  const settled = execution.settle();
  const [order] = z
    .object({ orders: z.array(z.object({ order: z.string() })) })
    .parse(
      z.object({ ok: z.literal(true), value: z.unknown() }).parse(await site.gatehouse.operate("work.list", {})).value,
    ).orders;
  assert.ok(order !== undefined);
  const plan = z.object({ revision: z.int(), digest: z.string() });
  for (let looks = 0; looks < 200; looks += 1) {
    const shown = await site.gatehouse.operate("work.preview", order);
    if (!shown.ok) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const approved = await site.gatehouse.operate("work.approve", { ...order, ...plan.parse(shown.value) });
    assert.ok(approved.ok, JSON.stringify(approved));
    break;
  }
  const { outcome } = await settled;
  const result = JSON.stringify(resultFromTaskOutcome(outcome));
  assert.match(result, /"state":"completed"/);
  assert.ok(result.includes(order.order));
  await session.close();
  await client.close();
});
