import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import { openGatehouse } from "./gatehouse.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { BootRefusedError } from "../kernel/gate.ts";
import { systemRandom } from "../kernel/random.ts";
import { openEdgeSetup, TEST_CONNECTION } from "../testing/edge-setup.ts";

function actionNamed(name: string, entrances: readonly Entrance[]): AnyAction {
  const input = z.looseObject({});
  return defineAction({ name, entrances, input, effects: "none", authorise: "public", run: async () => "done" });
}

const known = actionNamed("note.read", ["http"]);
const forgotten = actionNamed("note.forgotten", ["http"]);
const job = actionNamed("note.sweep", ["job"]);

const FORGOTTEN =
  'The action note.forgotten is mounted as a route at the entrance "http" but is not registered at the gate; ' +
  "add it to the application's actions.";
const SWEEP =
  'The action note.sweep is mounted as a route at the entrance "http" but does not name it; ' +
  'add "http" to its entrances (job).';

// A route whose action the gate does not know answers every visitor that there is no such thing, and whoever made the
// slip looks for it among the routes. It is reported where the slip is.
describe("edge.action for actions that cannot be attempted", () => {
  it("tells which routes lead nowhere, and throws at their requests alone", async () => {
    await using setup = await openEdgeSetup({ actions: [known, job] });
    const { edge, errors } = setup;
    const app = new Hono();
    app.get("/known", edge.action(known));
    app.get("/forgotten", edge.action(forgotten));
    app.get("/sweep", edge.action(job));
    assert.deepEqual(edge.misplaced(), [FORGOTTEN, SWEEP]);
    const handler = edge.handler(app);
    const statusOf = async (path: string): Promise<number> =>
      (await handler(new Request(`https://app.example${path}`), TEST_CONNECTION)).status;
    assert.equal(await statusOf("/known"), 200);
    assert.deepEqual(errors, []);
    assert.equal(await statusOf("/forgotten"), 500);
    assert.equal(await statusOf("/sweep"), 500);
    assert.deepEqual(errors.map(String), [`TypeError: ${FORGOTTEN}`, `TypeError: ${SWEEP}`]);
  });

  it("keeps an application with such routes from starting", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
    try {
      const config = requireConfig({ file: { profile: "development", dataDirectory: directory }, clock: systemClock });
      const opening = openGatehouse({
        ...{ config, clock: systemClock, random: systemRandom, log: "quiet" },
        application: {
          open: ({ edge }) => ({
            actions: [known, job],
            routes: () => new Hono().get("/forgotten", edge.action(forgotten)).get("/sweep", edge.action(job)),
          }),
        },
      });
      await assert.rejects(opening, (error) => {
        assert.ok(error instanceof BootRefusedError);
        assert.deepEqual(error.reasons, [FORGOTTEN, SWEEP]);
        return true;
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
