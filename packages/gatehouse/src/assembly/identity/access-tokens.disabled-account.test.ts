import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { UnitOfWork } from "../../identity/engine/unit-of-work.ts";
import { systemClock } from "../../kernel/clock.ts";
import { requireConfig } from "../../kernel/config.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";

const Created = z.object({ id: z.string() });

async function operate({ operate: attempt }: Gatehouse, action: string, input: object): Promise<unknown> {
  const outcome = await attempt(action, input);
  assert.ok(outcome.ok, outcome.ok ? "" : outcome.problem.code);
  return outcome.value;
}

/*
 * Somebody whose account was disabled goes on with an access token from before, until it expires. Disabling takes the
 * tokens back, and one that is written at the same moment finds no account.
 */
describe("an access token of a disabled account", () => {
  it("counts no longer, not even one that comes after", async () => {
    using directory = createTemporaryDirectory();
    const file = { profile: "development", dataDirectory: directory.path, console: { enabled: false } };
    const config = requireConfig({ file, clock: systemClock });
    await using gatehouse = await openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
    const { identity, store } = gatehouse.services;
    assert.ok(identity !== undefined);
    await identity.issuers.ready();
    const ada = { email: "ada@example.org", name: "Ada", locale: "en", grants: [] };
    const { id: account } = Created.parse(await operate(gatehouse, "accounts.create", ada));
    const issue = async (id: string): Promise<void> => {
      const { codec } = identity.issuers.of("default");
      const read: typeof store.read = (look) => store.read(look);
      const work = new UnitOfWork({ codec, read, artifacts: identity.artifacts, grace: 0, now: systemClock.now });
      const exp = Math.floor(systemClock.now() / 1000) + 600;
      const payload = { clientId: "app", accountId: account, aud: "https://api.example/", scope: "photos:read", exp };
      work.put({ kind: "AccessToken", id, payload, lifetime: 600 });
      await store.write((transaction) => work.commit(transaction));
    };
    await issue("before");
    const found = await identity.accessTokens.find("default", "before");
    assert.deepEqual([found?.account, found?.scopes], [account, ["photos:read"]]);
    assert.equal(await identity.accessTokens.find("other", "before"), undefined);
    await operate(gatehouse, "accounts.disable", { id: account });
    await issue("after");
    for (const token of ["before", "after"]) {
      assert.equal(await identity.accessTokens.find("default", token), undefined, token);
    }
  });
});
