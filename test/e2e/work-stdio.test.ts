import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { PROGRAM_FLAGS } from "../support/program-flags.ts";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";

const PROGRAM = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url));

/** Agents on a machine start `gatehouse mcp` and speak to it over its standard streams. */
describe("work over standard streams", () => {
  let site: WorkSite;
  let token: string;
  before(async () => {
    site = await openWorkSite();
    token = await site.token({ scope: "work:read work:propose" });
  });
  after(() => site[Symbol.asyncDispose]());

  const started = (shown = token) => ({
    command: process.execPath,
    args: [...PROGRAM_FLAGS, PROGRAM, "mcp", "--url", `http://127.0.0.1:${site.port}/mcp`],
    env: { WORK_TOKEN: shown, PATH: process.env["PATH"] ?? "" },
    cwd: fileURLToPath(new URL("../support", import.meta.url)),
    stderr: "pipe" as const,
  });
  const proposal = (key: string) => ({
    name: "work.propose",
    arguments: { type: "things.rename", input: { things: [key] }, idempotency_key: key },
  });

  for (const mode of ["auto", "legacy"] as const) {
    it(`serves the client of 2026 (${mode})`, async () => {
      const client = new Client({ name: "agent", version: "1.0.0" }, { versionNegotiation: { mode } });
      await client.connect(new StdioClientTransport(started()));
      assert.equal(client.getProtocolEra(), mode === "auto" ? "modern" : "legacy");
      const { tools } = await client.listTools();
      assert.ok(tools.some(({ name }) => name === "work.propose"));
      assert.ok(!tools.some(({ name }) => name === "work.checkout"));
      const result = await client.callTool(proposal(`stdio-${mode}`));
      assert.equal(result.isError ?? false, false, JSON.stringify(result));
      assert.match(JSON.stringify(result.structuredContent), /"state":"queued"/);
      await client.close();
    });
  }

  it("serves the client of 2025", async () => {
    const client = new OldClient({ name: "old-agent", version: "1.0.0" });
    await client.connect(new OldTransport(started()));
    const result = await client.callTool(proposal("stdio-old"));
    assert.match(JSON.stringify(result.structuredContent), /"state":"queued"/);
    await client.close();
  });

  it("is nobody without a token", async () => {
    const client = new Client({ name: "stranger", version: "1.0.0" }, { versionNegotiation: { mode: "legacy" } });
    await assert.rejects(client.connect(new StdioClientTransport(started("made-up"))), /access token is wrong/);
  });
});
