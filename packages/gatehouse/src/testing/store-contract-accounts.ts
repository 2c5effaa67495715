import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import type { AccountChange, StoredAccount, StoredFactor, StoredIdentifier } from "../kernel/ports/accounts.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createAccounts } from "../store/sql/identity/accounts.ts";
import { createFactors } from "../store/sql/identity/factors.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const accounts = createAccounts();
const factors = createFactors();
const AT_ONCE = 12;
let numbers = 0;

/** An account no other test has. */
function freshAccount(differences: Partial<StoredAccount> = {}): StoredAccount {
  numbers += 1;
  const id = `account ${String(numbers).padStart(6, "0")}`;
  const changing = { state: "active", createdAt: 1000, changedAt: 1000 } as const;
  return { id, tenant: "t", profile: `sealed ${numbers}`, grants: ["editor"], ...changing, ...differences };
}

function identifierOf(account: StoredAccount, differences: Partial<StoredIdentifier> = {}): StoredIdentifier {
  const { id, tenant } = account;
  return { key: `of ${id}`, tenant, account: id, kind: "email", body: "sealed", verifiedAt: undefined, ...differences };
}

function factorOf(account: StoredAccount, differences: Partial<StoredFactor> = {}): StoredFactor {
  numbers += 1;
  const { id, tenant } = account;
  const plain = { kind: "totp", body: "sealed", counter: 0, createdAt: numbers, usedAt: undefined } as const;
  return { key: `factor ${numbers}`, tenant, account: id, ...plain, ...differences };
}

/** What accounts and their factors promise on any transactional store. */
export function describeAccountsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: accounts`, () => {
    const current = useStore(create);
    describeFinding(current);
    describeChanging(current);
  });
  describe(`${name}: factors of accounts`, () => {
    const current = useStore(create);
    describeFactors(current);
    describeSingleUse(current);
  });
}

function operationsOn(current: () => Store) {
  return {
    create: (account: StoredAccount, identifier = identifierOf(account)) =>
      current().write((writing) => accounts.create(writing, account, identifier)),
    find: (account: StoredAccount) => current().read((reading) => accounts.find(reading, account)),
    findBy: (key: string) => current().read((reading) => accounts.findByIdentifier(reading, key)),
    update: (account: StoredAccount, change: AccountChange) =>
      current().write((writing) => accounts.update(writing, account, change)),
    add: (factor: StoredFactor) => current().write((writing) => factors.add(writing, factor)),
    findFactor: (key: string) => current().read((reading) => factors.find(reading, key)),
  };
}

function describeFinding(current: () => Store): void {
  const { create, find, findBy } = operationsOn(current);

  it("are found by their id and by their identifier, in their tenant alone", async () => {
    const account = freshAccount();
    assert.equal(await find(account), undefined);
    assert.equal(await create(account), true);
    assert.deepEqual(await find(account), account);
    assert.deepEqual(await findBy(`of ${account.id}`), account);
    assert.equal(await find({ ...account, tenant: "another" }), undefined);
  });

  it("cannot have an identifier of another, and leave nothing behind when they try", async () => {
    const [first, second] = [freshAccount(), freshAccount()];
    await create(first);
    assert.equal(await create(second, identifierOf(second, { key: `of ${first.id}` })), false);
    assert.equal(await find(second), undefined);
    const further = identifierOf(second, { key: `of ${first.id}` });
    assert.equal(await current().write((writing) => accounts.addIdentifier(writing, further)), false);
    assert.equal((await findBy(`of ${first.id}`))?.id, first.id);
  });

  it("are created once by many who try to with one identifier at once", async () => {
    const rivals = Array.from({ length: AT_ONCE }, () => freshAccount());
    const key = `contested ${numbers}`;
    const answers = await Promise.all(rivals.map((rival) => create(rival, identifierOf(rival, { key }))));
    assert.equal(answers.filter(Boolean).length, 1);
    const found = await Promise.all(rivals.map(find));
    assert.equal(found.filter((account) => account !== undefined).length, 1);
  });

  it("are listed page by page", async () => {
    const tenant = `listed ${numbers}`;
    const all = Array.from({ length: 5 }, () => freshAccount({ tenant }));
    for (const account of all) await create(account);
    const page = (after?: string) => current().read((reading) => accounts.list(reading, { tenant, after, limit: 3 }));
    const first = await page();
    const second = await page(first.at(-1)?.id);
    assert.deepEqual([...first, ...second], all);
    assert.equal(first.length, 3);
    const everywhere = await current().read((reading) => accounts.list(reading, { limit: 10_000 }));
    assert.ok(new Set(everywhere.map((account) => account.tenant)).size > 1);
  });
}

function describeChanging(current: () => Store): void {
  const { create, find, findBy, update, add, findFactor } = operationsOn(current);

  it("keep what a change does not name", async () => {
    const account = freshAccount();
    await create(account);
    assert.equal(await update(account, { profile: "other", voids: false }), account.changedAt);
    assert.deepEqual(await find(account), { ...account, profile: "other" });
    await update(account, { grants: [], state: "disabled", voids: false });
    assert.deepEqual(await find(account), { ...account, profile: "other", grants: [], state: "disabled" });
    assert.equal(await update(freshAccount(), { voids: true }), undefined);
  });

  it("never have the same time of change twice, even when the clock stands still or runs backwards", async () => {
    const ahead = systemClock.now() + 86_400_000;
    const account = freshAccount({ changedAt: ahead });
    await create(account);
    const times = await Promise.all(Array.from({ length: AT_ONCE }, () => update(account, { voids: true })));
    assert.equal(new Set([...times, ahead]).size, AT_ONCE + 1);
    assert.ok(times.every((time) => Number(time) > ahead));
  });

  it("have identifiers that are proven once", async () => {
    const account = freshAccount();
    await create(account);
    const key = `of ${account.id}`;
    const verify = (of: StoredAccount) => current().write((writing) => accounts.verifyIdentifier(writing, key, of));
    const identifiers = () => current().read((reading) => accounts.identifiers(reading, account));
    assert.deepEqual(await identifiers(), [identifierOf(account)]);
    assert.equal(await verify(freshAccount()), false);
    assert.equal(await verify(account), true);
    const [proven] = await identifiers();
    assert.ok(Number(proven?.verifiedAt) > 0);
    await verify(account);
    assert.deepEqual(await identifiers(), [proven]);
    const rewrite = (before: string, body: string) =>
      current().write((writing) => accounts.rewriteIdentifier(writing, key, { before, body }));
    assert.equal(await rewrite("something else", "anew"), false);
    assert.equal(await rewrite("sealed", "anew"), true);
    assert.deepEqual(await identifiers(), [{ ...proven, body: "anew" }]);
    const remove = (of: StoredAccount) => current().write((writing) => accounts.removeIdentifier(writing, key, of));
    assert.equal(await remove(freshAccount()), false);
    assert.deepEqual([await remove(account), await remove(account)], [true, false]);
    assert.deepEqual(await identifiers(), []);
  });

  it("go with identifiers and factors, and get no factor afterwards", async () => {
    const account = freshAccount();
    const factor = factorOf(account);
    await create(account);
    assert.equal(await add(factor), true);
    const remove = () => current().write((writing) => accounts.remove(writing, account));
    assert.equal(await remove(), true);
    assert.equal(await remove(), false);
    assert.equal(await find(account), undefined);
    assert.equal(await findBy(`of ${account.id}`), undefined);
    assert.equal(await findFactor(factor.key), undefined);
    assert.equal(await add(factor), false);
  });
}

function describeFactors(current: () => Store): void {
  const { create, add, findFactor } = operationsOn(current);

  it("are found by their key, and listed by account and kind", async () => {
    const [account, other] = [freshAccount(), freshAccount()];
    await create(account);
    await create(other);
    const [totp, passkey] = [factorOf(account), factorOf(account, { kind: "passkey", counter: 7 })];
    for (const factor of [totp, passkey, factorOf(other)]) assert.equal(await add(factor), true);
    assert.deepEqual(await findFactor(passkey.key), passkey);
    const list = (kind?: StoredFactor["kind"]) =>
      current().read((reading) => factors.list(reading, { tenant: "t", account: account.id, kind }));
    assert.deepEqual(await list(), [totp, passkey]);
    assert.deepEqual(await list("passkey"), [passkey]);
    assert.deepEqual(await list("recovery"), []);
  });

  it("are added once under one key", async () => {
    const account = freshAccount();
    await create(account);
    const factor = factorOf(account);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => add(factor)));
    assert.equal(answers.filter(Boolean).length, 1);
  });

  it("are rewritten by whoever knows what they were", async () => {
    const account = freshAccount();
    await create(account);
    const { key } = factorOf(account, { key: `rewritten ${numbers}` });
    await add(factorOf(account, { key, body: "first" }));
    const rewrite = (before: string, body: string) =>
      current().write((writing) => factors.rewrite(writing, key, { before, body }));
    assert.equal(await rewrite("first", "second"), true);
    assert.equal(await rewrite("first", "third"), false);
    assert.equal((await findFactor(key))?.body, "second");
  });

  it("are removed by kind", async () => {
    const account = freshAccount();
    await create(account);
    const kept = factorOf(account);
    for (const factor of [kept, ...[1, 2].map(() => factorOf(account, { kind: "recovery" }))]) await add(factor);
    const selection = { tenant: "t", account: account.id, kind: "recovery" } as const;
    assert.equal(await current().write((writing) => factors.removeAll(writing, selection)), 2);
    assert.ok((await findFactor(kept.key)) !== undefined);
  });
}

function describeSingleUse(current: () => Store): void {
  const { create, add, findFactor } = operationsOn(current);

  async function freshFactor(differences: Partial<StoredFactor> = {}) {
    const account = freshAccount();
    await create(account);
    const factor = factorOf(account, differences);
    await add(factor);
    return { account, factor };
  }

  it("advance to a step once, and never back", async () => {
    const { factor } = await freshFactor({ counter: 5 });
    const advance = (step: number) => current().write((writing) => factors.advance(writing, factor.key, step));
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => advance(6)));
    assert.equal(answers.filter(Boolean).length, 1);
    assert.equal(await advance(5), false);
    assert.equal(await advance(7), true);
    const found = await findFactor(factor.key);
    assert.equal(found?.counter, 7);
    assert.ok(Number(found.usedAt) > 0);
  });

  it("are removed by one of many who try at once, and by their own account alone", async () => {
    const { account, factor } = await freshFactor({ kind: "recovery" });
    const remove = (of: StoredAccount) => current().write((writing) => factors.remove(writing, factor.key, of));
    assert.equal(await remove(freshAccount()), false);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => remove(account)));
    assert.equal(answers.filter(Boolean).length, 1);
  });

  it("note their uses while they are there", async () => {
    const { factor } = await freshFactor();
    const touch = (key: string) => current().write((writing) => factors.touch(writing, key));
    assert.equal(await touch(factor.key), true);
    assert.ok(Number((await findFactor(factor.key))?.usedAt) > 0);
    assert.equal(await touch("never there"), false);
  });
}
