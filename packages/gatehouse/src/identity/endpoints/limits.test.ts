import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLIENT_KIT_API, CLIENT_KIT_TENANT, openClientKit, type ClientKit } from "../../testing/client-kit.ts";
import { eventually } from "../../testing/sqlite-fixture.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createOAuthArtifacts } from "../../store/sql/identity/oauth-artifacts.ts";
import { UnitOfWork } from "../engine/unit-of-work.ts";

const MINUTE = 60_000;
const CONFIG = { limits: { perIp: { limit: 100_000 } } };
const HERE = "198.51.100.1";

/** An identity provider whose callers are counted, at a time that stands still. */
async function openLimited(more: Parameters<typeof openClientKit>[0] = {}) {
  const clock = createFakeClock(Date.now());
  const kit = await openClientKit({ clock, config: CONFIG, ...more });
  return { clock, kit, [Symbol.asyncDispose]: () => kit[Symbol.asyncDispose]() };
}

const form = (fields: Readonly<Record<string, string>>): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(fields),
});

function basic({ id, secret }: { readonly id: string; readonly secret: string }): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
}

function askToken(kit: ClientKit, client: { readonly id: string; readonly secret: string }, from: string) {
  const grant = { grant_type: "client_credentials", resource: CLIENT_KIT_API };
  return kit.ask("/oauth/token", { ...form(grant), headers: basic(client), from });
}

describe("limits of the endpoints", () => {
  it("let 60 token requests pass, and not the next", async () => {
    await using limited = await openLimited();
    const { kit, clock } = limited;
    const client = await kit.client({ name: "Machine" });
    for (let count = 1; count <= 60; count += 1) {
      const { status, headers } = await askToken(kit, client, HERE);
      assert.equal(status, 200, `request ${count}`);
      assert.equal(headers.get("x-ratelimit-limit"), "60");
      assert.equal(headers.get("x-ratelimit-remaining"), String(60 - count));
    }
    const refused = await askToken(kit, client, HERE);
    assert.equal(refused.status, 429);
    assert.deepEqual(refused.body, {
      error: "rate_limit_exceeded",
      error_description: "Too many requests",
      retry_after: 60,
    });
    assert.equal(refused.headers.get("retry-after"), "60");
    assert.equal(refused.headers.get("x-ratelimit-remaining"), "0");
    const reset = Number(refused.headers.get("x-ratelimit-reset"));
    assert.equal(reset, Math.ceil((clock.now() + MINUTE) / 1000));
    await clock.advance(MINUTE + 1);
    assert.equal((await askToken(kit, client, HERE)).status, 200);
  });

  it("count look-ups of a client wherever they come from, once it has proven to be that client", async () => {
    await using limited = await openLimited();
    const { kit } = limited;
    const client = await kit.client({ name: "Resource server" });
    const look = (number: number) =>
      kit.ask("/oauth/introspect", {
        ...form({ token: "x" }),
        headers: basic(client),
        from: `203.0.113.${number % 4}`,
      });
    for (let number = 0; number < 180; number += 1) assert.equal((await look(number)).status, 200, String(number));
    const refused = await look(180);
    assert.deepEqual([refused.status, refused.body["error"]], [429, "rate_limit_exceeded"]);
  });

  it("count what is told of a person by that person, and not by the back end that asks", async () => {
    await using limited = await openLimited();
    const { kit } = limited;
    const tokens = await Promise.all(["ada", "bob"].map((account) => userToken(kit, account)));
    const ask = (token: string | undefined) =>
      kit.ask("/oauth/userinfo", { headers: { authorization: `Bearer ${token}` }, from: HERE });
    for (let count = 1; count <= 300; count += 1) {
      assert.equal((await ask(tokens[0])).status, 200, `request ${count}`);
    }
    assert.equal((await ask(tokens[0])).status, 429);
    assert.equal((await ask(tokens[1])).status, 200, "somebody else, from the same back end");
    const { bans } = kit.gatehouse.services;
    assert.deepEqual(bans.list(), [], "the back end is not punished for one person");
  });

  it("are a quarter in an emergency, which ends by itself", async () => {
    await using limited = await openLimited();
    const { kit, clock } = limited;
    const client = await kit.client({ name: "Machine" });
    const set = { measure: "tight-limits", reason: "flood", minutes: 60 };
    assert.equal((await kit.gatehouse.operate("emergency.set", set)).ok, true);
    const answers = [];
    for (let count = 0; count < 16; count += 1) answers.push((await askToken(kit, client, HERE)).status);
    assert.deepEqual(answers.filter((status) => status === 200).length, 15);
    await clock.advance(60 * MINUTE + 1);
    assert.equal(kit.gatehouse.services.emergency.isOn("tight-limits"), false);
    assert.equal((await askToken(kit, client, HERE)).headers.get("x-ratelimit-limit"), "60");
  });

  it("ban who goes over them three times for an hour, and ten times for a day", async () => {
    await using limited = await openLimited();
    const { kit, clock } = limited;
    const { bans } = kit.gatehouse.services;
    const client = await kit.client({ name: "Machine" });
    const overrun = async (): Promise<void> => {
      for (let count = 0; count < 61; count += 1) await askToken(kit, client, HERE);
      await clock.advance(MINUTE + 1);
    };
    for (let violation = 0; violation < 3; violation += 1) await overrun();
    await eventually(() => bans.list().length > 0);
    const [soft] = bans.list();
    assert.deepEqual([soft?.subject.value, soft?.entrance, length(soft)], [HERE, "oauth", 60]);
    assert.equal((await askToken(kit, client, HERE)).status, 403);
    await clock.advance(61 * MINUTE);
    assert.equal((await askToken(kit, client, HERE)).status, 200);
    const lengths = [];
    for (let violation = 4; violation <= 10; violation += 1) {
      await overrun();
      await eventually(() => bans.list().length > 0);
      lengths.push(length(bans.list()[0]));
      await clock.advance(61 * MINUTE);
    }
    assert.deepEqual(lengths, [60, 60, 60, 60, 60, 60, 1440]);
    assert.equal(bans.list()[0]?.entrance, undefined, "at every entrance");
  });
});

function length(ban: { readonly createdAt: number; readonly expiresAt: number } | undefined): number | undefined {
  return ban === undefined ? undefined : (ban.expiresAt - ban.createdAt) / MINUTE;
}

/** An access token of a person, as the engine has issued it. */
async function userToken(kit: ClientKit, account: string): Promise<string> {
  const { store, clock } = kit.gatehouse.services;
  const { engine, codec } = kit.identity.issuers.of(CLIENT_KIT_TENANT);
  const { id } = await kit.client({ name: "App", redirectUris: ["https://app.example/"] });
  const read: typeof store.read = (look) => store.read(look);
  const work = new UnitOfWork({ codec, artifacts: createOAuthArtifacts(), read, grace: 0, now: () => clock.now() });
  const token = await engine.within(work, async () => {
    const { AccessToken, Client, Grant } = engine.provider;
    const client = await Client.find(id);
    assert.ok(client !== undefined);
    const grant = new Grant({ accountId: account, clientId: id });
    grant.addOIDCScope("openid");
    const grantId = await grant.save();
    return new AccessToken({
      accountId: account,
      client,
      grantId,
      scope: "openid",
      gty: "authorization_code",
    }).save();
  });
  await store.write((writing) => work.commit(writing));
  return token;
}
