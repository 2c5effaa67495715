import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importJWK, jwtVerify, SignJWT } from "jose";
import { createReplaceableKeyRing } from "../../kernel/key-ring.ts";
import { generateKeyMaterial, removeRetiredKeys, rotateKeyMaterial } from "../../kernel/key-material.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createSealer } from "../../kernel/seal.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { createSigningKeys } from "../../store/sql/identity/signing-keys.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createSqliteFixture } from "../../testing/sqlite-fixture.ts";
import { KeyKeeper } from "./key-keeper.ts";
import { ROTATION, type RotationStep } from "./rotation.ts";

const DAY = 86_400_000;

async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
  await using fixture = await createSqliteFixture();
  await using store = await fixture.open(coreMigrations);
  await work(store);
}

function createFixture(store: Store) {
  const clock = createFakeClock();
  const material = generateKeyMaterial(systemRandom, clock);
  const keyRing = createReplaceableKeyRing(material);
  const sealer = createSealer({ keyRing, random: systemRandom, clock });
  const bus = createMemoryBus();
  const done: RotationStep[] = [];
  const errors: unknown[] = [];
  const open = async (ownStore = store) => {
    const keeper = await KeyKeeper.open({
      ...{ store: ownStore, keys: createSigningKeys(), bus, sealer, clock },
      policy: { ...ROTATION, algorithms: ["ES256"] },
      done: (changes) => void done.push(...changes.map(({ step }) => step)),
      report: (error) => void errors.push(error),
    });
    await keeper.ready();
    return keeper;
  };
  return { clock, done, errors, open, keyRing, material };
}

describe("the keeper of signing keys", () => {
  it("makes keys once, however many servers start at once", () =>
    withStore(async (store) => {
      const { open, done } = createFixture(store);
      const keepers = await Promise.all([open(), open(), open()]);
      assert.equal(done.length, 1);
      assert.equal(new Set(keepers.map((keeper) => keeper.all()[0]?.kid)).size, 1);
      for (const keeper of keepers) await keeper[Symbol.asyncDispose]();
    }));

  it("rotates by itself: known before it signs, verified until nothing is valid, destroyed then", () =>
    withStore(async (store) => {
      const { open, clock, errors } = createFixture(store);
      await using first = await open();
      await using second = await open();
      const [signer] = first.all();
      assert.ok(signer !== undefined);
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: "ES256", kid: signer.kid ?? "" })
        .sign(await importJWK(signer));
      for (let day = 0; day < 92; day += 1) {
        await clock.advance(DAY);
        await second.turn();
        await first.turn();
        assert.deepEqual(
          first.all().map(({ kid }) => kid),
          second.all().map(({ kid }) => kid),
        );
      }
      assert.notEqual(first.all()[0]?.kid, signer.kid);
      const states = (await first.list()).map(({ state }) => state);
      assert.deepEqual(states, ["active", "pruned"]);
      const [, pruned] = await first.list();
      assert.equal(pruned?.privateKey, undefined);
      // Whoever kept the public part still can verify what it has signed.
      const known = await importJWK({ ...JSON.parse(pruned?.publicKey ?? "{}") });
      await jwtVerify(token, known);
      assert.deepEqual(errors, []);
    }));

  it("withdraws a compromised key on all servers at once", () =>
    withStore(async (store) => {
      const { open } = createFixture(store);
      await using first = await open();
      await using second = await open();
      const lost = first.all()[0]?.kid ?? "";
      await first.turn({ compromised: lost });
      await second.turn();
      for (const keeper of [first, second]) assert.ok(!keeper.all().some(({ kid }) => kid === lost));
      const row = (await first.list()).find(({ kid }) => kid === lost);
      assert.deepEqual([row?.state, row?.privateKey], ["compromised", undefined]);
    }));

  it("hears of what another server has done, without looking", () =>
    withStore(async (store) => {
      const { open } = createFixture(store);
      await using first = await open();
      await using second = await open();
      const before = second.all().map(({ kid }) => kid);
      await first.turn({ rotate: "now" });
      while (second.all().length === 1) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(
        second.all().map(({ kid }) => kid),
        [first.all()[0]?.kid, ...before],
      );
    }));

  it("rotates at once although another server takes the next key meanwhile", () =>
    withStore(async (store) => {
      const { open } = createFixture(store);
      await using first = await open();
      await using second = await open();
      await first.turn({ rotate: "soon" });
      await Promise.all([first.turn({ rotate: "now" }), second.turn({ rotate: "now" })]);
      const states = (await first.list()).map(({ state }) => state);
      assert.deepEqual(states.toSorted(), ["active", "retiring", "retiring"]);
    }));

  it("lets others keep the key set for minutes, and for less where it changes sooner", () =>
    withStore(async (store) => {
      const { open, clock } = createFixture(store);
      await using keeper = await open();
      assert.equal(keeper.maxAge, 600);
      // Without a look in between, as on a machine that was asleep.
      clock.correct(clock.now() + 89 * DAY - 90_000);
      assert.equal(keeper.maxAge, 90);
      clock.correct(clock.now() + DAY);
      assert.equal(keeper.maxAge, 0);
      await keeper.turn();
      assert.equal(keeper.maxAge, 600);
    }));

  it("keeps what it has read last, although an earlier read ends later", () =>
    withStore(async (store) => {
      const held = Promise.withResolvers<undefined>();
      const reads: Promise<unknown>[] = [];
      const slow: Store = {
        dialect: store.dialect,
        async read(look) {
          const found = await store.read(look);
          await reads.shift();
          return found;
        },
        write: (work) => store.write(work),
        health: () => store.health(),
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
      const fixture = createFixture(store);
      await using other = await fixture.open();
      await using keeper = await fixture.open(slow);
      const before = keeper.all()[0]?.kid;
      reads.push(held.promise);
      const early = keeper.refresh();
      await other.turn({ rotate: "now" });
      await keeper.refresh();
      const rotated = keeper.all()[0]?.kid;
      assert.notEqual(rotated, before);
      held.resolve(undefined);
      await early;
      assert.equal(keeper.all()[0]?.kid, rotated);
    }));

  it("seals keys anew under another version of the key ring, and needs the one before no more", () =>
    withStore(async (store) => {
      const { open, keyRing, material, clock } = createFixture(store);
      await using keeper = await open();
      const rotated = rotateKeyMaterial(material, systemRandom, clock);
      keyRing.replace(rotated);
      await keeper.reseal();
      keyRing.replace(removeRetiredKeys(rotated, { clock, minimumAge: 0 }));
      await using later = await open();
      assert.deepEqual(later.all(), keeper.all());
    }));

  it("keeps private parts sealed in the store", () =>
    withStore(async (store) => {
      const { open } = createFixture(store);
      await using keeper = await open();
      const [key] = await keeper.list();
      const [signer] = keeper.all();
      assert.ok(key?.privateKey !== undefined && signer?.d !== undefined);
      assert.ok(!key.privateKey.includes(signer.d));
      assert.equal(JSON.parse(key.publicKey).d, undefined);
    }));
});
