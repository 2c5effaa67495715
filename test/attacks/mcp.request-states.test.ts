import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { openConformanceServer, type ConformanceServer } from "../support/mcp/conformance-server.ts";

const MODERN = "2026-07-28";
const Asked = z.object({
  result: z.looseObject({ resultType: z.literal("input_required"), requestState: z.string() }),
});
const Refused = z.object({ error: z.object({ code: z.number(), data: z.object({ reason: z.string() }) }) });

/**
 * What a tool hands out with its questions travels through the client. Whoever gets hold of it shows it once more, with
 * other arguments, at another tool, or altered, to go on where somebody else has been asked.
 */
describe("a request state", () => {
  let server: ConformanceServer;
  before(async () => {
    server = await openConformanceServer();
  });
  after(() => server[Symbol.asyncDispose]());

  async function call(name: string, more: object = {}): Promise<unknown> {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientCapabilities": { elicitation: {}, sampling: {}, roots: {} },
    };
    const response = await fetch(server.url, {
      method: "POST",
      headers: {
        ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
        ...{ "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": name },
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: {}, ...more, _meta },
      }),
    });
    return response.json();
  }

  const TOOL = "test_input_required_result_request_state";
  const answered = { inputResponses: { confirm: { action: "accept", content: { ok: true } } } };
  const stateOf = async (): Promise<string> => Asked.parse(await call(TOOL)).result.requestState;
  const refusalOf = (answer: unknown) => Refused.parse(answer).error;
  const REFUSED = { code: -32602, data: { reason: "invalid_request_state" } };

  it("counts once", async () => {
    const requestState = await stateOf();
    const shown = { ...answered, requestState };
    assert.match(JSON.stringify(await call(TOOL, shown)), /state-ok/);
    assert.deepEqual(refusalOf(await call(TOOL, shown)), REFUSED);
  });

  it("counts once, however many show it at the same time", async () => {
    const requestState = await stateOf();
    const answers = await Promise.all(Array.from({ length: 8 }, () => call(TOOL, { ...answered, requestState })));
    const accepted = answers.filter((answer) => JSON.stringify(answer).includes("state-ok"));
    assert.equal(accepted.length, 1);
  });

  it("belongs to its tool and its arguments", async () => {
    for (const [name, given] of [
      ["test_input_required_result_tampered_state", {}],
      [TOOL, { amount: 1_000_000 }],
    ] as const) {
      const shown = { ...answered, requestState: await stateOf(), arguments: given };
      assert.deepEqual(refusalOf(await call(name, shown)), REFUSED, name);
    }
  });

  it("is not what somebody has made up or altered", async () => {
    const requestState = await stateOf();
    const altered = requestState.replace(/.{4}$/, (end) => (end === "AAAA" ? "BBBB" : "AAAA"));
    for (const text of [altered, "made up", "e30=", ""]) {
      const answer = JSON.stringify(await call(TOOL, { ...answered, requestState: text }));
      assert.ok(!answer.includes("state-ok"), text);
    }
  });
});
