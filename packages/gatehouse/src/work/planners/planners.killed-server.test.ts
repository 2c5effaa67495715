import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../kernel/clock.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createWorkOrders } from "../../store/sql/work/orders.ts";
import { createIds } from "../../kernel/ids.ts";
import { systemRandom } from "../../kernel/random.ts";
import { reviewKitMigrations } from "../../testing/review-kit-things.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";

const WORKER = fileURLToPath(new URL("../../testing/planner-worker.ts", import.meta.url));

async function runWorker(...parameters: readonly string[]): Promise<string> {
  const options = ["--conditions=gatehouse-source", WORKER, ...parameters];
  const worker = spawn(process.execPath, options, { stdio: ["ignore", "ignore", "inherit"] });
  const [code, signal] = (await once(worker, "exit")) as [number | null, string | null];
  return signal ?? String(code);
}

/** What the orders of a directory are about. */
async function proposed(directory: string): Promise<readonly string[]> {
  const migrations = [...coreMigrations, ...reviewKitMigrations];
  await using store = await openSqliteStore({ directory, clock: systemClock, migrations });
  const orders = createWorkOrders({ ids: createIds(systemClock, systemRandom) });
  const all = await store.read((transaction) => orders.list(transaction, "acme", { filter: {}, limit: 100 }));
  return all.map(({ input }) => (JSON.parse(input) as { readonly things: readonly string[] }).things.join()).toSorted();
}

/*
 * A server ends between finding work and proposing it, or in the middle of that, as when its machine is switched off: what
 * it has not proposed must not be lost, and what it has must not be proposed twice.
 */
describe("a server that is killed while its planner proposes", () => {
  it("is followed by one that proposes what is missing, once", async () => {
    using directory = createTemporaryDirectory();
    assert.equal(await runWorker(directory.path, "0"), "SIGKILL");
    assert.deepEqual(await proposed(directory.path), []);
    assert.equal(await runWorker(directory.path, "2"), "SIGKILL");
    assert.deepEqual(await proposed(directory.path), ["a", "b"]);
    assert.equal(await runWorker(directory.path), "0");
    assert.deepEqual(await proposed(directory.path), ["a", "b", "c", "d", "e"]);
  });
});
