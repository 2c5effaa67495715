/**
 * Somebody who was dismissed still has an application with a refresh token that is good for a month. Disabling the
 * account takes it away, and keeps it away when the account is enabled again.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Services } from "../../assembly/application.ts";
import { openIssuerKit } from "../../testing/issuer-kit.ts";
import type { IssuerVisits } from "../../testing/issuer-visits.ts";
import { createAccounts } from "../../store/sql/identity/accounts.ts";
import { createOAuthArtifacts } from "../../store/sql/identity/oauth-artifacts.ts";
import { createSessions } from "../../store/sql/sessions.ts";
import { AccountSecrets } from "../accounts/account-secrets.ts";
import { Directory } from "../accounts/directory.ts";

describe("a refresh token of a disabled account", () => {
  let kit: IssuerVisits;
  let directory: Directory;
  before(async () => {
    kit = await openIssuerKit({ findAccount });
    await kit.registerClients();
  });
  after(() => kit[Symbol.asyncDispose]());

  function findAccount({ keyRing, sealer, ids, clock, store }: Services) {
    const stores = { accounts: createAccounts(), sessions: createSessions(), artifacts: createOAuthArtifacts() };
    directory = new Directory({ ...stores, ids, clock, secrets: new AccountSecrets({ keyRing, sealer }) });
    return (tenant: string) => async (_context: unknown, id: string) => {
      const account = await store.read((reading) => directory.find(reading, { tenant, id }));
      return account?.state === "active" ? { accountId: id, claims: async () => ({ sub: id }) } : undefined;
    };
  }

  it("is refused from then on, and its access tokens are not active", async () => {
    const { store } = kit.gatehouse.services;
    const person = {
      tenant: "default",
      email: "ada@example.org",
      verified: true,
      name: "Ada",
      locale: "en",
      grants: [],
    };
    const account = await store.write((writing) => directory.create(writing, person));
    assert.ok(account !== undefined);
    const { body } = await kit.redeem("app", await kit.consent("app", {}, { account: account.id }));
    const renewed = await kit.refresh(body["refresh_token"]);
    assert.equal(renewed.status, 200);
    await store.write((writing) => directory.change(writing, account, { state: "disabled" }));
    assert.equal(await kit.active(renewed.body["access_token"]), false);
    assert.equal((await kit.refresh(renewed.body["refresh_token"])).status, 400);
    await store.write((writing) => directory.change(writing, account, { state: "active" }));
    assert.equal((await kit.refresh(renewed.body["refresh_token"])).status, 400);
    const { grants } = await store.read((reading) =>
      kit.identity.grants.list(reading, "default", { account: account.id, limit: 10 }),
    );
    assert.deepEqual(
      grants.map(({ state, ending }) => [state, ending?.cause]),
      [["ended", "account_changed"]],
    );
  });
});
