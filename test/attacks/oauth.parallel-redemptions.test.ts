/**
 * Whoever has read a code, a token or an assertion on its way sends it in the same moment as its owner, many times and
 * to every server at once, hoping that none of them has heard yet that it was used. Of all who come, one is served.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { askServer, controlSocketPath } from "gatehouse/control";
import { skipWithout } from "gatehouse/testing";
import { exportJWK, SignJWT } from "jose";
import {
  IDENTITY_CONFIG,
  IDENTITY_ENVIRONMENT,
  introspect,
  look,
  presentAssertion,
  redeem,
  refresh,
  signIn,
  textIn,
  type DoorAnswer,
} from "../faults/identity/door.ts";
import { startIdentityPair } from "../faults/identity/pair.ts";
import { startServer, type ServerProcess } from "../support/server-process.ts";

const AT_ONCE = 32;
const ROUNDS = 3;
const WITHOUT_POSTGRES = await skipWithout("postgres");

/** Servers of one issuer. */
interface Installation {
  readonly servers: readonly [ServerProcess, ...ServerProcess[]];
  readonly issuer: string;
}

function describeRaces(open: (stack: AsyncDisposableStack) => Promise<Installation>): void {
  const stack = new AsyncDisposableStack();
  let servers: Installation["servers"];
  let issuer: string;
  before(async () => {
    ({ servers, issuer } = await open(stack));
  });
  after(() => stack.disposeAsync());

  /** Sends the same to all servers in turn, all at once. */
  function race(send: (origin: string, index: number) => Promise<DoorAnswer>): Promise<DoorAnswer[]> {
    const origins = servers.map(({ url }) => url);
    const insist = async (index: number): Promise<DoorAnswer> => {
      const answer = await send(origins[index % origins.length] ?? "", index);
      // Servers that are at odds with each other for too long ask to be asked again.
      return answer.status === 503 ? insist(index) : answer;
    };
    return Promise.all(Array.from({ length: AT_ONCE }, (_, index) => insist(index)));
  }

  /** The answers of those who were served; the others must have been refused as one refuses what was used. */
  function served(answers: readonly DoorAnswer[], refusal: readonly [status: number, error: unknown]): DoorAnswer[] {
    for (const { status, body } of answers) {
      if (status !== 200) assert.deepEqual([status, body["error"]], refusal, JSON.stringify(body));
    }
    return answers.filter(({ status }) => status === 200);
  }

  it("redeems a code once, and takes back what it was redeemed for", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const code = await signIn(servers[0].url);
      const answers = await race((origin) => redeem(origin, code));
      const [tokens, ...more] = served(answers, [400, "invalid_grant"]);
      assert.ok(tokens !== undefined && more.length === 0, `${more.length} more tokens`);
      for (const { url } of servers) {
        const { body } = await introspect(url, textIn(tokens.body, "access_token"), "app");
        assert.equal(body["active"], false);
        assert.equal((await refresh(url, textIn(tokens.body, "refresh_token"))).status, 400);
      }
    }
  });

  it("answers all who refresh with one token with one and the same pair", async () => {
    const { body } = await redeem(servers[0].url, await signIn(servers[0].url));
    let token = textIn(body, "refresh_token");
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await race((origin) => refresh(origin, token));
      assert.equal(served(answers, [400, "invalid_grant"]).length, AT_ONCE);
      const pairs = new Set(answers.map((answer) => `${answer.body["access_token"]} ${answer.body["refresh_token"]}`));
      assert.equal(pairs.size, 1);
      assert.notEqual(answers[0]?.body["refresh_token"], token);
      token = textIn(answers[0]?.body ?? {}, "refresh_token");
    }
  });

  it("takes a client's assertion once", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: "ES256", use: "sig" }] };
    const input = { name: "Signer", authentication: "private_key_jwt", grantTypes: ["client_credentials"], jwks };
    const created = await askServer(controlSocketPath(servers[0].data), { action: "clients.create", input });
    assert.ok(created?.outcome.ok === true, JSON.stringify(created));
    const client = textIn(Object(created.outcome.value), "id");
    for (let round = 0; round < ROUNDS; round += 1) {
      const assertion = await new SignJWT({ jti: randomUUID(), iss: client, sub: client, aud: issuer })
        .setProtectedHeader({ alg: "ES256" })
        .setExpirationTime("1m")
        .sign(privateKey);
      const answers = await race((origin) => presentAssertion(origin, assertion));
      assert.equal(served(answers, [401, "invalid_client"]).length, 1);
    }
  });

  it("lets one in with a recovery code", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { body } = await look(servers[0].url, "/drill/recovery-codes");
      const [code] = Array.isArray(body["codes"]) ? body["codes"] : [];
      // From an address each, so that nothing but the code's being used keeps anybody out.
      const answers = await race((origin, index) => look(origin, `/drill/recover?code=${code}&ip=198.51.100.${index}`));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal(answers.filter(({ body: { refused } }) => refused === "FACTOR_REFUSED").length, AT_ONCE - 1);
    }
  });
}

describe("redemptions at the same moment", () => {
  describe("on SQLite", () => {
    describeRaces(async (stack) => {
      const server = stack.use(await startServer({ config: IDENTITY_CONFIG, environment: IDENTITY_ENVIRONMENT }));
      return { servers: [server], issuer: server.url };
    });
  });

  describe("on PostgreSQL, at one server", { skip: WITHOUT_POSTGRES }, () => {
    describeRaces(async (stack) => {
      const { servers, issuer } = stack.use(await startIdentityPair());
      return { servers: [servers[0]], issuer };
    });
  });

  describe("on PostgreSQL, at two servers", { skip: WITHOUT_POSTGRES }, () => {
    describeRaces(async (stack) => stack.use(await startIdentityPair()));
  });
});
