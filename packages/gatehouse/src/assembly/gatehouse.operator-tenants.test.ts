import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { createTemporaryDirectory } from "../testing/sqlite-fixture.ts";
import { openGatehouse } from "./gatehouse.ts";

/*
 * An operator who mistypes a tenant must not reach into another's: neither find people of it, nor change them by an
 * identifier that is right elsewhere.
 */
describe("an operator in a tenant", () => {
  it("finds and changes what is of that tenant, and nothing in any other", async () => {
    using directory = createTemporaryDirectory();
    const file = { profile: "development", dataDirectory: directory.path, console: { enabled: false } } as const;
    const config = requireConfig({ file: { ...file, identity: { algorithms: ["ES256"] } }, clock: systemClock });
    const machine = { clock: systemClock, random: systemRandom, log: "quiet" } as const;
    await using gatehouse = await openGatehouse({ config, ...machine });
    const ask = async (tenant: string | undefined, action: string, input: object) => {
      const outcome = await gatehouse.operate(action, input, tenant);
      return outcome.ok ? Object(outcome.value) : outcome.problem.code;
    };
    const ada = { email: "ada@example.org", name: "Ada" };
    const { id } = await ask("harbour", "accounts.create", ada);
    const found = async (tenant: string | undefined) =>
      (await ask(tenant, "accounts.list", {})).accounts.map((account: { id: string }) => account.id);
    assert.deepEqual(await found("harbour"), [id]);
    const { id: client } = await ask("harbour", "clients.create", { name: "Robot", redirectUris: [] });
    for (const wrong of [undefined, "harbor", "summit"]) {
      assert.deepEqual(await found(wrong), []);
      assert.equal(await ask(wrong, "accounts.show", { email: ada.email }), "NOT_FOUND");
      assert.equal(await ask(wrong, "accounts.disable", { id }), "NOT_FOUND");
      assert.equal(await ask(wrong, "accounts.delete", { id }), "NOT_FOUND");
      assert.deepEqual(await ask(wrong, "clients.list", {}), { clients: [] });
      assert.equal(await ask(wrong, "clients.disable", { id: client }), "NOT_FOUND");
      assert.deepEqual(await ask(wrong, "grants.list", { account: id }), { grants: [], next: undefined });
    }
    assert.equal((await ask("harbour", "accounts.show", { id })).state, "active");
    assert.equal((await ask("harbour", "clients.list", {})).clients[0].state, "active");
    assert.notEqual((await ask("summit", "accounts.create", ada)).id, id);
    assert.deepEqual(await ask("harbour", "accounts.disable", { id }), { id });
  });
});
