import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SigningKey, UsedSigningKey } from "../../kernel/ports/signing-keys.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { createSigningKeys } from "../../store/sql/identity/signing-keys.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createSqliteFixture } from "../../testing/sqlite-fixture.ts";
import { KeyUses } from "./key-uses.ts";

const KEY: SigningKey = {
  ...{ kid: "kid", algorithm: "ES256", state: "active", publicKey: "{}", privateKey: "sealed" },
  ...{ createdAt: 1, since: 1 },
};

describe("the counts of what signing keys are used for", () => {
  async function withUses(work: (parts: ReturnType<typeof partsOf>) => Promise<void>): Promise<void> {
    await using fixture = await createSqliteFixture();
    await using store = await fixture.open(coreMigrations);
    await work(partsOf(store));
  }

  function partsOf(store: Store) {
    const keys = createSigningKeys();
    const clock = createFakeClock();
    const errors: unknown[] = [];
    let writes = 0;
    let away = false;
    const counting: Store = {
      ...{ dialect: store.dialect, read: store.read.bind(store), health: () => store.health() },
      write(task) {
        writes += 1;
        return away ? Promise.reject(new Error("away")) : store.write(task);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const report = (error: unknown): void => void errors.push(error);
    const uses = new KeyUses({ store: counting, keys, clock, timers: clock, report });
    const found = async (): Promise<UsedSigningKey | undefined> =>
      (await store.read((reading) => keys.list(reading))).find(({ kid }) => kid === KEY.kid);
    const begin = () => store.write((writing) => keys.add(writing, KEY));
    return { uses, clock, errors, found, begin, writes: () => writes, setAway: (value: boolean) => (away = value) };
  }

  it("are written a batch at a time, however much is signed", () =>
    withUses(async ({ uses, clock, found, begin, writes }) => {
      await begin();
      for (let count = 0; count < 1000; count += 1) uses.signed(KEY.kid);
      uses.seen(KEY.kid);
      assert.equal(writes(), 0);
      const at = clock.now();
      await clock.advance(30_000);
      await uses.flush();
      assert.equal(writes(), 1);
      assert.deepEqual((await found())?.uses, { signed: 1000, signedAt: at, seenAt: at });
    }));

  it("tell what is not written yet, and write it at the end", () =>
    withUses(async ({ uses, found, begin }) => {
      await begin();
      uses.signed(KEY.kid);
      const before = await found();
      assert.ok(before !== undefined);
      assert.deepEqual([before.uses.signed, uses.with(before).signed], [0, 1]);
      await uses[Symbol.asyncDispose]();
      assert.equal((await found())?.uses.signed, 1);
    }));

  it("outlive a store that is away for a while", () =>
    withUses(async ({ uses, found, begin, errors, setAway }) => {
      await begin();
      setAway(true);
      uses.signed(KEY.kid);
      await uses.flush();
      assert.equal(errors.length, 1);
      setAway(false);
      uses.signed(KEY.kid);
      await uses.flush();
      assert.equal((await found())?.uses.signed, 2);
    }));
});
