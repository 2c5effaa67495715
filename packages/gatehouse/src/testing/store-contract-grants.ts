import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GrantEnding, GrantQuery, GrantUse } from "../kernel/ports/oauth-grants.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { createOAuthGrants } from "../store/sql/identity/oauth-grants.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const artifacts = createOAuthArtifacts();
const grants = createOAuthGrants();
const FAR = 4_000_000_000_000;
const OPERATOR: GrantEnding = { cause: "operator", by: "system:test", reason: "lost telephone" };
let numbers = 0;

/** A use of a grant no other test has. */
function fresh(differences: Partial<GrantUse> = {}): GrantUse {
  numbers += 1;
  const ids = { key: `grant ${numbers}`, tenant: `tenant ${numbers}`, client: "app", account: "ada" };
  return { ...ids, state: "active", rotates: true, body: "sealed", traces: [], expiresAt: FAR, ...differences };
}

/** What the record of grants promises on any transactional store. */
export function describeOAuthGrantsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: record of grants`, () => {
    const current = useStore(create);
    describeUses(current);
    describeEnds(current);
  });
}

function operationsOn(current: () => Store) {
  return {
    note: (use: GrantUse) => current().write((writing) => grants.note(writing, use)),
    find: (key: string) => current().read((reading) => grants.find(reading, key)),
    suspend: (key: string) => current().write((writing) => grants.suspend(writing, key)),
    prune: (limit: number) => current().write((writing) => grants.prune(writing, limit)),
    keys: async (query: Partial<GrantQuery> & Pick<GrantQuery, "tenant">) =>
      (await current().read((reading) => grants.list(reading, { limit: 10, ...query }))).map(({ key }) => key),
    revoke: (selection: Parameters<typeof artifacts.revoke>[1], ending = OPERATOR) =>
      current().write((writing) => artifacts.revoke(writing, selection, ending)),
    put: (key: string, grant?: string) =>
      current().write((writing) => {
        const kind = grant === undefined ? "Grant" : "RefreshToken";
        return artifacts.put(writing, { key, tenant: "t", kind, body: "b", grant });
      }),
    token: (key: string) => current().read((reading) => artifacts.find(reading, key)),
  };
}

function describeUses(current: () => Store): void {
  const { note, find, keys, prune } = operationsOn(current);

  it("counts generations and keeps when it began", async () => {
    const use = fresh();
    await note({ ...use, state: "pending", rotates: false });
    assert.equal((await find(use.key))?.state, "pending");
    await note(use);
    await note({ ...use, body: "moved" });
    const grant = await find(use.key);
    assert.deepEqual([grant?.state, grant?.generation, grant?.body], ["active", 2, "moved"]);
    assert.ok(grant !== undefined && grant.lastSeen >= grant.firstSeen && grant.firstSeen > 0);
  });

  it("goes by what is asked for: person, client, place, and never by another tenant's", async () => {
    const tenant = `tenant of ${numbers}`;
    const mine = fresh({ tenant, traces: ["home", "telephone"] });
    const other = fresh({ tenant, account: "grace", client: "tool", traces: ["office"] });
    for (const use of [mine, other, fresh({ traces: ["home"] }), fresh({ tenant, state: "pending" })]) await note(use);
    assert.deepEqual(new Set(await keys({ tenant })), new Set([mine.key, other.key]));
    assert.deepEqual(await keys({ tenant, account: "ada" }), [mine.key]);
    assert.deepEqual(await keys({ tenant, client: "tool" }), [other.key]);
    assert.deepEqual(await keys({ tenant, traces: ["home"] }), [mine.key]);
    assert.deepEqual(await keys({ tenant, traces: ["office"], account: "ada" }), []);
    assert.deepEqual(await keys({ tenant: "nobody", key: mine.key }), []);
  });

  it("is listed page by page", async () => {
    const tenant = `pages of ${numbers}`;
    const uses = Array.from({ length: 7 }, () => fresh({ tenant }));
    for (const use of uses) await note(use);
    const seen: string[] = [];
    let before: GrantQuery["before"];
    do {
      const page = await current().read((reading) => grants.list(reading, { tenant, limit: 3, before }));
      seen.push(...page.map(({ key }) => key));
      before = page.length < 3 ? undefined : page.at(-1);
    } while (before !== undefined);
    assert.deepEqual(seen.toSorted(), uses.map(({ key }) => key).toSorted());
  });

  it("remembers the newest places alone", async () => {
    const use = fresh();
    const now = () => current().write((writing) => writing.now());
    await note({ ...use, traces: ["first", "second"].map((place) => `${use.key} ${place}`) });
    const noted = await now();
    while ((await now()) === noted);
    for (let place = 0; place < 64; place += 1) await note({ ...use, traces: [`${use.key} ${place}`] });
    const known = (place: string) => keys({ tenant: use.tenant, traces: [`${use.key} ${place}`] });
    assert.deepEqual(await Promise.all(["first", "second", "0", "63"].map(known)), [[], [], [use.key], [use.key]]);
  });

  it("is pruned when it has expired, with its places", async () => {
    const [past, lasting] = [fresh({ expiresAt: 1000, traces: ["there"] }), fresh()];
    for (const use of [past, lasting]) await note(use);
    assert.ok((await prune(1000)) >= 1);
    assert.equal(await find(past.key), undefined);
    assert.ok((await find(lasting.key)) !== undefined);
    await note({ ...past, expiresAt: FAR, traces: [] });
    assert.deepEqual(await keys({ tenant: past.tenant, traces: ["there"] }), []);
  });
}

function describeEnds(current: () => Store): void {
  const { note, find, suspend, keys, revoke, put, token } = operationsOn(current);

  it("is suspended once, loses its tokens, keeps the consent and goes on with new ones", async () => {
    const use = fresh();
    await note(use);
    await put(use.key);
    await put(`token of ${use.key}`, use.key);
    assert.deepEqual([await suspend(use.key), await suspend(use.key)], [true, false]);
    assert.equal(await token(`token of ${use.key}`), undefined);
    assert.ok((await token(use.key)) !== undefined);
    const suspended = await find(use.key);
    assert.equal(suspended?.state, "suspended");
    assert.ok(Number(suspended?.suspendedAt) > 0);
    await note({ ...use, state: "pending", rotates: false });
    assert.equal((await find(use.key))?.state, "suspended");
    await note(use);
    assert.equal((await find(use.key))?.state, "active");
  });

  it("says why it has ended, keeps no place, and does not begin again", async () => {
    const use = fresh({ traces: ["here"] });
    await note(use);
    await revoke({ tenant: "another", grant: use.key });
    assert.equal((await find(use.key))?.state, "active", "revoked by another tenant");
    await revoke({ tenant: use.tenant, grant: use.key });
    const ended = await find(use.key);
    assert.deepEqual([ended?.state, ended?.body], ["ended", ""]);
    const { at, ...ending } = ended?.ending ?? {};
    assert.deepEqual(ending, OPERATOR);
    assert.ok(Number(at) > 0);
    await revoke({ tenant: use.tenant, grant: use.key }, { cause: "sign_out", by: "ada" });
    await note(use);
    assert.deepEqual(await find(use.key), ended);
    assert.deepEqual(await keys({ tenant: use.tenant, state: "ended", traces: ["here"] }), [use.key]);
    assert.deepEqual(await keys({ tenant: use.tenant, state: "lasting" }), []);
  });

  it("ends with its client, its account, or what one has at the other", async () => {
    const tenant = `ends of ${numbers}`;
    const [both, clients, accounts, neither] = [
      fresh({ tenant }),
      fresh({ tenant, account: "grace" }),
      fresh({ tenant, client: "tool" }),
      fresh({ tenant, account: "grace", client: "tool" }),
    ];
    for (const use of [both, clients, accounts, neither]) await note(use);
    await revoke({ tenant, client: "app", account: "ada" });
    assert.deepEqual(await keys({ tenant, state: "ended" }), [both.key]);
    await revoke({ tenant, client: "app" });
    await revoke({ tenant, account: "ada" });
    assert.deepEqual(await keys({ tenant, state: "lasting" }), [neither.key]);
  });

  it("takes more tokens than one batch in one transaction", async () => {
    const use = fresh();
    await note(use);
    await current().write(async (writing) => {
      const grant = { key: use.key, tenant: use.tenant, kind: "Grant", body: "b" };
      await artifacts.put(writing, grant);
      for (let index = 0; index < 1100; index += 1) {
        const key = `${use.key} token ${index}`;
        await artifacts.put(writing, { ...grant, key, kind: "AccessToken", grant: use.key, client: "app" });
      }
    });
    assert.equal(await revoke({ tenant: use.tenant, grant: use.key }), 1101);
  });
}
