/**
 * A thief and the rightful client hold the same refresh token; whoever comes second shows that there are two. After the
 * time in which lost answers are repeated, the whole family ends, signed access tokens included.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openIssuerKit } from "../../testing/issuer-kit.ts";
import type { IssuerVisits } from "../../testing/issuer-visits.ts";

describe("a refresh token that comes again", () => {
  let kit: IssuerVisits;
  before(async () => {
    kit = await openIssuerKit({ grace: 0 });
    await kit.registerClients();
  });
  after(() => kit[Symbol.asyncDispose]());

  it("ends its family, with signed access tokens, and the record says why", async () => {
    const first = await kit.signIn();
    const second = await kit.refresh(first.body["refresh_token"]);
    const third = await kit.refresh(second.body["refresh_token"]);
    for (const { body } of [first, second, third]) assert.equal(await kit.active(body["access_token"]), true);
    assert.equal((await kit.refresh(first.body["refresh_token"])).status, 400);
    for (const { body } of [first, second, third]) {
      assert.equal(await kit.active(body["access_token"]), false, "a signed text");
      assert.equal(await kit.active(body["refresh_token"], "app"), false);
    }
    assert.equal((await kit.refresh(third.body["refresh_token"])).status, 400);
    const reused = kit.events.filter(({ name }) => name === "oauth_grant_reused");
    assert.deepEqual(
      reused.map(({ outcome, context }) => [outcome, context["cause"]]),
      [["denied", "token_reused"]],
    );
    const { store } = kit.gatehouse.services;
    const { grants } = await store.read((reading) =>
      kit.identity.grants.list(reading, "default", { state: "ended", limit: 10 }),
    );
    assert.deepEqual(
      grants.map(({ ending, last }) => [ending?.cause, last]),
      [["token_reused", undefined]],
    );
    assert.equal(grants[0]?.family, reused[0]?.context["family"]);
  });

  it("is told from a code that comes again", async () => {
    const consent = await kit.consent("app");
    const tokens = await kit.redeem("app", consent);
    assert.equal((await kit.redeem("app", consent)).status, 400);
    assert.equal(await kit.active(tokens.body["access_token"]), false);
    const reused = kit.events.filter(({ name }) => name === "oauth_grant_reused");
    assert.equal(reused.at(-1)?.context["cause"], "code_reused");
  });

  it("leaves in the trail which token took the place of which, by keyed hashes", async () => {
    const first = await kit.signIn();
    const second = await kit.refresh(first.body["refresh_token"]);
    await kit.refresh(second.body["refresh_token"]);
    const issued = kit.events.filter(({ name }) => name === "oauth_token_issued").slice(-3);
    const [begun, rotated, again] = issued.map(({ context }) => context);
    assert.equal(rotated?.["replaces"], begun?.["issues"]);
    assert.equal(again?.["replaces"], rotated?.["issues"]);
    assert.equal(new Set(issued.map(({ context }) => context["family"])).size, 1);
    assert.equal(begun?.["replaces"], undefined);
    const text = JSON.stringify(kit.events);
    for (const { body } of [first, second]) {
      for (const token of [body["refresh_token"], body["access_token"]]) assert.ok(!text.includes(token ?? "?"));
    }
  });
});
