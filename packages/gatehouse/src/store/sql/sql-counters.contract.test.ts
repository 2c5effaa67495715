import { after } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import { describeCountersContract } from "../../testing/counters-contract.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { openPostgresStore } from "../postgres/postgres-store.ts";
import { openSqliteStore } from "../sqlite/sqlite-store.ts";
import { createSqlCounters } from "./sql-counters.ts";

const skip = await skipWithout("postgres");
const opened = new AsyncDisposableStack();
after(() => opened.disposeAsync());

describeCountersContract(
  "PostgreSQL",
  async (clock) => {
    const server = opened.use(await startPostgres({ durable: false }));
    const database = opened.use(await server.createDatabase());
    const store = opened.use(
      await openPostgresStore({
        url: database.url,
        clock: systemClock,
        migrations: coreMigrations,
        profile: "development",
      }),
    );
    return createSqlCounters({ store, clock, time: "clock" });
  },
  { skip, histories: 100 },
);

describeCountersContract(
  "SQLite",
  async (clock) => {
    const store = opened.use(await openSqliteStore({ memory: true, clock, migrations: coreMigrations }));
    return createSqlCounters({ store, clock });
  },
  { histories: 200 },
);
