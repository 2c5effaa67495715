import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { createKeyRing } from "../../kernel/key-ring.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createSealer } from "../../kernel/seal.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { createDocuments } from "../../store/sql/documents.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { Tickets } from "./tickets.ts";
import type { TicketSubject } from "../ticket-subject.ts";

const skip = await skipWithout("postgres");
const anna: TicketSubject = {
  credential: { kind: "session", id: "cookie" },
  principal: { type: "user", id: "anna" },
  origin: "https://app.example",
};
const place = { tenant: "default", origin: "https://app.example" };

/*
 * A stolen ticket is shown to several servers of an installation at the very moment at which its owner shows it: each of
 * them finds it unused.
 */
describe("A ticket that is raced over several servers", { skip }, () => {
  it("is taken once", async () => {
    await using stack = new AsyncDisposableStack();
    const service = stack.use(await startPostgres({ durable: false }));
    const database = stack.use(await service.createDatabase());
    const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
    const shared = { documents: createDocuments(), keyRing, random: systemRandom, lifetime: 30_000 };
    const sealer = createSealer({ keyRing, random: systemRandom, clock: systemClock });
    const open = async () => {
      const settings = { url: database.url, clock: systemClock, profile: "development" } as const;
      const store = stack.use(await openPostgresStore({ ...settings, migrations: coreMigrations }));
      return { store, tickets: new Tickets({ ...shared, sealer, store }) };
    };
    const servers = [await open(), await open(), await open()];
    for (let round = 0; round < 10; round += 1) {
      const [first] = servers;
      assert.ok(first !== undefined);
      const ticket = await first.store.write((transaction) => first.tickets.issue(transaction, "default", anna));
      const shows = Array.from({ length: 20 }, (_, index) =>
        (servers[index % 3] ?? first).tickets.redeem(ticket, place),
      );
      const taken = (await Promise.all(shows)).filter((answer) => !isDenial(answer));
      assert.deepEqual(taken, [anna]);
    }
  });
});
