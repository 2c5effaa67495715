import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { isDenial, type Outcome } from "../../kernel/outcome.ts";
import { admitted, KIT_PASSWORD, KIT_TENANT, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import { createOAuthArtifacts } from "../../store/sql/identity/oauth-artifacts.ts";
import { createSessions } from "../../store/sql/sessions.ts";
import { portableStatement } from "../../store/sql/statement.ts";
import { createTestGate, testUser, type TestGate } from "../../testing/gate-kit.ts";
import { decideStepUp, stillHolds } from "./authentication.ts";
import { normaliseEmail } from "./email.ts";
import { enrolledKinds } from "./proof.ts";

const sessions = createSessions();
const artifacts = createOAuthArtifacts();
const operator = testUser("operator", ["operator"]);

describe("accounts", () => {
  let kit: AccountKit;
  let gate: TestGate;
  before(async () => {
    kit = await openAccountKit();
    gate = await createTestGate({ actions: kit.services.operations, store: kit.store, clock: kit.clock });
  });
  after(async () => {
    await gate[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
  });

  const operate = (action: string, input: object) => gate.attempt(action, input, { as: operator });
  const find = (id: string) =>
    kit.store.read((reading) => kit.services.directory.find(reading, { tenant: KIT_TENANT, id }));

  function valueOf<Value>(outcome: Outcome): Value {
    assert.ok(outcome.ok, outcome.ok ? "" : outcome.problem.code);
    // What the operation's run resolves to, as its test knows.
    return outcome.value as Value;
  }

  it("are created by operators alone, with one address each", async () => {
    const person = { email: "Ada@Example.org", name: "Ada", password: KIT_PASSWORD, grants: ["editor"] };
    const refused = await gate.attempt("accounts.create", person, { as: "ada" });
    assert.equal(isDenial(refused) && refused.problem.code, "PERMISSION_DENIED");
    const { id } = valueOf<{ id: string }>(await operate("accounts.create", person));
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    const again = await operate("accounts.create", { ...person, email: "ada@EXAMPLE.ORG " });
    assert.equal(isDenial(again) && again.problem.code, "ACCOUNT_EXISTS");
    const signedIn = await kit.signedIn("ada@example.org");
    assert.equal(signedIn.account.id, id);
    const [row] = await gate.auditRows({ name: "user_created" });
    assert.equal(row?.target, id);
  });

  it("are listed with their addresses", async () => {
    await kit.join("listed@example.org");
    const { accounts } = valueOf<{ accounts: { emails: { email: string; verifiedAt?: number }[] }[] }>(
      await operate("accounts.list", {}),
    );
    const emails = accounts.flatMap(({ emails: all }) => all);
    const listed = emails.find(({ email }) => email === "listed@example.org");
    assert.equal(listed?.verifiedAt, kit.clock.now(), "an invitation goes through the mailbox");
    assert.equal(emails.find(({ email }) => email === "ada@example.org")?.verifiedAt, undefined);
  });

  it("are found by the whole of an address, in pages, with their factors and last sign-in", async () => {
    const account = await kit.join("found@example.org");
    type Listed = { id: string; signedInAt?: number; factors: { kind: string; count: number; usedAt?: number }[] };
    const list = async (input: object) =>
      valueOf<{ accounts: Listed[]; next?: string }>(await operate("accounts.list", input));
    const [fresh] = (await list({ email: "Found@example.org" })).accounts;
    assert.equal(fresh?.id, account.id);
    assert.equal(fresh.signedInAt, undefined);
    await kit.clock.advance(1000);
    await kit.signedIn("found@example.org");
    await kit.write((writing) => kit.services.recoveryCodes.regenerate(writing, account));
    const [used] = (await list({ email: "found@example.org" })).accounts;
    assert.equal(used?.signedInAt, kit.clock.now());
    assert.deepEqual(used.factors.map(({ kind, count }) => [kind, count]).sort(), [
      ["password", 1],
      ["recovery", 10],
    ]);
    assert.deepEqual((await list({ email: "found@example.or" })).accounts, []);
    const shown = valueOf<Listed>(await operate("accounts.show", { email: "found@example.org" }));
    assert.equal(shown.id, account.id);

    const { accounts: all } = await list({ limit: 200 });
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await list({ limit: 1, ...(after === undefined ? {} : { after }) });
      seen.push(...page.accounts.map(({ id }) => id));
      after = page.next;
      if (after === undefined) break;
    }
    assert.deepEqual(
      seen,
      all.map(({ id }) => id),
    );
  });

  it("are named by one of id and address", async () => {
    const { id } = await kit.join("named@example.org");
    for (const which of [{}, { id, email: "named@example.org" }]) {
      const refused = await operate("accounts.disable", which);
      assert.equal(isDenial(refused) && refused.problem.code, "VALIDATION_ERROR");
    }
    const nobody = await operate("accounts.disable", { email: "nobody@example.org" });
    assert.equal(isDenial(nobody) && nobody.problem.code, "NOT_FOUND");
    assert.deepEqual(valueOf(await operate("accounts.disable", { email: "named@example.org" })), { id });
  });

  it("get their password by a link that is good once, where operators name none", async () => {
    const person = { email: "linked@example.org", name: "Linked", grants: ["operator"] };
    const { id, link } = valueOf<{ id: string; link: string }>(await operate("accounts.create", person));
    assert.ok(isDenial(await kit.signIn("linked@example.org", KIT_PASSWORD)));
    await reset(link);
    assert.equal((await kit.signedIn("linked@example.org")).account.id, id);
    await assert.rejects(reset(link), "a second time");
    const another = valueOf<{ link: string }>(await operate("accounts.link", { id }));
    const kept = valueOf<{ link: string }>(await operate("accounts.link", { id }));
    await reset(another.link);
    await assert.rejects(reset(kept.link), "a link from before the password changed");
    const [row] = await gate.auditRows({ name: "user_link_issued" });
    assert.equal(row?.target, id);
    assert.ok(!JSON.stringify(row).includes(kept.link.slice(-20)));
    valueOf(await operate("accounts.disable", { id }));
    const refused = await operate("accounts.link", { id });
    assert.equal(isDenial(refused) && refused.problem.code, "ACCOUNT_DISABLED");
  });

  async function reset(link: string): Promise<void> {
    const token = link.split("/").at(-1) ?? "";
    const claim = { tenant: KIT_TENANT, token, password: KIT_PASSWORD, read: kit.store.read.bind(kit.store) };
    const prepared = admitted(await kit.services.recovery.prepareReset(claim));
    admitted(await kit.write((writing) => kit.services.recovery.commitReset(writing, prepared)));
  }

  it("are invited without showing the link to others than the command line", async () => {
    const person = { email: "invited@example.org", name: "Invited" };
    const overHttp = await gate.attempt("accounts.invite", person, { as: operator, entrance: "http" });
    assert.deepEqual(valueOf(overHttp), {});
    assert.match(kit.tokenFor("invited@example.org"), /^[\w-]{27}$/);
    const overJob = await gate.attempt("accounts.invite", person, { as: operator, entrance: "job" });
    assert.match(valueOf<{ link: string }>(overJob).link, /\/join\/[\w-]{27}$/);
  });

  it("lose second factors and sessions at an operator's word, with the reason, and keep the password", async () => {
    const account = await kit.join("lost@example.org");
    const authentication = await kit.signedIn("lost@example.org");
    await kit.write((writing) => kit.services.recoveryCodes.regenerate(writing, account));
    const without = await operate("accounts.reset-factors", { id: account.id });
    assert.equal(isDenial(without) && without.problem.code, "VALIDATION_ERROR");
    valueOf(await operate("accounts.reset-factors", { id: account.id, reason: "a lost telephone" }));
    assert.equal(stillHolds(authentication, await find(account.id)), false);
    const again = await kit.signedIn("lost@example.org");
    const enrolled = await kit.store.read((reading) => enrolledKinds(kit.parts.factors, reading, account));
    assert.deepEqual([...enrolled], ["password"]);
    const requirement = { level: "aal2" } as const;
    const found = await find(account.id);
    const step = { authentication: again, account: found, enrolled, requirement, now: kit.clock.now() };
    assert.deepEqual(decideStepUp(step), { needed: true, step: "enrol", factors: [] });
    const [row] = await gate.auditRows({ name: "user_factors_reset" });
    assert.deepEqual([row?.target, row?.context["reason"]], [account.id, "a lost telephone"]);
  });

  it("are signed out everywhere at an operator's word, with the reason", async () => {
    const account = await kit.join("signed-out@example.org");
    const authentication = await kit.signedIn("signed-out@example.org");
    const artifact = { key: "o", tenant: KIT_TENANT, kind: "RefreshToken", account: account.id, body: "b" };
    await kit.write((writing) => artifacts.put(writing, artifact));
    valueOf(await operate("accounts.sign-out", { id: account.id, reason: "a stolen laptop" }));
    assert.equal(await kit.store.read((reading) => artifacts.find(reading, "o")), undefined);
    assert.equal(stillHolds(authentication, await find(account.id)), false);
    assert.ok(!isDenial(await kit.signIn("signed-out@example.org", KIT_PASSWORD)));
    const [row] = await gate.auditRows({ name: "user_signed_out" });
    assert.deepEqual([row?.target, row?.context["reason"]], [account.id, "a stolen laptop"]);
  });

  it("leave nothing of a person readable in the database", async () => {
    await kit.join("readable@example.org");
    const tables = ["accounts", "account_identifiers", "account_factors", "documents"];
    const rowsOf = (table: string) =>
      kit.store.read((reading) => reading.execute(portableStatement(`SELECT * FROM ${table}`), []));
    const text = JSON.stringify(await Promise.all(tables.map(rowsOf)));
    assert.ok(text.includes("active"));
    for (const word of ["readable", "example.org", "Ada", "argon2"]) assert.ok(!text.includes(word), word);
  });

  it("are signed out everywhere when they are disabled, and do not come back with what they had", async () => {
    const account = await kit.join("disabled@example.org");
    const authentication = await kit.signedIn("disabled@example.org");
    const at = kit.clock.now();
    const session = {
      id: "s",
      tenant: KIT_TENANT,
      principalType: "user",
      principalId: account.id,
      grants: [],
    } as const;
    const artifact = { key: "k", tenant: KIT_TENANT, kind: "RefreshToken", account: account.id, body: "b" };
    await kit.write(async (writing) => {
      const times = { createdAt: at, seenAt: at, expiresAt: at + 60_000 };
      await sessions.create(writing, { ...session, ...times });
      await artifacts.put(writing, artifact);
    });
    valueOf(await operate("accounts.disable", { id: account.id }));
    const left = await kit.store.read(async (reading) => [
      await sessions.find(reading, "s"),
      await artifacts.find(reading, "k"),
    ]);
    assert.deepEqual(left, [undefined, undefined]);
    assert.ok(isDenial(await kit.signIn("disabled@example.org", KIT_PASSWORD)));
    valueOf(await operate("accounts.enable", { id: account.id }));
    assert.equal(stillHolds(authentication, await find(account.id)), false);
    assert.equal(stillHolds(await kit.signedIn("disabled@example.org"), await find(account.id)), true);
  });

  it("are signed out when what they may do changes", async () => {
    const account = await kit.join("granted@example.org");
    const authentication = await kit.signedIn("granted@example.org");
    valueOf(await operate("accounts.grant", { id: account.id, grants: ["editor"] }));
    assert.deepEqual((await find(account.id))?.grants, ["editor"]);
    assert.equal(stillHolds(authentication, await find(account.id)), false);
    const grants = async (verb: string, named: string[]) =>
      valueOf<{ grants: string[] }>(await operate(`accounts.${verb}`, { id: account.id, grants: named })).grants;
    assert.deepEqual(await grants("grant", ["operator"]), ["editor", "operator"]);
    const later = await kit.signedIn("granted@example.org");
    assert.deepEqual(await grants("grant", ["editor"]), ["editor", "operator"]);
    assert.equal(stillHolds(later, await find(account.id)), true, "what changes nothing signs nobody out");
    assert.deepEqual(await grants("revoke-grant", ["operator", "nothing"]), ["editor"]);
    assert.equal(stillHolds(later, await find(account.id)), false);
  });

  it("are deleted with all they have", async () => {
    const account = await kit.join("deleted@example.org");
    valueOf(await operate("accounts.delete", { id: account.id }));
    assert.equal(await find(account.id), undefined);
    assert.ok(isDenial(await kit.signIn("deleted@example.org", KIT_PASSWORD)));
    const again = await operate("accounts.delete", { id: account.id });
    assert.equal(isDenial(again) && again.problem.code, "NOT_FOUND");
    admitted(await kit.join("deleted@example.org"));
  });

  it("do not cross tenants", async () => {
    const account = await kit.join("tenant@example.org");
    const elsewhere = await gate.attempt(
      "accounts.disable",
      { id: account.id },
      {
        as: testUser("operator", ["operator"], "other"),
        tenant: "other",
      },
    );
    assert.equal(isDenial(elsewhere) && elsewhere.problem.code, "NOT_FOUND");
    const found = await kit.store.read((reading) =>
      kit.services.directory.findByEmail(reading, "other", "tenant@example.org"),
    );
    assert.equal(found, undefined);
  });
});

describe("an e-mail address", () => {
  it("is the same however it is typed", () => {
    for (const text of ["Ada@Example.org", " ada@EXAMPLE.ORG\t", "ａｄａ@example.org"]) {
      assert.equal(normaliseEmail(text), "ada@example.org", text);
    }
    assert.equal(normaliseEmail("ada@bücher.example"), "ada@xn--bcher-kva.example");
    assert.equal(normaliseEmail("a.d.a+news@example.org"), "a.d.a+news@example.org");
  });

  it("stays what it is when it is read once more, whatever letters it has", () => {
    const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(part, part, (local, host) => {
        const email = normaliseEmail(`${local}@${host}.example`);
        assert.equal(email === undefined ? undefined : normaliseEmail(email), email);
      }),
      {
        numRuns: 5000,
        examples: [
          ["\u0130\u0323", "a"],
          ["\u1e9b\u0323", "a"],
          ["\u2126", "\u00df"],
        ],
      },
    );
  });

  it("is nothing that a header or a list of recipients would read otherwise", () => {
    for (const text of [
      "ada",
      "@example.org",
      "ada@localhost",
      "ada@example.org, eve@example.org",
      "ada@example.org\r\nBcc: eve@example.org",
      "ada <eve@example.org>",
      '"ada"@example.org',
      `${"a".repeat(65)}@example.org`,
      "ada@exa mple.org",
      "ada@example.org.",
    ]) {
      assert.equal(normaliseEmail(text), undefined, text);
    }
  });
});
