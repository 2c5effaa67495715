import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { openConformanceServer, type ConformanceServer } from "../support/mcp/conformance-server.ts";

const PACKAGE = "@modelcontextprotocol/conformance";
const STATELESS =
  "Servers ask clients over a connection that is kept; this endpoint keeps nothing between two requests.";

/** What a revision of the protocol requires, and what of it does not apply to this server, with the reason. */
const REVISIONS = [
  {
    revision: "2026-07-28",
    // 37 that are required, 10 of the Tasks extension, 3 that are pending.
    scenarios: 50,
    inapplicable: {
      "http-custom-header-server-validation": "No tool has arguments that are repeated in headers (x-mcp-header).",
    },
  },
  {
    revision: "2025-11-25",
    scenarios: 33,
    inapplicable: {
      "tools-call-sampling": STATELESS,
      "tools-call-elicitation": STATELESS,
      "elicitation-sep1034-defaults": STATELESS,
      "elicitation-sep1330-enums": STATELESS,
      "resources-subscribe": STATELESS,
      "resources-unsubscribe": STATELESS,
    },
  },
] as const;

const Checks = z.array(z.object({ id: z.string(), status: z.string(), errorMessage: z.string().optional() }));

/** Runs all that a revision requires and resolves to what failed, by scenario. */
async function runSuite(url: string, revision: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const results = await mkdtemp(join(tmpdir(), "gatehouse-conformance-"));
  try {
    const program = join(
      dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)),
      "dist",
      "index.js",
    );
    const given = ["server", "--url", url, "--requirements", revision, "-o", results];
    const child = spawn(process.execPath, [program, ...given], { stdio: "ignore" });
    await new Promise((resolve) => child.once("exit", resolve));
    const found = new Map<string, readonly string[]>();
    for (const folder of await readdir(results)) {
      const scenario = /^server-(.+)-\d{4}-\d{2}-\d{2}T/.exec(folder)?.[1];
      if (scenario === undefined) continue;
      const checks = Checks.parse(JSON.parse(await readFile(join(results, folder, "checks.json"), "utf8")));
      const failures = checks.filter(({ status }) => status === "FAILURE");
      found.set(
        scenario,
        failures.map(({ id, errorMessage = "" }) => `${id}: ${errorMessage}`),
      );
    }
    return found;
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

describe("the conformance suite of the Model Context Protocol", () => {
  let server: ConformanceServer;
  before(async () => {
    server = await openConformanceServer();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const { revision, scenarios, inapplicable } of REVISIONS) {
    it(`passes what ${revision} requires of servers`, async () => {
      const found = await runSuite(server.url, revision);
      assert.equal(found.size, scenarios);
      const failed = [...found].filter(([, failures]) => failures.length > 0);
      const unexpected = failed.filter(([scenario]) => !Object.hasOwn(inapplicable, scenario));
      assert.deepEqual(unexpected, []);
      // One that has come to apply is taken off the list.
      assert.deepEqual(failed.map(([scenario]) => scenario).toSorted(), Object.keys(inapplicable).toSorted());
    });
  }
});
