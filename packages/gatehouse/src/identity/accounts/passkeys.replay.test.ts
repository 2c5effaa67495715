/**
 * Replay and relay of passkeys: an attacker sends a proof a second time, in another session, from another site, or with a
 * copy of somebody's authenticator. Each challenge is good once, for the session and the origin it was given to.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import { admitted, KIT_TENANT, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import {
  SoftwareAuthenticator,
  type AuthenticatorOptions,
  type AuthenticatorQuirks,
} from "../../testing/software-authenticator.ts";
import { levelOf, methodsOf, type Authentication } from "./authentication.ts";
import type { Account } from "./directory.ts";
import type { CeremonyPlace } from "./passkey-challenges.ts";

const ORIGIN = "https://id.example";
const AT_ONCE = 12;
const PLACE: CeremonyPlace = { tenant: KIT_TENANT, session: "session of ada", origin: ORIGIN };

describe("passkeys", () => {
  let kit: AccountKit;
  let accounts = 0;
  before(async () => (kit = await openAccountKit()));
  after(() => kit[Symbol.asyncDispose]());

  const read: AccountKit["store"]["read"] = (look) => kit.store.read(look);

  async function optionsFor(account: Account) {
    const { passkeyRegistration } = kit.services;
    const ceremony = await passkeyRegistration.prepareBegin({ place: PLACE, account, email: "a@example.org", read });
    return kit.write((writing) => passkeyRegistration.begin(writing, ceremony));
  }

  async function register(account: Account, device: SoftwareAuthenticator, quirks: AuthenticatorQuirks = {}) {
    const { passkeyRegistration } = kit.services;
    const response = device.create(await optionsFor(account), quirks);
    const prepared = await passkeyRegistration.prepare({ place: PLACE, response, read }, { account, name: " Laptop " });
    return isDenial(prepared) ? prepared : kit.write((writing) => passkeyRegistration.commit(writing, prepared));
  }

  async function enrolled(options: Partial<AuthenticatorOptions> = {}) {
    accounts += 1;
    const account = await kit.join(`passkey-${accounts}@example.org`);
    const device = new SoftwareAuthenticator({ origin: ORIGIN, ...options });
    const passkey = admitted(await register(account, device));
    return { account, device, passkey };
  }

  async function challenge(known?: Account, place = PLACE) {
    const { passkeySignIn } = kit.services;
    const ceremony = await passkeySignIn.prepareBegin(place, known && { account: known, read });
    return kit.write((writing) => passkeySignIn.begin(writing, ceremony));
  }

  async function finish(
    response: AuthenticationResponseJSON,
    place = PLACE,
    first?: Authentication,
  ): Promise<Authentication | Denial> {
    const { passkeySignIn } = kit.services;
    const prepared = await passkeySignIn.prepare({ place, response, read });
    return isDenial(prepared) ? prepared : kit.write((writing) => passkeySignIn.commit(writing, prepared, first));
  }

  function reasonOf(answer: Authentication | Denial): unknown {
    assert.ok(isDenial(answer));
    assert.equal(answer.problem.code, "PASSKEY_REFUSED");
    return answer.context?.["reason"];
  }

  for (const algorithm of ["ES256", "EdDSA"] as const) {
    it(`sign in without a name, as two factors (${algorithm})`, async () => {
      const { account, device } = await enrolled({ algorithm });
      const options = await challenge();
      assert.deepEqual(options.allowCredentials, []);
      assert.equal(options.userVerification, "required");
      const authentication = admitted(await finish(device.get(options)));
      assert.equal(authentication.account.id, account.id);
      assert.equal(levelOf(authentication), "aal2");
      assert.deepEqual(methodsOf(authentication), ["hwk", "user", "mfa"]);
    });
  }

  it("that are synchronised are told from those of one device, and need no counter", async () => {
    const { device, passkey } = await enrolled({ synchronised: true, counts: false });
    assert.equal(passkey.synchronised, true);
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(methodsOf(admitted(await finish(device.get(await challenge())))), ["swk", "user", "mfa"]);
    }
  });

  it("ask for a resident key and a verified user, and not for an authenticator that has one", async () => {
    const { account } = await enrolled();
    const options = await optionsFor(account);
    assert.equal(options.authenticatorSelection?.residentKey, "required");
    assert.equal(options.authenticatorSelection.userVerification, "required");
    assert.equal(options.excludeCredentials?.length, 1);
    assert.equal(options.rp.id, "id.example");
    assert.equal(Buffer.from(options.user.id, "base64url").toString(), account.id);
  });

  it("are several of an account, with names, and go one by one", async () => {
    const { account, passkey } = await enrolled();
    const second = admitted(await register(account, new SoftwareAuthenticator({ origin: ORIGIN })));
    const { passkeys } = kit.services;
    const list = () => read((reading) => passkeys.list(reading, account));
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ["Laptop", "Laptop"],
    );
    const change = { key: second.key, name: "Phone" };
    assert.equal(await kit.write((writing) => passkeys.rename(writing, account, change)), true);
    const { account: stranger } = await enrolled();
    assert.equal(await kit.write((writing) => passkeys.rename(writing, stranger, change)), false);
    assert.equal(await kit.write((writing) => passkeys.remove(writing, stranger, passkey.key)), false);
    assert.equal(await kit.write((writing) => passkeys.remove(writing, account, passkey.key)), true);
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ["Phone"],
    );
  });

  it("of a device that was removed sign nobody in", async () => {
    const { account, device, passkey } = await enrolled();
    await kit.write((writing) => kit.services.passkeys.remove(writing, account, passkey.key));
    assert.equal(reasonOf(await finish(device.get(await challenge()))), "unknown");
  });

  it("let one in of many who come with the same proof at once", async () => {
    const { device } = await enrolled({ counts: false });
    const response = device.get(await challenge());
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => finish(response)));
    assert.equal(answers.filter((answer) => !isDenial(answer)).length, 1);
    assert.equal(reasonOf(await finish(response)), "challenge");
  });

  it("are registered by one of many who come with the same answer at once", async () => {
    const { passkeyRegistration } = kit.services;
    const account = await kit.join("registering@example.org");
    const response = new SoftwareAuthenticator({ origin: ORIGIN }).create(await optionsFor(account));
    const attempts = Array.from({ length: AT_ONCE }, async () => {
      const prepared = await passkeyRegistration.prepare({ place: PLACE, response, read }, { account, name: "x" });
      return isDenial(prepared) ? prepared : kit.write((writing) => passkeyRegistration.commit(writing, prepared));
    });
    assert.equal((await Promise.all(attempts)).filter((answer) => !isDenial(answer)).length, 1);
  });

  it("prove nothing in another session, at another origin, or after five minutes", async () => {
    const { device } = await enrolled();
    const response = device.get(await challenge());
    for (const elsewhere of [{ session: "session of eve" }, { origin: "https://evil.example" }, { tenant: "other" }]) {
      assert.equal(reasonOf(await finish(response, { ...PLACE, ...elsewhere })), "challenge");
    }
    await kit.clock.advance(5 * 60_000);
    assert.equal(reasonOf(await finish(response)), "challenge");
  });

  it("prove nothing that was signed for another site, or without its user", async () => {
    const { account, device } = await enrolled();
    const wrong: AuthenticatorQuirks[] = [
      { origin: "https://evil.example" },
      { relyingParty: "evil.example" },
      { unverified: true },
      { type: "webauthn.create" },
    ];
    for (const quirks of wrong)
      assert.equal(reasonOf(await finish(device.get(await challenge(), quirks))), "signature");
    for (const quirks of wrong.slice(0, 3)) {
      const answer = await register(account, new SoftwareAuthenticator({ origin: ORIGIN }), quirks);
      assert.ok(isDenial(answer), JSON.stringify(quirks));
    }
    const made = await challenge();
    const foreign = { challenge: Buffer.from("made up").toString("base64url") };
    assert.equal(reasonOf(await finish(device.get(made, foreign))), "challenge");
    const response = device.get(made);
    const [flipped = 0, ...rest] = Buffer.from(response.response.signature, "base64url");
    const signature = Buffer.from([flipped, ...rest.slice(0, -1), (rest.at(-1) ?? 0) ^ 1]).toString("base64url");
    const altered = { ...response, response: { ...response.response, signature } };
    assert.equal(reasonOf(await finish(altered)), "signature");
    admitted(await finish(response));
  });

  it("are refused, not failed on, whatever a browser sends", async () => {
    const { device } = await enrolled();
    const response = device.get(await challenge());
    for (const clientDataJSON of [
      "",
      "%%%",
      Buffer.from("null").toString("base64url"),
      Buffer.from("[]").toString("base64url"),
    ]) {
      const garbled = { ...response, response: { ...response.response, clientDataJSON } };
      assert.equal(reasonOf(await finish(garbled)), "challenge");
    }
    const short = { ...response, response: { ...response.response, authenticatorData: "AAAA" } };
    assert.equal(reasonOf(await finish(short)), "signature");
  });

  it("say whose they are, and cannot say another", async () => {
    const { device } = await enrolled();
    const { account: other } = await enrolled();
    const handle = Buffer.from(other.id).toString("base64url");
    assert.equal(reasonOf(await finish(device.get(await challenge(), { userHandle: handle }))), "account");
    const asked = await challenge(other);
    assert.equal(reasonOf(await finish(device.get({ ...asked, allowCredentials: [] }))), "account");
    admitted(await finish(device.get(await challenge(), { userHandle: null })));
  });

  it("that were copied are noticed by their counter", async () => {
    const { device } = await enrolled();
    admitted(await finish(device.get(await challenge(), { counter: 40 })));
    for (const counter of [40, 39, 0]) {
      const answer = await finish(device.get(await challenge(), { counter }));
      assert.equal(reasonOf(answer), "counter");
      assert.equal(isDenial(answer) && answer.event?.name, "authn_passkey_copied");
    }
    admitted(await finish(device.get(await challenge(), { counter: 41 })));
  });

  it("are a second factor to the password of the same account, and to no other", async () => {
    const { device } = await enrolled();
    const first = await kit.signedIn(`passkey-${accounts}@example.org`);
    const both = admitted(await finish(device.get(await challenge()), PLACE, first));
    assert.deepEqual(
      both.uses.map(({ factor }) => factor),
      ["password", "passkey"],
    );
    await enrolled();
    const stranger = await kit.signedIn(`passkey-${accounts}@example.org`);
    assert.equal(reasonOf(await finish(device.get(await challenge()), PLACE, stranger)), "account");
  });

  it("sign nobody in whose account is disabled, before or after the proof was verified", async () => {
    const { account, device } = await enrolled();
    const { passkeySignIn, directory } = kit.services;
    const response = device.get(await challenge());
    const prepared = admitted(await passkeySignIn.prepare({ place: PLACE, response, read }));
    await kit.write((writing) => directory.change(writing, account, { state: "disabled" }));
    assert.equal(reasonOf(await kit.write((writing) => passkeySignIn.commit(writing, prepared))), "account");
    assert.equal(reasonOf(await finish(device.get(await challenge()))), "unknown");
  });

  it("cannot be registered to an account by the session of another", async () => {
    const { account } = await enrolled();
    const { account: other } = await enrolled();
    const { passkeyRegistration } = kit.services;
    const response = new SoftwareAuthenticator({ origin: ORIGIN }).create(await optionsFor(account));
    const answer = await passkeyRegistration.prepare({ place: PLACE, response, read }, { account: other, name: "x" });
    assert.ok(isDenial(answer));
  });
});
