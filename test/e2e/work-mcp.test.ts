import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { z } from "zod";
import { describeStoreEngines } from "../support/store-engines.ts";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";

const ALL = "work:read work:propose work:execute";
const Proposed = z.object({ order: z.uuid(), state: z.string() });

/** The official clients, of both eras of the protocol, do the work of an agent. */
await describeStoreEngines("work over the Model Context Protocol", (engine) => {
  let site: WorkSite;
  before(async () => {
    site = await openWorkSite(await engine.place());
  });
  after(() => site[Symbol.asyncDispose]());

  const propose = (things: readonly string[]) => ({
    name: "work.propose",
    arguments: { type: "things.rename", input: { things }, idempotency_key: `propose-${things.join()}` },
  });

  for (const version of ["auto", "legacy"] as const) {
    it(`serves the client of 2026 (${version})`, async () => {
      const token = await site.token({ scope: ALL });
      const client = new Client({ name: "agent", version: "1.0.0" }, { versionNegotiation: { mode: version } });
      await client.connect(transportFor(site, token));
      assert.equal(client.getProtocolEra(), version === "auto" ? "modern" : "legacy");
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name);
      assert.ok(names.includes("work.propose") && !names.includes("work.approve"), names.join());
      for (const tool of tools) {
        assert.ok(tool.description && tool.title && tool.annotations && tool.outputSchema, tool.name);
      }
      const result = await client.callTool(propose([`thing-${version}`]));
      assert.equal(result.isError ?? false, false, JSON.stringify(result));
      const { order } = Proposed.parse(result.structuredContent);
      const again = await client.callTool(propose([`thing-${version}`]));
      assert.equal(Proposed.parse(again.structuredContent).order, order);
      const shown = await client.callTool({ name: "work.get", arguments: { order } });
      assert.equal(shown.isError ?? false, false);
      const link = result.content.find((block) => block.type === "resource_link");
      const { contents } = await client.readResource({ uri: link?.uri ?? assert.fail("There is no link.") });
      assert.ok(JSON.stringify(contents).includes(order));
      await assert.rejects(client.readResource({ uri: `work://orders/${crypto.randomUUID()}` }), /no such order/);
      const refused = await client.callTool({ name: "work.get", arguments: { order: crypto.randomUUID() } });
      assert.equal(refused.isError, true);
      assert.match(JSON.stringify(refused.content), /WORK_ORDER_UNKNOWN/);
      await client.close();
    });
  }

  it("serves the client of 2025", async () => {
    const token = await site.token({ scope: ALL });
    const client = new OldClient({ name: "old-agent", version: "1.0.0" });
    const url = new URL(`${site.origin}/mcp`);
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    await client.connect(new OldTransport(url, { requestInit, fetch: site.fetch }));
    const { tools } = await client.listTools();
    assert.ok(tools.some(({ name }) => name === "work.types"));
    const types = await client.callTool({ name: "work.types", arguments: {} });
    assert.match(JSON.stringify(types), /things\.rename/);
    const result = await client.callTool(propose(["old"]));
    assert.ok(Proposed.parse(result.structuredContent));
    await client.close();
  });

  it("notes which tools there are and what somebody was told", () => {
    const offered = site.events.find(({ name }) => name === "mcp_tools_offered");
    const listed = site.events.find(({ name }) => name === "mcp_tools_listed");
    assert.match(String(offered?.context["digest"] ?? listed?.context["digest"]), /^[\w-]{43}$/);
    assert.equal(listed?.actor.type, "agent");
  });
});

function transportFor(site: WorkSite, token: string): StreamableHTTPClientTransport {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  return new StreamableHTTPClientTransport(new URL(`${site.origin}/mcp`), { requestInit, fetch: site.fetch });
}
