import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FindAccount } from "oidc-provider";
import { KIT_TENANT, openAccountKit } from "../testing/account-kit.ts";
import { createFindAccount } from "./claims.ts";

// No account looks at the context of the engine.
const CONTEXT = {} as Parameters<FindAccount>[0];

describe("what the engine is told of accounts", () => {
  it("is who they are, for as long as they may sign in, within their tenant", async () => {
    await using kit = await openAccountKit();
    const { directory } = kit.services;
    const account = await kit.join("ada@example.org");
    const find = createFindAccount({ directory, store: kit.store }, KIT_TENANT);
    const found = await find(CONTEXT, account.id);
    assert.deepEqual(await found?.claims("id_token", "openid", {}, []), {
      ...{ sub: account.id, name: "Ada", locale: "en", updated_at: Math.floor(account.changedAt / 1000) },
      ...{ email: "ada@example.org", email_verified: true },
    });
    const elsewhere = createFindAccount({ directory, store: kit.store }, "other");
    assert.equal(await elsewhere(CONTEXT, account.id), undefined);
    await kit.write((writing) => directory.change(writing, account, { state: "disabled" }));
    assert.equal(await find(CONTEXT, account.id), undefined);
  });

  it("is nothing for identifiers no account can have", async () => {
    await using kit = await openAccountKit();
    const find = createFindAccount({ directory: kit.services.directory, store: kit.store }, KIT_TENANT);
    for (const id of ["", "ada", "' OR 1=1", "\0"]) assert.equal(await find(CONTEXT, id), undefined);
  });

  it("says that an address is not proven", async () => {
    await using kit = await openAccountKit();
    const { directory } = kit.services;
    const person = { tenant: KIT_TENANT, email: "g@example.org", name: "Grace", locale: "en", grants: [] };
    const account = await kit.write((writing) => directory.create(writing, { ...person, verified: false }));
    const found = await createFindAccount({ directory, store: kit.store }, KIT_TENANT)(CONTEXT, account?.id ?? "");
    assert.partialDeepStrictEqual(await found?.claims("id_token", "openid", {}, []), { email_verified: false });
  });
});
