import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import { decodeTally } from "../../kernel/limit/tally-codec.ts";
import type { LimitCheck } from "../../kernel/ports/counters.ts";
import { mostInWindow, pressFromProcesses } from "../../testing/counters-processes.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { openPostgresStore } from "../postgres/postgres-store.ts";
import { portableStatement } from "./statement.ts";

const READ = portableStatement("SELECT state FROM limit_counters WHERE key = $1");

/*
 * An attacker spreads requests over all servers at the same moment, hoping that two transactions read the same count
 * and both write one more. The second of them is turned away by its row's lock and decides again.
 */
describe("SQL counters under several processes", { skip: await skipWithout("postgres") }, () => {
  it("never admit more than the limit in any trailing window, and use nearly all of it", async () => {
    await using server = await startPostgres({ durable: false });
    await using database = await server.createDatabase();
    const { url } = database;
    await using store = await openPostgresStore({
      url,
      clock: systemClock,
      migrations: coreMigrations,
      profile: "development",
    });
    const narrow: LimitCheck = { policy: "n", key: "n", cost: 1, rule: { kind: "window", limit: 40, window: 1000 } };
    const wide: LimitCheck = { policy: "w", key: "w", cost: 1, rule: { kind: "window", limit: 4000, window: 60_000 } };
    const times = await pressFromProcesses({
      engine: "postgres",
      url,
      prefix: "",
      checks: [wide, narrow],
      milliseconds: 4000,
      readTimes: async () => {
        const rows = await store.read((transaction) =>
          transaction.execute<{ readonly state: Uint8Array }>(READ, [`shared:${narrow.key}`]),
        );
        const state = rows[0] === undefined ? undefined : decodeTally(rows[0].state);
        return state?.kind === "exact" ? state.times : [];
      },
    });
    const span = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
    assert.equal(mostInWindow(times, 1_000_000), 40);
    const possible = 40 * (1 + Math.floor(span / 1000));
    assert.ok(times.length >= 0.5 * possible, `${times.length} of ${possible} possible in ${span} ms`);
  });
});
