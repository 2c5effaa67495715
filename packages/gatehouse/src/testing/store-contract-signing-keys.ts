import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SigningKey, SigningKeyUses } from "../kernel/ports/signing-keys.ts";
import { createSigningKeys } from "../store/sql/identity/signing-keys.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const keys = createSigningKeys();

/** What signing keys promise on any transactional store. */
export function describeSigningKeysContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: signing keys`, () => {
    const current = useStore(create);

    async function added(kid: string): Promise<SigningKey> {
      const times = { createdAt: 1000, since: 1000 };
      const key = {
        kid,
        algorithm: kid,
        state: "active",
        publicKey: "{}",
        privateKey: `sealed ${kid}`,
        ...times,
      } as const;
      await current().write((writing) => keys.add(writing, key));
      return key;
    }

    async function found(kid: string) {
      return (await current().read((reading) => keys.list(reading))).find((key) => key.kid === kid);
    }

    it("have been used for nothing at first", async () => {
      await added("fresh");
      assert.deepEqual((await found("fresh"))?.uses, { signed: 0, signedAt: undefined, seenAt: undefined });
    });

    it("add up what several servers have counted, and keep the latest times", async () => {
      await added("used");
      const add = (uses: SigningKeyUses) => current().write((writing) => keys.addUses(writing, "used", uses));
      await add({ signed: 3, signedAt: 5000 });
      await add({ signed: 0, seenAt: 7000 });
      await Promise.all([add({ signed: 2, signedAt: 4000, seenAt: 6000 }), add({ signed: 5, signedAt: 6000 })]);
      assert.deepEqual((await found("used"))?.uses, { signed: 10, signedAt: 6000, seenAt: 7000 });
    });

    it("are sealed anew where nobody has changed them meanwhile", async () => {
      await added("sealed");
      const reseal = (before: string, privateKey: string) =>
        current().write((writing) => keys.reseal(writing, "sealed", { before, privateKey }));
      await reseal("sealed sealed", "anew");
      await reseal("sealed sealed", "too late");
      assert.equal((await found("sealed"))?.privateKey, "anew");
      const change = { from: "active", to: "compromised", since: 2000, destroy: true } as const;
      await current().write((writing) => keys.move(writing, "sealed", change));
      await reseal("anew", "back again");
      assert.equal((await found("sealed"))?.privateKey, undefined);
    });
  });
}
