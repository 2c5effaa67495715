import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret, TOTP } from "otpauth";
import { removeRetiredKeys, rotateKeyMaterial } from "../../kernel/key-material.ts";
import { admitted, KIT_TENANT, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";

/** Puts another key in the place of the first, and makes the ring forget that one. */
function keysOf({ keys, keyRing, parts, clock }: AccountKit) {
  const rotated = rotateKeyMaterial(keys, parts.random, clock);
  return {
    rotate: () => keyRing.replace(rotated),
    forget: () => keyRing.replace(removeRetiredKeys(rotated, { clock, minimumAge: 0 })),
  };
}

describe("accounts after a rotation of the keys", () => {
  it("are sealed anew as a whole, and then need the earlier key no more", async () => {
    await using kit = await openAccountKit();
    const { services, store, clock } = kit;
    const { rotate, forget } = keysOf(kit);
    const { totp, directory, recoveryCodes } = services;
    const emails = Array.from({ length: 120 }, (_, index) => `kept-${index}@example.org`);
    const person = { tenant: KIT_TENANT, name: "K", locale: "en", grants: [], verified: true };
    for (const email of emails) await kit.write((writing) => directory.create(writing, { ...person, email }));
    const account = await kit.join("ada@example.org");
    const label = { issuer: "Acme", email: "ada@example.org" };
    const { secret } = await kit.write((writing) => totp.begin(writing, account, label));
    const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.now() });
    await kit.write((writing) => totp.confirm(writing, account, code()));
    await kit.write((writing) => recoveryCodes.regenerate(writing, account));

    assert.equal(await services.reseal(store), 0);
    rotate();
    // A profile and an address each; a password and an authenticator app besides.
    assert.equal(await services.reseal(store), 2 * emails.length + 4);
    assert.equal(await services.reseal(store), 0);
    forget();
    const authentication = await kit.signedIn("ada@example.org");
    await clock.advance(30_000);
    const read = store.read.bind(store);
    const claim = { authentication, code: code(), ip: "192.0.2.9", devices: [], read };
    const prepared = admitted(await totp.prepare(claim));
    admitted(await kit.write((writing) => totp.commit(writing, prepared)));
    const found = await read((reading) => directory.emails(reading, account));
    assert.deepEqual(
      found.map(({ email }) => email),
      ["ada@example.org"],
    );
  });

  it("have their password sealed anew when they sign in", async () => {
    await using kit = await openAccountKit();
    const { id } = await kit.join("ada@example.org");
    const body = async (): Promise<string> => {
      const selection = { tenant: KIT_TENANT, account: id, kind: "password" } as const;
      const [row] = await kit.store.read((reading) => kit.parts.factors.list(reading, selection));
      return row?.body ?? "";
    };
    keysOf(kit).rotate();
    assert.equal(kit.parts.sealer.needsReseal(await body()), true);
    await kit.signedIn("ada@example.org");
    assert.equal(kit.parts.sealer.needsReseal(await body()), false);
  });

  it("still know a device that was marked before", async () => {
    await using kit = await openAccountKit();
    const account = await kit.join("ada@example.org");
    const mark = kit.services.devices.mark(account);
    keysOf(kit).rotate();
    assert.ok(kit.services.devices.recognise([mark], account) !== undefined);
  });
});
