import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import type { Authenticator } from "../guards/authenticate.ts";
import { defineAction } from "../kernel/action.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom } from "../kernel/random.ts";
import { TEST_CONNECTION } from "../testing/edge-setup.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const note = defineAction({
  name: "note.write",
  entrances: ["http"],
  input: z.strictObject({ text: z.string() }),
  effects: "store",
  authorise: ({ principal }) => principal.grants.has("notes:write"),
  limits: [{ name: "notes", by: ["client"], rule: { kind: "window", limit: 2, window: 60_000 } }],
  run: async ({ principal }) => ({ by: `${principal.type} ${principal.id}` }),
});

/** Tokens are names; `reader` may not write. */
const bearer: Authenticator<"bearer"> = {
  kind: "bearer",
  authenticate: async ({ token }, { tenant }) => {
    if (!["writer", "reader"].includes(token)) return deny(problems.CREDENTIAL_INVALID);
    const grants = new Set(token === "writer" ? ["notes:write"] : ["notes:read"]);
    return { type: "client", id: token, tenant, grants, session: token };
  },
};

async function withGatehouse(
  authenticators: { readonly bearer?: Authenticator<"bearer"> },
  work: (gatehouse: Gatehouse) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
  try {
    const config = requireConfig({ file: { profile: "development", dataDirectory: directory }, clock: systemClock });
    await using gatehouse = await openGatehouse({
      ...{ config, clock: systemClock, random: systemRandom, log: "quiet" },
      application: {
        open: ({ edge }) => ({
          actions: [note],
          authenticators,
          routes: () => new Hono().post("/notes", edge.action(note)),
        }),
      },
    });
    await work(gatehouse);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function write({ handler }: Gatehouse, token: string): Promise<readonly [number, unknown]> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const request = new Request("http://localhost/notes", { method: "POST", headers, body: '{"text":"hello"}' });
  const response = await handler(request, TEST_CONNECTION);
  const body = (await response.json()) as { readonly by?: string; readonly code?: string };
  return [response.status, body.by ?? body.code];
}

describe("an application with authenticators of its own", () => {
  it("knows clients by their tokens, without a session or its token, each with limits of its own", () =>
    withGatehouse({ bearer }, async (gatehouse) => {
      assert.deepEqual(await write(gatehouse, "writer"), [200, "client writer"]);
      assert.deepEqual(await write(gatehouse, "reader"), [403, "PERMISSION_DENIED"]);
      assert.deepEqual(await write(gatehouse, "forged"), [401, "CREDENTIAL_INVALID"]);
      assert.equal((await write(gatehouse, "writer"))[0], 200);
      assert.deepEqual(await write(gatehouse, "writer"), [429, "RATE_LIMIT_EXCEEDED"]);
      assert.deepEqual(await write(gatehouse, "reader"), [403, "PERMISSION_DENIED"]);
    }));

  it("refuses tokens where nobody checks them", () =>
    withGatehouse({}, async (gatehouse) => {
      assert.deepEqual(await write(gatehouse, "writer"), [401, "CREDENTIAL_INVALID"]);
    }));
});
