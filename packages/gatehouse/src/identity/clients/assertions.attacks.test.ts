// A client that proves itself by a signature sends something that others can see and send again, and a header that says
// how to check it. Whoever replays one, signs with what is public, or leaves the signature out, would be that client.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exportJWK, SignJWT, type CryptoKey, type JWK, type JWTHeaderParameters } from "jose";
import { systemClock } from "../../kernel/clock.ts";
import { clientKitKey, openClientKit, type ClientKit } from "../../testing/client-kit.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import type { ClientSettings } from "./client-settings.ts";

const AT_ONCE = 32;
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = String(publicKey.export({ type: "spki", format: "pem" }));

async function ownKey(): Promise<ClientSettings> {
  const key: JWK = { ...(await exportJWK(publicKey)), alg: "RS256", use: "sig", kid: "own" };
  return { name: "Signer", authentication: "private_key_jwt", jwks: { keys: [{ ...key }] } };
}

function assertion(
  kit: Pick<ClientKit, "origin">,
  id: string,
  {
    header,
    jti = crypto.randomUUID(),
    key,
  }: { header: JWTHeaderParameters; jti?: string; key: CryptoKey | Uint8Array | typeof privateKey },
): Promise<string> {
  return new SignJWT({ jti })
    .setProtectedHeader(header)
    .setIssuer(id)
    .setSubject(id)
    .setAudience(kit.origin)
    .setExpirationTime("1m")
    .sign(key);
}

const sendTo = async (kit: ClientKit, text: string) =>
  (
    await kit.token({
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: text,
    })
  ).status;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("signatures of clients", () => {
  let kit: ClientKit;
  before(async () => {
    kit = await openClientKit();
  });
  after(() => kit[Symbol.asyncDispose]());

  it("count once, however many times one is sent at once", async () => {
    const { id } = await kit.client(await ownKey());
    const text = await assertion(kit, id, { header: { alg: "RS256" }, key: privateKey });
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => sendTo(kit, text)));
    assert.equal(answers.filter((status) => status === 200).length, 1);
    assert.equal(await sendTo(kit, text), 401);
  });

  it("are not made with a public key taken for a secret", async () => {
    const { id } = await kit.client(await ownKey());
    for (const secret of [PEM, PEM.trim(), JSON.stringify(await exportJWK(publicKey))]) {
      const text = await assertion(kit, id, { header: { alg: "HS256" }, key: bytes(secret) });
      assert.equal(await sendTo(kit, text), 401);
    }
  });

  it("are not left out", async () => {
    for (const settings of [await ownKey(), { name: "Secretive", authentication: "client_secret_jwt" } as const]) {
      const { id } = await kit.client(settings);
      const claims = { iss: id, sub: id, aud: kit.origin, jti: crypto.randomUUID(), exp: 9_999_999_999 };
      for (const alg of ["none", "None", "HS256", "RS256"]) {
        assert.equal(await sendTo(kit, `${part({ alg })}.${part(claims)}.`), 401, alg);
      }
    }
  });

  it("are not made with another kind of key, or a key of one's own in the header", async () => {
    const { id, secret } = await kit.client({ name: "Secretive", authentication: "client_secret_jwt" });
    const jwk = await exportJWK(publicKey);
    assert.equal(await sendTo(kit, await assertion(kit, id, { header: { alg: "RS256", jwk }, key: privateKey })), 401);
    assert.equal(await sendTo(kit, await assertion(kit, id, { header: { alg: "HS256" }, key: bytes(secret) })), 200);
  });

  it("are not made with what the engine takes for the secret of a client whose secret nobody keeps", async () => {
    const { id, secret } = await kit.client({ name: "Basic" });
    for (const text of [secret, "", "undefined"].map(bytes)) {
      if (text.byteLength === 0) continue;
      assert.equal(await sendTo(kit, await assertion(kit, id, { header: { alg: "HS256" }, key: text })), 401);
    }
  });
});

describe("signatures of clients at two servers of one database", { skip: await skipWithout("postgres") }, () => {
  it("count once between them", async () => {
    await using service = await startPostgres();
    await using database = await service.createDatabase();
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-keys-"));
    const keys = [await clientKitKey()];
    const config = {
      store: { engine: "postgres", postgresUrl: database.url },
      keys: { file: join(directory, "keys.json") },
    };
    await using first = await openClientKit({ config, keys, clock: systemClock });
    await using second = await openClientKit({ config, keys, clock: systemClock, issuer: () => first.origin });
    const { id } = await first.client(await ownKey());
    for (let round = 0; round < 3; round += 1) {
      const text = await assertion(first, id, { header: { alg: "RS256" }, key: privateKey });
      const sent = Array.from({ length: AT_ONCE }, (_, index) => sendTo(index % 2 === 0 ? first : second, text));
      assert.equal((await Promise.all(sent)).filter((status) => status === 200).length, 1);
    }
    await rm(directory, { recursive: true, force: true });
  });
});
