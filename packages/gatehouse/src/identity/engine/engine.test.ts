import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import { createKeyRing } from "../../kernel/key-ring.ts";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { systemClock } from "../../kernel/clock.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createSealer } from "../../kernel/seal.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { createOAuthArtifacts } from "../../store/sql/identity/oauth-artifacts.ts";
import { createSqliteFixture } from "../../testing/sqlite-fixture.ts";
import { ArtifactCodec } from "./artifact-codec.ts";
import { callEngine } from "./engine-call.ts";
import { LIFETIMES } from "./configuration.ts";
import { buildEngine, type IssuerEngine } from "./provider.ts";
import { UnitOfWork } from "./unit-of-work.ts";

const ISSUER = "https://id.example";

describe("the engine on our store", () => {
  let engine: IssuerEngine;
  let store: Store;
  let fixture: Awaited<ReturnType<typeof createSqliteFixture>>;
  const artifacts = createOAuthArtifacts();
  const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
  const sealer = createSealer({ keyRing, random: systemRandom, clock: systemClock });
  const codec = new ArtifactCodec({ keyRing, sealer, tenant: "default" });

  before(async () => {
    fixture = await createSqliteFixture();
    store = await fixture.open(coreMigrations);
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const key = { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" };
    engine = buildEngine({
      issuer: ISSUER,
      keys: [key],
      cookieKeys: ["secret"],
      lifetimes: LIFETIMES,
      resources: [],
      publicClients: true,
      findAccount: async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
      interactionPath: (uid) => `/sign-in/${uid}`,
    });
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  function unit(): UnitOfWork {
    return new UnitOfWork({
      codec,
      artifacts,
      read: (work) => store.read(work),
      now: () => systemClock.now(),
      grace: 10_000,
    });
  }

  async function call(
    method: string,
    path: string,
    form?: Record<string, string>,
    headers: Record<string, string> = {},
  ) {
    const work = unit();
    const request = {
      method,
      url: new URL(path, ISSUER),
      headers: new Headers({ ...headers, ...(form ? { "content-type": "application/x-www-form-urlencoded" } : {}) }),
      body: form === undefined ? undefined : new TextEncoder().encode(new URLSearchParams(form).toString()),
      ip: "192.0.2.1",
    };
    const answer = await engine.within(work, () => callEngine(engine.listener, request));
    await store.write((transaction) => work.commit(transaction));
    return answer;
  }

  it("describes itself", async () => {
    const { status, body } = await call("GET", "/.well-known/openid-configuration");
    assert.equal(status, 200);
    const document = JSON.parse(body);
    assert.equal(document.issuer, ISSUER);
    assert.equal(document.token_endpoint, `${ISSUER}/oauth/token`);
  });

  it("issues tokens to a client that is registered", async () => {
    const work = unit();
    const payload = {
      client_id: "machine",
      client_secret: "s".repeat(64),
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    };
    work.put({ kind: "Client", id: "machine", payload });
    await store.write((transaction) => work.commit(transaction));
    const authorization = `Basic ${Buffer.from(`machine:${"s".repeat(64)}`).toString("base64")}`;
    const answer = await call("POST", "/oauth/token", { grant_type: "client_credentials" }, { authorization });
    assert.equal(answer.status, 200, answer.body);
    const { access_token: token } = JSON.parse(answer.body);
    const looked = await call("POST", "/oauth/introspect", { token }, { authorization });
    assert.equal(JSON.parse(looked.body).active, true, looked.body);

    await call("POST", "/oauth/token", { grant_type: "client_credentials" }, { authorization });
  });
});
