import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import { openIssuerKit } from "../../testing/issuer-kit.ts";
import { HOME, type IssuerVisits } from "../../testing/issuer-visits.ts";
import type { Grant, GrantPage, GrantRevocation } from "./grants.ts";

const OFFICE = { ip: "198.51.100.20", agent: "Gallery/4.2 CFNetwork/1568 Darwin/24.5.0" };
const MARK = "device_mark";

describe("grants", () => {
  let kit: IssuerVisits;
  before(async () => {
    kit = await openIssuerKit({
      recogniseDevice: (headers) => new RegExp(`${MARK}=(\\w+)`).exec(headers.get("cookie") ?? "")?.[1],
    });
    await kit.registerClients();
  });
  after(() => kit[Symbol.asyncDispose]());

  function valueOf<Value>(outcome: Outcome): Value {
    assert.ok(outcome.ok, JSON.stringify(outcome));
    // The caller names the value of the action it asks for.
    return outcome.value as Value;
  }
  const list = async (input: object = {}): Promise<GrantPage> =>
    valueOf(await kit.gatehouse.operate("grants.list", { state: "lasting", ...input }));
  const revoke = async (input: object): Promise<GrantRevocation> =>
    valueOf(await kit.gatehouse.operate("grants.revoke", { reason: "a test", ...input }));
  const clear = () => Promise.all(["ada", "grace"].map((account) => revoke({ account })));

  it("say where they were consented to and used from, and no place of them is readable in the store", async () => {
    await clear();
    const tokens = await kit.redeem(
      "app",
      await kit.consent("app", HOME, { browser: new Map([[MARK, "laptop"]]) }),
      OFFICE,
    );
    await kit.refresh(tokens.body["refresh_token"], OFFICE);
    const { grants, next } = await list({ account: "ada" });
    assert.equal(next, undefined);
    const [grant] = grants;
    assert.deepEqual([grants.length, grant?.client, grant?.state, grant?.generation], [1, "app", "active", 2]);
    assert.deepEqual([grant?.signIn?.device, grant?.signIn?.agent], ["browser-laptop", "Firefox on Linux"]);
    assert.deepEqual([grant?.last?.ip, grant?.last?.agent], [OFFICE.ip, "Gallery on macOS"]);
    const rows = await kit.gatehouse.services.store.read((reading) =>
      reading.execute({ sqlite: "SELECT * FROM oauth_grants", postgres: "SELECT * FROM oauth_grants" }, []),
    );
    const text = JSON.stringify(rows);
    for (const place of [HOME.ip, OFFICE.ip, "Firefox", "laptop"]) assert.ok(!text.includes(place));
  });

  it("are found by person, client, device, address, subnet and family", async () => {
    await clear();
    await kit.redeem("app", await kit.consent("app", HOME, { browser: new Map([[MARK, "phone"]]) }), HOME);
    await kit.signIn("tool", OFFICE, "grace");
    const found = async (input: object) => (await list(input)).grants.map(({ account }) => account).toSorted();
    const [first] = (await list({ account: "grace" })).grants;
    assert.deepEqual(await found({}), ["ada", "grace"]);
    assert.deepEqual(await found({ client: "tool" }), ["grace"]);
    assert.deepEqual(await found({ device: "browser-phone" }), ["ada"]);
    assert.deepEqual(await found({ ip: HOME.ip }), ["ada"]);
    assert.deepEqual(await found({ ip: "198.51.100.0/24" }), ["grace"]);
    assert.deepEqual(await found({ ip: "198.51.100.0/24", device: "browser-phone" }), []);
    assert.deepEqual(await found({ family: first?.family }), ["grace"]);
    const refused = await kit.gatehouse.operate("grants.list", { ip: "300.1.1.1" });
    assert.equal(!refused.ok && refused.problem.code, "VALIDATION_ERROR");
  });

  it("are listed page by page", async () => {
    await clear();
    for (let index = 0; index < 5; index += 1) await kit.signIn();
    const seen: Grant[] = [];
    let after: string | undefined;
    do {
      const page = await list({ limit: 2, ...(after === undefined ? {} : { after }) });
      seen.push(...page.grants);
      after = page.next;
    } while (after !== undefined);
    assert.equal(new Set(seen.map(({ family }) => family)).size, 5);
  });

  it("end by each of these, and the trail has the reason", async () => {
    for (const selection of [
      { account: "ada" },
      { client: "app" },
      { device: "browser-tablet" },
      { ip: HOME.ip },
      { ip: "203.0.113.0/24" },
      { account: "ada", client: "app" },
    ]) {
      await clear();
      const stays = await kit.signIn("tool", OFFICE, "grace");
      const browser = new Map([[MARK, "tablet"]]);
      const goes = await kit.redeem("app", await kit.consent("app", HOME, { browser }), HOME);
      const { grants } = await revoke({ ...selection, reason: "a lost tablet" });
      assert.equal(grants, 1, JSON.stringify(selection));
      for (const name of ["access_token", "refresh_token"]) {
        const [own, others] = name === "access_token" ? ["api", "api"] : ["app", "tool"];
        assert.equal(await kit.active(goes.body[name], own), false, `${name} after ${JSON.stringify(selection)}`);
        assert.equal(await kit.active(stays.body[name], others), true, `${name} of another`);
      }
      const event = kit.events.findLast(({ name }) => name === "oauth_grant_revoked");
      assert.deepEqual([event?.context["reason"], event?.context["grants"]], ["a lost tablet", 1]);
      const [ended] = (await list({ account: "ada", state: "ended" })).grants;
      const { at: _, ...ending } = ended?.ending ?? {};
      assert.deepEqual(ending, { cause: "operator", by: "system:command-line", reason: "a lost tablet" });
    }
  });

  it("cannot be ended all at once by leaving out which", async () => {
    const outcome = await kit.gatehouse.operate("grants.revoke", { reason: "everything" });
    assert.equal(!outcome.ok && outcome.problem.code, "VALIDATION_ERROR");
  });

  it("end with all tokens of a client, those it has of itself among them", async () => {
    const form = { grant_type: "client_credentials", resource: "https://api.example/", scope: "photos:read" };
    const { body } = await kit.post("/oauth/token", form, { client: "api" });
    assert.equal(await kit.active(body["access_token"]), true);
    await revoke({ client: "api" });
    assert.equal(await kit.active(body["access_token"]), false);
    assert.equal((await kit.post("/oauth/token", form, { client: "api" })).status, 200, "the client itself stays");
  });

  it("do not begin with a code that was issued before a revocation", async () => {
    for (const selection of [{ account: "ada" }, { client: "app" }, { ip: HOME.ip }]) {
      await clear();
      const consent = await kit.consent("app", HOME);
      await revoke(selection);
      assert.equal((await kit.redeem("app", consent, HOME)).status, 400, JSON.stringify(selection));
    }
  });

  it("are a person's own to see and to end, and nobody else's", async () => {
    await clear();
    const tokens = await kit.signIn("app", HOME, "ada");
    const { store } = kit.gatehouse.services;
    const { grants } = kit.identity;
    const owned = (owner: AccountKey) => store.read((reading) => grants.ownedBy(reading, owner));
    const [own] = await owned({ tenant: "default", id: "ada" });
    assert.ok(own !== undefined);
    assert.deepEqual(await owned({ tenant: "default", id: "grace" }), []);
    assert.deepEqual(await owned({ tenant: "another", id: "ada" }), []);
    const end = (owner: AccountKey) => store.write((writing) => grants.revokeOwn(writing, owner, own.family));
    assert.equal(await end({ tenant: "default", id: "grace" }), false, "another person");
    assert.equal(await end({ tenant: "another", id: "ada" }), false, "another tenant");
    assert.equal(await kit.active(tokens.body["access_token"]), true);
    assert.equal(await end({ tenant: "default", id: "ada" }), true);
    assert.equal(await end({ tenant: "default", id: "ada" }), false);
    assert.equal(await kit.active(tokens.body["access_token"]), false);
  });

  it("end when their client gives a token back, and the record says so", async () => {
    await clear();
    const { body } = await kit.signIn("app", HOME, "ada");
    await kit.post("/oauth/revoke", { token: body["refresh_token"] ?? "" }, { client: "app" });
    assert.equal(await kit.active(body["access_token"]), false);
    const [ended] = (await list({ account: "ada", state: "ended" })).grants;
    assert.deepEqual([ended?.ending?.cause, ended?.ending?.by], ["client", "client:app"]);
  });
});
