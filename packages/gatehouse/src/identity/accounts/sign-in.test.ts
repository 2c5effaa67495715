import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { defineAction } from "../../kernel/action.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { admitted, KIT_IP, KIT_PASSWORD, KIT_TENANT, openAccountKit } from "../../testing/account-kit.ts";
import { createTestGate } from "../../testing/gate-kit.ts";
import { identityEvents } from "../events.ts";
import { createAccountServices } from "./accounts.ts";
import { stillHolds, type Authentication } from "./authentication.ts";
import { PasswordHasher } from "./passwords/hasher.ts";

const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

describe("signing in with a password", () => {
  it("hashes it anew when hashes cost more by now, and leaves it alone otherwise", async () => {
    await using kit = await openAccountKit();
    const { id } = await kit.join("renewed@example.org");
    const { factors, random } = kit.parts;
    const row = async (): Promise<string | undefined> => {
      const selection = { tenant: KIT_TENANT, account: id, kind: "password" } as const;
      return (await kit.store.read((reading) => factors.list(reading, selection)))[0]?.body;
    };
    const first = await row();
    await kit.signedIn("renewed@example.org");
    assert.equal(await row(), first);

    const dearer = createAccountServices({
      ...kit.parts,
      hasher: new PasswordHasher({ random, cost: { ...CHEAP, passes: 2 } }),
    });
    const claim = { tenant: KIT_TENANT, email: "renewed@example.org", password: KIT_PASSWORD, ip: KIT_IP, devices: [] };
    const signIn = async () => {
      const read = kit.store.read.bind(kit.store);
      const prepared = admitted(await dearer.passwordSignIn.prepare({ ...claim, read }));
      return kit.write((writing) => dearer.passwordSignIn.commit(writing, prepared));
    };
    const authentication = admitted(await signIn());
    const renewed = await row();
    assert.notEqual(renewed, first);
    admitted(await signIn());
    assert.equal(await row(), renewed);
    const account = await kit.store.read((reading) => kit.services.directory.find(reading, authentication.account));
    assert.equal(stillHolds(authentication, account), true, "a hash made anew signs nobody out");
  });

  it("fails when the account changes between the comparison and the transaction", async () => {
    await using kit = await openAccountKit();
    const account = await kit.join("raced@example.org");
    const { passwordSignIn, directory } = kit.services;
    const claim = { tenant: KIT_TENANT, email: "raced@example.org", password: KIT_PASSWORD, ip: KIT_IP, devices: [] };
    const prepared = admitted(await passwordSignIn.prepare({ ...claim, read: (look) => kit.store.read(look) }));
    await kit.write((writing) => directory.change(writing, account, { state: "disabled" }));
    assert.ok(isDenial(await kit.write((writing) => passwordSignIn.commit(writing, prepared))));
  });

  it("goes through the gate as one action, and leaves its failures in the trail without address or password", async () => {
    await using kit = await openAccountKit();
    const { passwordSignIn } = kit.services;
    const account = await kit.join("audited@example.org");
    const signIn = defineAction({
      name: "session.begin",
      entrances: ["http"],
      input: z.strictObject({ email: z.string(), password: z.string() }),
      effects: "store",
      authorise: "public",
      idempotency: false,
      audit: {
        event: identityEvents.authn_login_success,
        target: (_input, { account: { id } }: Authentication) => id,
      },
      prepare: ({ attempt, input, read }) =>
        passwordSignIn.prepare({ ...input, tenant: attempt.tenant, ip: attempt.peer.ip, devices: [], read }),
      run: ({ prepared, transaction }) => passwordSignIn.commit(transaction, prepared),
    });
    await using gate = await createTestGate({ actions: [signIn], store: kit.store, clock: kit.clock });
    const outcome = await gate.attempt(signIn, { email: "Audited@Example.org", password: KIT_PASSWORD });
    assert.ok(outcome.ok);
    const [success] = await gate.auditRows({ name: "authn_login_success" });
    assert.equal(success?.target, account.id);

    const refused = await gate.attempt(signIn, { email: "audited@example.org", password: "wrong and secret" });
    assert.equal(isDenial(refused) && refused.problem.code, "SIGN_IN_REFUSED");
    const failure = gate.events.find(({ name }) => name === "authn_login_fail");
    assert.equal(failure?.source.ip, KIT_IP);
    assert.equal(failure.context["reason"], "invalid_credentials");
    assert.equal(failure.context["account"], account.id);
    const told = JSON.stringify([failure, success]);
    for (const secret of ["audited", "wrong and secret", KIT_PASSWORD]) assert.ok(!told.includes(secret), secret);
    for (let guess = 0; guess < 3; guess += 1) {
      await gate.attempt(signIn, { email: "audited@example.org", password: "wrong and secret" });
    }
    assert.ok(gate.events.some(({ name }) => name === "authn_login_fail_max"));
    assert.deepEqual(gate.reported, []);
  });
});
