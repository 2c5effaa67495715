import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OAuthArtifact } from "../kernel/ports/oauth-artifacts.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const artifacts = createOAuthArtifacts();
let numbers = 0;

/** An artifact no other test has. */
function fresh(differences: Partial<OAuthArtifact> = {}): OAuthArtifact {
  numbers += 1;
  return { key: `key ${numbers}`, tenant: "t", kind: "RefreshToken", body: `body ${numbers}`, ...differences };
}

/** What the artifacts of the protocol engine promise on any transactional store. */
export function describeOAuthArtifactsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: artifacts of the protocol engine`, () => {
    const current = useStore(create);
    describeFinding(current);
    describeUsingUp(current);
    describeRevocation(current);
  });
}

function operationsOn(current: () => Store) {
  return {
    put: (artifact: OAuthArtifact) => current().write((writing) => artifacts.put(writing, artifact)),
    add: (artifact: OAuthArtifact) => current().write((writing) => artifacts.add(writing, artifact)),
    consume: (key: string) => current().write((writing) => artifacts.consume(writing, key)),
    find: (key: string) => current().read((reading) => artifacts.find(reading, key)),
    revoke: (selection: Parameters<typeof artifacts.revoke>[1]) =>
      current().write((writing) => artifacts.revoke(writing, selection, { cause: "operator", by: "test" })),
  };
}

function describeFinding(current: () => Store): void {
  const { put, add, find } = operationsOn(current);
  const past = 1000;

  it("are found as they were written last", async () => {
    const first = fresh();
    assert.equal(await find(first.key), undefined);
    assert.equal(await put(first), true);
    assert.equal(await put({ ...first, body: "later" }), true);
    assert.deepEqual(await find(first.key), {
      key: first.key,
      body: "later",
      consumedAt: undefined,
      answer: undefined,
    });
  });

  it("are found by their alias, among their kind alone", async () => {
    const session = fresh({ kind: "Session", alias: `alias ${numbers}` });
    await put(session);
    const look = (kind: string) =>
      current().read((reading) => artifacts.findByAlias(reading, kind, session.alias ?? ""));
    assert.equal((await look("Session"))?.body, session.body);
    assert.equal(await look("DeviceCode"), undefined);
  });

  it("are listed by account and kind, what lasts longest first, without what is over", async () => {
    const owner = { tenant: "t", account: `account ${numbers}`, kind: "Session" };
    const soon = await current().write(async (writing) => (await writing.now()) + 60_000);
    const [short, long, expired] = [soon, soon + 1, past].map((expiresAt) => fresh({ ...owner, expiresAt }));
    assert.ok(short !== undefined && long !== undefined && expired !== undefined);
    const others = [
      fresh({ ...owner, kind: "AccessToken" }),
      fresh({ ...owner, account: "another" }),
      fresh({ ...owner, tenant: "u" }),
    ];
    for (const each of [short, long, expired, ...others]) await put(each);
    const list = (limit: number) => current().read((reading) => artifacts.listOf(reading, owner, limit));
    const keys = (await list(10)).map(({ key }) => key);
    assert.deepEqual(keys, [long.key, short.key]);
    assert.equal((await list(1)).length, 1);
  });

  it("are not found once they have expired or were removed", async () => {
    const [expired, removed] = [fresh({ expiresAt: past }), fresh()];
    await put(expired);
    await put(removed);
    await current().write((writing) => artifacts.remove(writing, removed.key));
    assert.equal(await find(expired.key), undefined);
    assert.equal(await find(removed.key), undefined);
  });

  it("are pruned once they have expired, a bounded number at a time", async () => {
    const lasting = fresh();
    for (const artifact of [fresh({ expiresAt: past }), fresh({ expiresAt: past }), lasting]) await put(artifact);
    const prune = (limit: number) => current().write((writing) => artifacts.prune(writing, limit));
    assert.equal(await prune(1), 1);
    assert.ok((await prune(1000)) >= 1);
    assert.equal(await prune(1000), 0);
    assert.ok((await find(lasting.key)) !== undefined);
  });

  it("are added once, by one of many who try at once", async () => {
    const replayed = fresh({ kind: "ReplayDetection" });
    const answers = await Promise.all(Array.from({ length: 12 }, () => add(replayed)));
    assert.equal(answers.filter(Boolean).length, 1);
  });
}

function describeUsingUp(current: () => Store): void {
  const { put, consume, find } = operationsOn(current);

  it("are used up by one of many who try at once", async () => {
    const token = fresh();
    await put(token);
    const answers = await Promise.all(Array.from({ length: 12 }, () => consume(token.key)));
    assert.equal(answers.filter(Boolean).length, 1);
    assert.ok(Number((await find(token.key))?.consumedAt) > 0);
  });

  it("are not used up when the transaction is rolled back, and their successor is not there", async () => {
    const [token, successor] = [fresh(), fresh()];
    await put(token);
    const failing = current().write(async (writing) => {
      assert.equal(await artifacts.consume(writing, token.key), true);
      assert.equal(await artifacts.put(writing, successor), true);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.equal(await find(successor.key), undefined);
    assert.equal(await consume(token.key), true);
  });

  it("keep what their bearer was answered", async () => {
    const token = fresh();
    await put(token);
    await current().write(async (writing) => {
      await artifacts.consume(writing, token.key);
      await artifacts.answer(writing, token.key, "sealed");
    });
    assert.equal((await find(token.key))?.answer, "sealed");
  });

  it("are not used up when they are gone or have expired", async () => {
    const expired = fresh({ expiresAt: 1000 });
    await put(expired);
    assert.equal(await consume(expired.key), false);
    assert.equal(await consume("never there"), false);
  });
}

function describeRevocation(current: () => Store): void {
  const { put, find, revoke } = operationsOn(current);

  it("go with their grant, and cannot be written after it", async () => {
    const grant = fresh({ kind: "Grant" });
    const [token, other] = [fresh({ grant: grant.key }), fresh()];
    assert.equal(await put(token), false, "before its grant");
    for (const artifact of [grant, token, other]) assert.equal(await put(artifact), true);
    assert.equal(await revoke({ tenant: "another", grant: grant.key }), 0);
    assert.equal(await revoke({ tenant: "t", grant: grant.key }), 2);
    assert.equal(await find(token.key), undefined);
    assert.equal(await put(token), false);
    assert.ok((await find(other.key)) !== undefined);
  });

  it("never outlive a revocation that happens while they are written", async () => {
    for (let round = 0; round < 20; round += 1) {
      const grant = fresh({ kind: "Grant" });
      await put(grant);
      const tokens = Array.from({ length: 4 }, () => fresh({ grant: grant.key }));
      const revoked = revoke({ tenant: "t", grant: grant.key });
      await Promise.all([...tokens.map(put), revoked]);
      for (const { key } of tokens) assert.equal(await find(key), undefined);
    }
  });

  it("go with a client, an account, or what one has at the other", async () => {
    const [client, account] = [`client ${numbers}`, `account ${numbers}`];
    const both = fresh({ client, account });
    const [clients, accounts] = [fresh({ client }), fresh({ account })];
    for (const artifact of [both, clients, accounts]) await put(artifact);
    assert.equal(await revoke({ tenant: "t", client, account }), 1);
    assert.equal(await revoke({ tenant: "t", client }), 1);
    assert.equal(await revoke({ tenant: "t", account }), 1);
    await assert.rejects(revoke({ tenant: "t" }), TypeError);
  });
}
