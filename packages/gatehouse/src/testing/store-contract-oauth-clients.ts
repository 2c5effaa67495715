import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientKey } from "../kernel/ports/oauth-clients.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createOAuthClients } from "../store/sql/identity/oauth-clients.ts";
import { createTenants } from "../store/sql/tenants.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const clients = createOAuthClients();
const tenants = createTenants();
const AT_ONCE = 12;
const LONG = 3_600_000;
let numbers = 0;

function fresh(tenant = "t"): ClientKey {
  numbers += 1;
  return { tenant, id: `client ${String(numbers).padStart(4, "0")}` };
}

/** What the clients of the identity provider promise on any transactional store. */
export function describeOAuthClientsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: clients of the identity provider`, () => {
    const current = useStore(create);
    describeClients(current);
    describeSecrets(current);
    describeTokens(current);
  });
}

function describeClients(current: () => Store): void {
  const make = (key: ClientKey, origin: "operator" | "registration" = "operator") =>
    current().write((writing) => clients.create(writing, { ...key, origin, body: "said" }));
  const find = (key: ClientKey) => current().read((reading) => clients.find(reading, key));

  it("make their tenant known", async () => {
    for (const tenant of ["known b", "known a", "known a"]) await make(fresh(tenant));
    const has = (tenant: string) => current().read((reading) => tenants.has(reading, tenant));
    assert.deepEqual(await Promise.all(["known a", "known b", "known c"].map(has)), [true, true, false]);
    const listed = await current().read((reading) => tenants.list(reading, 1000));
    assert.deepEqual(
      listed.filter((tenant) => tenant.startsWith("known ")),
      ["known a", "known b"],
    );
    assert.equal((await current().read((reading) => tenants.list(reading, 1))).length, 1);
  });

  it("are there once, for their tenant alone", async () => {
    const key = fresh();
    const made = await Promise.all(Array.from({ length: AT_ONCE }, () => make(key)));
    assert.equal(made.filter(Boolean).length, 1);
    assert.deepEqual([(await find(key))?.state, (await find(key))?.version], ["active", 1]);
    assert.equal(await find({ ...key, tenant: "other" }), undefined);
  });

  it("are changed in the version that is expected, by one of many who try at once", async () => {
    const key = fresh();
    await make(key);
    const change = () => current().write((writing) => clients.update(writing, key, { body: "new", expected: 1 }));
    const versions = await Promise.all(Array.from({ length: AT_ONCE }, change));
    assert.deepEqual(
      versions.filter((version) => version !== undefined),
      [2],
    );
  });

  it("are used in the version that was looked at, and not when they are disabled", async () => {
    const key = fresh();
    await make(key);
    const use = (version: number) => current().write((writing) => clients.use(writing, key, version));
    assert.equal(await use(1), true);
    assert.ok(Number((await find(key))?.usedAt) > 0);
    assert.equal(await use(2), false);
    await current().write((writing) => clients.update(writing, key, { state: "disabled" }));
    assert.deepEqual([await use(1), await use(2)], [false, false]);
  });

  it("are listed by tenant and id, a page at a time", async () => {
    const keys = [fresh("list"), fresh("list"), fresh("list"), fresh("later")];
    for (const key of keys) await make(key);
    const page = (more: object) => current().read((reading) => clients.list(reading, { limit: 2, ...more }));
    const first = await page({ tenant: "list" });
    const second = await page({ tenant: "list", after: first.at(-1) });
    assert.deepEqual(
      [...first, ...second].map(({ id }) => id),
      keys.slice(0, 3).map(({ id }) => id),
    );
    const across = await page({ after: keys[1] });
    assert.deepEqual(
      across.map(({ id }) => id),
      [keys[2]?.id, ...across.slice(1).map(({ id }) => id)],
    );
  });

  it("are unused when nobody has used them since, unless an operator has made them", async () => {
    const [registered, used, own] = [fresh("unused"), fresh("unused"), fresh("unused")];
    await make(registered, "registration");
    await make(used, "registration");
    await make(own);
    const later = await current().write(async (writing) => {
      await clients.use(writing, used, 1);
      return (await writing.now()) + LONG;
    });
    const unused = async (since: number) =>
      (await current().read((reading) => clients.unused(reading, since, 100)))
        .filter(({ tenant }) => tenant === "unused")
        .map(({ id }) => id);
    assert.deepEqual(await unused(later), [registered.id, used.id]);
    assert.deepEqual(await unused(1000), []);
    assert.equal(await current().write((writing) => clients.remove(writing, registered)), true);
    assert.equal(await current().write((writing) => clients.remove(writing, registered)), false);
  });
}

function describeSecrets(current: () => Store): void {
  const secrets = async (key: ClientKey) =>
    (await current().read((reading) => clients.secrets(reading, key))).map(({ id }) => id);
  const add = ({ tenant, id: client }: ClientKey, id: string, expiresAt?: number) =>
    current().write((writing) =>
      clients.addSecret(writing, { key: `${client} ${id}`, tenant, client, id, body: undefined, expiresAt }),
    );

  it("have several secrets, of which those that have expired are gone", async () => {
    const key = fresh();
    for (const id of ["a", "b"]) await add(key, id);
    await add(key, "expired", 1000);
    assert.deepEqual((await secrets(key)).toSorted(), ["a", "b"]);
    const use = (id: string) => current().write((writing) => clients.useSecret(writing, `${key.id} ${id}`));
    assert.deepEqual([await use("a"), await use("expired"), await use("none")], [true, false, false]);
    const expire = (id: string, at: number) =>
      current().write((writing) => clients.expireSecret(writing, { ...key, secret: id }, at));
    assert.equal(await expire("a", 1000), true);
    assert.equal(await expire("a", Number.MAX_SAFE_INTEGER), true);
    assert.deepEqual(await secrets(key), ["b"], "an end is not put off");
    assert.ok((await current().write((writing) => clients.prune(writing, 100))) >= 2);
    await current().write((writing) => clients.removeSecrets(writing, key));
    assert.deepEqual(await secrets(key), []);
  });
}

function describeTokens(current: () => Store): void {
  it("register by tokens that are used as often as they say, by as many of those who try at once", async () => {
    const token = { key: "token", tenant: "t", id: "1", label: "Partner", usesLeft: 3 };
    await current().write(async (writing) => {
      await clients.addToken(writing, { ...token, expiresAt: (await writing.now()) + LONG });
      await clients.addToken(writing, { ...token, key: "expired", id: "2", expiresAt: 1000 });
    });
    const use = (key: string) => current().write((writing) => clients.useToken(writing, key));
    const uses = await Promise.all(Array.from({ length: AT_ONCE }, () => use("token")));
    assert.equal(uses.filter(Boolean).length, 3);
    assert.equal(await use("expired"), false);
    const find = (key: string) => current().read((reading) => clients.findToken(reading, key));
    assert.deepEqual([await find("token"), await find("expired")], [undefined, undefined]);
    assert.deepEqual(await current().read((reading) => clients.tokens(reading, "t")), []);
  });
}
