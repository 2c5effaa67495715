// Whoever revokes a token on one server wants its guests out on all of them within a second, also where the message
// between the servers is lost.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createIds } from "../kernel/ids.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/random.ts";
import { isDenial } from "../kernel/outcome.ts";
import type { Store } from "../kernel/ports/store.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { createJoinTokens } from "../store/sql/guests/join-tokens.ts";
import { skipWithout, startPostgres, type PostgresService, type TestDatabase } from "../testing/services.ts";
import { GuestGrants } from "./grants.ts";
import { JoinTokenBook } from "./join-token-book.ts";
import { RevisionWatch } from "./revision-watch.ts";

describe("a revocation on another server", { skip: await skipWithout("postgres") }, () => {
  let service: PostgresService;
  let database: TestDatabase;
  before(async () => {
    service = await startPostgres();
    database = await service.createDatabase();
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  const tokens = createJoinTokens();
  const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
  const DAY = 86_400_000;

  async function server() {
    const store: Store = await openPostgresStore({ url: database.url, clock: systemClock, migrations: coreMigrations });
    const grants = new GuestGrants({ tokens, store, clock: systemClock, share: 10 });
    const report = (error: unknown): never => {
      throw error;
    };
    const watch = new RevisionWatch({ tokens, store, report, changed: () => grants.forget() });
    const book = new JoinTokenBook({
      ...{ tokens, keyRing, ids: createIds(systemClock, systemRandom), random: systemRandom, clock: systemClock },
      defaults: { lifetime: DAY, longest: DAY, caps: { guests: 9, files: 9, bytes: 9 } },
      changed: () => grants.forget(),
    });
    const close = async (): Promise<void> => {
      await watch[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    };
    return { store, grants, book, [Symbol.asyncDispose]: close };
  }

  it("counts within a second without a message, and was answered from memory before", async () => {
    await using here = await server();
    await using there = await server();
    const request = { tenant: "acme", collection: "party", label: "l", scopes: ["view"] } as const;
    const made = await here.store.write((writing) => here.book.create(writing, request));
    assert.ok(!isDenial(made));
    const grant = { tenant: "acme", id: `join:${made.id}` };
    assert.equal(await there.grants.generation(grant), 1);
    await setTimeout(600);
    await there.grants.generation(grant);
    assert.equal(there.grants.generation(grant), 1, "it is answered from memory while nothing has changed");
    await here.store.write((writing) => here.book.revoke(writing, { tenant: "acme", id: made.id }));
    assert.equal(await here.grants.generation(grant), undefined);
    const until = systemClock.monotonic() + 20_000;
    const revokedAt = systemClock.monotonic();
    while ((await there.grants.generation(grant)) !== undefined && systemClock.monotonic() < until)
      await setTimeout(20);
    assert.equal(await there.grants.generation(grant), undefined);
    // It looks twice a second; how fast the machine is has no part in it but for what it takes to read one row.
    assert.ok(systemClock.monotonic() - revokedAt < 10_000);
  });
});
