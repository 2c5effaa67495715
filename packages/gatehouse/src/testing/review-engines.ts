import { after, before, describe } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { createFakeClock } from "./fake-clock.ts";
import { reviewKitMigrations } from "./review-kit-things.ts";
import { ReviewKit, type ReviewKitOptions } from "./review-kit.ts";
import { skipWithout, startPostgres, type PostgresService } from "./services.ts";

/** Opens a kit on an empty store. */
export type OpenReviewKit = (options?: ReviewKitOptions) => Promise<ReviewKit>;

/**
 * Runs a group of tests of reviews on SQLite and on PostgreSQL, where that is installed. They let no time pass: that of
 * PostgreSQL is the server's own.
 */
export async function describeReviewEngines(title: string, body: (open: OpenReviewKit) => void): Promise<void> {
  describe(`${title}, on SQLite`, () => body((options) => ReviewKit.open(options)));
  const skip = await skipWithout("postgres");
  describe(`${title}, on PostgreSQL`, { skip }, () => {
    let service: PostgresService;
    const opened: AsyncDisposable[] = [];
    before(async () => {
      service = await startPostgres({ durable: false });
    });
    after(async () => {
      for (const resource of opened.toReversed()) await resource[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    });
    body(async (options = {}) => {
      const database = await service.createDatabase();
      opened.push(database);
      const migrations = [...coreMigrations, ...reviewKitMigrations];
      const store = await openPostgresStore({ url: database.url, clock: systemClock, migrations });
      opened.push(store);
      return ReviewKit.open({ store, clock: createFakeClock(systemClock.now()), ...options });
    });
  });
}
