import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createIds, systemClock, systemRandom } from "gatehouse/kernel";
import { openPostgresStore } from "gatehouse/store/postgres";
import { skipWithout, startPostgres } from "gatehouse/testing";
import { seedDemonstration } from "./demo.ts";
import { countEntries } from "./guestbook/entries.ts";
import { listOpenEvents } from "./events/events.ts";
import { galleryMigrations } from "./events/schema.ts";

describe("seedDemonstration", { skip: await skipWithout("postgres") }, () => {
  it("fills an empty tenant once, however many servers start at the same time", async () => {
    await using service = await startPostgres({ durable: false });
    await using database = await service.createDatabase();
    await using store = await openPostgresStore({
      url: database.url,
      clock: systemClock,
      migrations: galleryMigrations,
    });
    const invitations: string[] = [];
    const book: Parameters<typeof seedDemonstration>[0]["book"] = {
      async create(transaction, { collection }) {
        transaction.afterCommit(() => void invitations.push(collection));
        return { id: "invitation", text: "", expiresAt: 0 };
      },
    };
    const parts = { store, clock: systemClock, ids: createIds(systemClock, systemRandom), book };
    await Promise.all(Array.from({ length: 4 }, () => seedDemonstration(parts, "default")));
    const events = await store.read((transaction) => listOpenEvents(transaction, "default"));
    assert.equal(events.length, 1);
    const key = { tenant: "default", eventId: events[0]?.id ?? "" };
    assert.equal(await store.read((transaction) => countEntries(transaction, key)), 3);
    assert.deepEqual(invitations, [key.eventId]);
  });
});
