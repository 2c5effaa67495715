import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, type GenerateKeyPairResult, type JWK, type JWTPayload } from "jose";
import { OAuthKit } from "../../testing/oauth-kit.ts";

/*
 * An attacker has read a token that is bound to a key, and perhaps a request with its proof, and wants to use them
 * without the key. A proof counts once, for one request, one token and one minute, and is made by the key that the token
 * names.
 */
describe("a proof that is not of the request it comes with", () => {
  let kit: OAuthKit;
  let key: GenerateKeyPairResult;
  let jwk: JWK;
  let token: string;
  before(async () => {
    kit = await OAuthKit.open({ proofNonces: false });
    key = await generateKeyPair("ES256", { extractable: true });
    jwk = await exportJWK(key.publicKey);
    token = await kit.token({ key });
  });
  after(() => kit[Symbol.asyncDispose]());

  const now = () => Math.floor(Date.now() / 1000);
  const ath = (text: string) => hash("sha256", text, "base64url");
  const claims = (): JWTPayload => ({
    ...{ htm: "GET", htu: `${kit.origin}/api/photos`, iat: now(), jti: crypto.randomUUID(), ath: ath(token) },
  });

  function prove(change: object = {}, header: Record<string, unknown> = {}, signer = key): Promise<string> {
    const full = { alg: "ES256", typ: "dpop+jwt", jwk, ...header };
    return new SignJWT({ ...claims(), ...change }).setProtectedHeader(full).sign(signer.privateKey);
  }

  async function ask(proof: string | undefined, authorization = `DPoP ${token}`): Promise<readonly [number, string]> {
    const headers = { authorization, ...(proof === undefined ? {} : { dpop: proof }) };
    const response = await fetch(`${kit.origin}/api/photos?page=2`, { headers });
    const challenge = response.headers.get("www-authenticate") ?? "";
    return [response.status, /^(\w+).*[ ,]error="([a-z_]+)"/.exec(challenge)?.slice(1).join(" ") ?? challenge];
  }

  const OK = [200, ""] as const;
  const INVALID_PROOF = [401, "DPoP invalid_dpop_proof"] as const;

  it("does not count, where one that is does", async () => {
    assert.deepEqual(await ask(await prove()), OK);
    assert.deepEqual(await ask(undefined), INVALID_PROOF);
    assert.deepEqual(await ask("nonsense"), INVALID_PROOF);
  });

  it("does not count a second time", async () => {
    const proof = await prove();
    assert.deepEqual(await ask(proof), OK);
    assert.deepEqual(await ask(proof), INVALID_PROOF);
    assert.equal(kit.events.at(-1)?.name, "authn_proof_replayed");
  });

  it("does not count for another method or address, and does for another spelling of the same", async () => {
    const { host } = new URL(kit.origin);
    const photos = `${kit.origin}/api/photos`;
    for (const htu of [
      `http://${host.toUpperCase()}/api/photos`,
      `${photos}?page=9#top`,
      `${kit.origin}/api/%70hotos`,
    ]) {
      assert.deepEqual(await ask(await prove({ htu })), OK, htu);
    }
    const { port } = new URL(kit.origin);
    const others = [
      `${photos}/`,
      `${kit.origin}/API/photos`,
      `https://${host}/api/photos`,
      `http://a@${host}/api/photos`,
    ];
    for (const htu of [
      ...others,
      `http://other.localhost:${port}/api/photos`,
      "/api/photos",
      `${kit.origin}/api%2Fphotos`,
    ]) {
      assert.deepEqual(await ask(await prove({ htu })), INVALID_PROOF, htu);
    }
    for (const htm of ["POST", "get"]) assert.deepEqual(await ask(await prove({ htm })), INVALID_PROOF, htm);
  });

  it("does not count for another token", async () => {
    const other = await kit.token({ key });
    for (const wrong of [ath(other), "", undefined, token]) {
      assert.deepEqual(await ask(await prove({ ath: wrong })), INVALID_PROOF);
    }
  });

  it("does not count by another key", async () => {
    const other = await generateKeyPair("ES256", { extractable: true });
    const theirs = await exportJWK(other.publicKey);
    assert.deepEqual(await ask(await prove({}, { jwk: theirs }, other)), INVALID_PROOF);
    assert.deepEqual(await ask(await prove({}, {}, other)), INVALID_PROOF, "with the right key in its head");
  });

  it("does not count with a private key or a secret in its head", async () => {
    assert.deepEqual(await ask(await prove({}, { jwk: await exportJWK(key.privateKey) })), INVALID_PROOF);
    const secret = Buffer.alloc(32, 1);
    const oct = { kty: "oct", k: secret.toString("base64url") };
    const head = { alg: "HS256", typ: "dpop+jwt", jwk: oct };
    assert.deepEqual(await ask(await new SignJWT(claims()).setProtectedHeader(head).sign(secret)), INVALID_PROOF);
  });

  it("does not count without a signature, as another type of token, or with a key from elsewhere", async () => {
    const [, body] = (await prove()).split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "dpop+jwt", jwk })).toString("base64url");
    assert.deepEqual(await ask(`${none}.${body}.`), INVALID_PROOF);
    for (const header of [{ typ: "JWT" }, { typ: undefined }, { jwk: undefined, kid: "first" }]) {
      assert.deepEqual(await ask(await prove({}, header)), INVALID_PROOF);
    }
    const place = `${kit.origin}/stolen.json`;
    assert.deepEqual(await ask(await prove({}, { jwk: undefined, jku: place })), INVALID_PROOF);
  });

  // Keys that only look like keys are refused by the cryptography below, which knows nothing of tokens.
  it("is refused, and is no error of the server, with a key that is none", async () => {
    const { x, y } = jwk;
    const ed25519 = { kty: "OKP", crv: "Ed25519", x: "AA" };
    const points = [{ x: "AAAA" }, { x: y }, { x: 5 }, { x: "!!!" }, { crv: "P-999" }, { crv: "P-384" }, { y: x }];
    const uses = [
      { key_ops: ["sign"] },
      { key_ops: "verify" },
      { use: "enc" },
      { ext: false },
      { x: "A".repeat(3000) },
    ];
    const odd = [...points, ...uses].map((change) => ({ ...jwk, ...change }));
    const [, body = "", signature = ""] = (await prove()).split(".");
    for (const key of [...odd, ed25519, { kty: "EC" }, { kty: "RSA", n: "AQAB", e: "AQAB" }, {}, [], null, "key", 7]) {
      for (const alg of ["ES256", "EdDSA", "RS256"]) {
        const head = Buffer.from(JSON.stringify({ alg, typ: "dpop+jwt", jwk: key })).toString("base64url");
        assert.deepEqual(await ask(`${head}.${body}.${signature}`), INVALID_PROOF, JSON.stringify({ alg, key }));
      }
    }
  });

  it("does not count before its minute or after it", async () => {
    for (const difference of [-110, 50]) assert.deepEqual(await ask(await prove({ iat: now() + difference })), OK);
    for (const difference of [-130, 70]) {
      assert.deepEqual(await ask(await prove({ iat: now() + difference })), INVALID_PROOF);
    }
    for (const iat of [undefined, "now", -1, 1e300]) assert.deepEqual(await ask(await prove({ iat })), INVALID_PROOF);
  });

  it("does not count without a name, or beside another", async () => {
    for (const jti of [undefined, "", "j".repeat(300)]) {
      assert.deepEqual(await ask(await prove({ jti })), INVALID_PROOF);
    }
    assert.deepEqual(await ask(`${await prove()}, ${await prove()}`), INVALID_PROOF);
  });

  it("is needed for a token that is bound to a key, and counts for no other", async () => {
    assert.deepEqual(await ask(undefined, `Bearer ${token}`), [401, "Bearer invalid_token"]);
    assert.deepEqual(await ask(await prove(), `Bearer ${token}`), [401, "Bearer invalid_token"]);
    const plain = await kit.token();
    assert.deepEqual(await ask(await prove({ ath: ath(plain) }), `DPoP ${plain}`), [401, "DPoP invalid_token"]);
  });
});

/*
 * An attacker gets at a key for a moment and makes proofs for later with it. Each needs a nonce that is known no more
 * than ten minutes before.
 */
describe("a proof made in advance", () => {
  it("does not count without a nonce of these minutes", async () => {
    await using kit = await OAuthKit.open();
    const key = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(key.publicKey);
    const token = await kit.token({ key });
    const ask = async (nonce?: string): Promise<Response> => {
      const ath = hash("sha256", token, "base64url");
      const request = { htm: "GET", htu: `${kit.origin}/api/photos`, jti: crypto.randomUUID(), ath };
      const proof = new SignJWT({
        ...request,
        iat: Math.floor(Date.now() / 1000),
        ...(nonce === undefined ? {} : { nonce }),
      })
        .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
        .sign(key.privateKey);
      const headers = { authorization: `DPoP ${token}`, dpop: await proof };
      return fetch(`${kit.origin}/api/photos`, { headers });
    };
    const first = await ask();
    const nonce = first.headers.get("dpop-nonce") ?? "";
    assert.match(first.headers.get("www-authenticate") ?? "", /^DPoP .*error="use_dpop_nonce"/);
    assert.equal((await ask(nonce)).status, 200);
    for (const wrong of ["", "a", `${nonce}a`, nonce.toLowerCase()]) {
      const refused = await ask(wrong);
      assert.equal(refused.status, 401);
      assert.equal((await ask(refused.headers.get("dpop-nonce") ?? "")).status, 200);
    }
  });
});
