import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { isDenial, type Outcome } from "../../kernel/outcome.ts";
import { admitted, KIT_PASSWORD, KIT_TENANT, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import { createOAuthArtifacts } from "../../store/sql/oauth-artifacts.ts";
import { createSessions } from "../../store/sql/sessions.ts";
import { portableStatement } from "../../store/sql/statement.ts";
import { createTestGate, testUser, type TestGate } from "../../testing/gate-kit.ts";
import { stillHolds } from "./authentication.ts";
import { normaliseEmail } from "./email.ts";

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
