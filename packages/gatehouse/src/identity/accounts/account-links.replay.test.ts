/**
 * Replay of links: an attacker finds an old message, or follows a link at the same moment as its owner, and sets a password
 * of their own.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import { admitted, KIT_PASSWORD, KIT_TENANT, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import { decideStepUp, stillHolds } from "./authentication.ts";
import { LINK_LIFETIMES } from "./account-links.ts";
import type { Account } from "./directory.ts";

const AT_ONCE = 12;
const NEW_PASSWORD = "eleven herons leave the harbour";

describe("links in messages", () => {
  let kit: AccountKit;
  let accounts = 0;
  before(async () => (kit = await openAccountKit()));
  after(() => kit[Symbol.asyncDispose]());

  const read: AccountKit["store"]["read"] = (look) => kit.store.read(look);

  async function fresh(): Promise<{ account: Account; email: string }> {
    accounts += 1;
    const email = `linked-${accounts}@example.org`;
    return { account: await kit.join(email), email };
  }

  async function requestReset(email: string): Promise<string> {
    await kit.write((writing) => kit.services.recovery.requestReset(writing, KIT_TENANT, email));
    return kit.tokenFor(email);
  }

  async function reset(token: string, password = NEW_PASSWORD, tenant = KIT_TENANT) {
    const { recovery } = kit.services;
    const prepared = await recovery.prepareReset({ tenant, token, password, read });
    return isDenial(prepared) ? prepared : kit.write((writing) => recovery.commitReset(writing, prepared));
  }

  function codeOf(answer: unknown): string | undefined {
    return isDenial(answer) ? answer.problem.code : undefined;
  }

  it("set a new password once, and sign the account out everywhere", async () => {
    const { account, email } = await fresh();
    const before = await kit.signedIn(email);
    const token = await requestReset(email);
    assert.equal(admitted(await reset(token)).id, account.id);
    assert.equal(codeOf(await kit.signIn(email, KIT_PASSWORD)), "SIGN_IN_REFUSED");
    await kit.signedIn(email, NEW_PASSWORD);
    const now = await read((reading) => kit.services.directory.find(reading, account));
    assert.equal(stillHolds(before, now), false);
    assert.equal(codeOf(await reset(token)), "ACCOUNT_LINK_INVALID");
  });

  it("let one in of many who follow them at once", async () => {
    const { email } = await fresh();
    const token = await requestReset(email);
    const passwords = Array.from({ length: AT_ONCE }, (_, index) => `${NEW_PASSWORD} number ${index}`);
    const answers = await Promise.all(passwords.map((password) => reset(token, password)));
    const won = answers.flatMap((answer, index) => (isDenial(answer) ? [] : [passwords[index] ?? ""]));
    assert.equal(won.length, 1);
    await kit.signedIn(email, won[0]);
  });

  it("are void after a new password, a change of the account, and their time", async () => {
    const { account, email } = await fresh();
    const [older, newer] = [await requestReset(email), await requestReset(email)];
    admitted(await reset(newer));
    assert.equal(codeOf(await reset(older, `${NEW_PASSWORD} again`)), "ACCOUNT_LINK_INVALID");
    const disabled = await requestReset(email);
    await kit.write((writing) => kit.services.directory.change(writing, account, { state: "disabled" }));
    assert.equal(codeOf(await reset(disabled)), "ACCOUNT_LINK_INVALID");
    await kit.write((writing) => kit.services.directory.change(writing, account, { state: "active" }));
    const late = await requestReset(email);
    await kit.clock.advance(LINK_LIFETIMES.reset);
    assert.equal(codeOf(await reset(late)), "ACCOUNT_LINK_INVALID");
  });

  it("are good for what they were sent for alone", async () => {
    const { account, email } = await fresh();
    const { recovery, membership } = kit.services;
    await kit.write((writing) => recovery.requestVerification(writing, account, email));
    const verification = kit.tokenFor(email);
    assert.equal(codeOf(await reset(verification)), "ACCOUNT_LINK_INVALID");
    assert.equal(await membership.invitationOf(read, KIT_TENANT, verification), undefined);
    const token = await requestReset(email);
    assert.equal(codeOf(await reset(token, NEW_PASSWORD, "other")), "ACCOUNT_LINK_INVALID");
    for (const wrong of ["", "x", "A".repeat(27), `${token}=`]) {
      assert.equal(codeOf(await reset(wrong)), "ACCOUNT_LINK_INVALID", wrong);
    }
    admitted(await reset(token));
  });

  it("are not used up by a password that is refused, nor by looking at them", async () => {
    const { email } = await fresh();
    const token = await requestReset(email);
    assert.equal(codeOf(await reset(token, "short")), "VALIDATION_ERROR");
    assert.equal(codeOf(await reset(token, email)), "VALIDATION_ERROR");
    admitted(await reset(token));
  });

  it("do not stand for a second factor", async () => {
    const { account, email } = await fresh();
    const device = {
      tenant: KIT_TENANT,
      account: account.id,
      kind: "totp",
      body: "",
      counter: 0,
      createdAt: 1,
    } as const;
    await kit.write((writing) => kit.parts.factors.add(writing, { key: "authenticator", ...device }));
    admitted(await reset(await requestReset(email), "herons 9 harbour"));
    const authentication = await kit.signedIn(email, "herons 9 harbour");
    const now = await read((reading) => kit.services.directory.find(reading, account));
    const enrolled = new Set(["password", "totp"] as const);
    const asked = { authentication, account: now, enrolled, requirement: {}, now: kit.clock.now() };
    assert.equal(decideStepUp(asked).needed, true);
  });

  it("prove an address once, unless the account has moved on", async () => {
    const { directory, recovery } = kit.services;
    const person = { tenant: KIT_TENANT, email: "unproven@example.org", name: "U", locale: "en", grants: [] };
    const account = await kit.write((writing) => directory.create(writing, { ...person, verified: false }));
    assert.ok(account !== undefined);
    const request = () => kit.write((writing) => recovery.requestVerification(writing, account, person.email));
    const confirm = (token: string) => kit.write((writing) => recovery.confirmVerification(writing, KIT_TENANT, token));
    const provenAt = async () => (await read((reading) => directory.emails(reading, account)))[0]?.verifiedAt;
    await request();
    const token = kit.tokenFor(person.email);
    assert.equal(await provenAt(), undefined);
    assert.equal(admitted(await confirm(token)).id, account.id);
    assert.equal(await provenAt(), kit.clock.now());
    assert.equal(codeOf(await confirm(token)), "ACCOUNT_LINK_INVALID");
    await request();
    await kit.write((writing) => directory.change(writing, account));
    assert.equal(codeOf(await confirm(kit.tokenFor(person.email))), "ACCOUNT_LINK_INVALID");
  });
});

describe("invitations", () => {
  it("make one account of many who follow one at once", async () => {
    await using kit = await openAccountKit();
    const { membership, directory } = kit.services;
    const person = { tenant: KIT_TENANT, email: "invited@example.org", name: "", locale: "en", grants: ["editor"] };
    admitted(await kit.write((writing) => membership.invite(writing, person)));
    const token = kit.tokenFor(person.email);
    assert.deepEqual(await membership.invitationOf(kit.store.read.bind(kit.store), KIT_TENANT, token), person);
    const join = async (name: string): Promise<Account | Denial> => {
      const claim = { tenant: KIT_TENANT, token, name, locale: "de", password: KIT_PASSWORD };
      const prepared = await membership.prepareJoin({ ...claim, read: (look) => kit.store.read(look) });
      return isDenial(prepared) ? prepared : kit.write((writing) => membership.commitJoin(writing, prepared));
    };
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => join(`Ada ${index}`)));
    const [joined, ...others] = answers.flatMap((answer) => (isDenial(answer) ? [] : [answer]));
    assert.deepEqual(others, []);
    assert.deepEqual(joined?.grants, ["editor"], "what the invitation says, not who follows it");
    const found = await kit.store.read((reading) => directory.findByEmail(reading, KIT_TENANT, person.email));
    assert.deepEqual(found, joined);
    const again = await kit.write((writing) => membership.invite(writing, person));
    assert.equal(isDenial(again) && again.problem.code, "ACCOUNT_EXISTS");
  });

  it("cannot be asked for where registration is switched off", async () => {
    await using kit = await openAccountKit({ registration: false });
    const person = { tenant: KIT_TENANT, email: "closed@example.org", name: "", locale: "en", grants: [] };
    const answer = await kit.write((writing) => kit.services.membership.register(writing, person));
    assert.equal(answer?.problem.code, "REGISTRATION_CLOSED");
    assert.deepEqual(kit.mailbox.messages, []);
  });
});

describe("letters", () => {
  const person = { tenant: KIT_TENANT, email: "written@example.org", name: "", locale: "en", grants: [] };

  it("do not leave before their transaction has committed", async () => {
    await using kit = await openAccountKit();
    const failing = kit.write(async (writing) => {
      await kit.services.membership.invite(writing, person);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual(kit.mailbox.messages, []);
  });

  it("are tried again while nobody takes them over", async () => {
    let tries = 0;
    const sent: string[] = [];
    const mailer = {
      send: async ({ to }: { readonly to: string }) => {
        tries += 1;
        if (tries < 3) throw new Error("not now");
        sent.push(to);
      },
    };
    await using kit = await openAccountKit({ mailer });
    await kit.write((writing) => kit.services.membership.invite(writing, person));
    await kit.clock.advance(65_000);
    assert.deepEqual([tries, sent], [3, [person.email]]);
  });
});
