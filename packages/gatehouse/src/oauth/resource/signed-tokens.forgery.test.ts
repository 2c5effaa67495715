import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { exportSPKI, generateKeyPair, importJWK, exportJWK, SignJWT, UnsecuredJWT, type JWTPayload } from "jose";
import { createKeyRing } from "../../kernel/key-ring.ts";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { systemClock } from "../../kernel/clock.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { OAuthKit } from "../../testing/oauth-kit.ts";
import { remoteIssuer } from "./remote-issuer.ts";

/*
 * An attacker makes a signed token, or changes one, so that it is checked by a key or a rule of the attacker's choice:
 * by no key, by the public key taken for a secret, by a key that the token itself names. Keys come from the issuer's own
 * address alone, algorithms from our list, and what a token has to be is not up to the token.
 */
describe("a forged token", () => {
  let kit: OAuthKit;
  const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
  const fetched: string[] = [];
  const counted: typeof fetch = (url, init) => {
    fetched.push(String(url));
    return fetch(url, init);
  };

  before(async () => {
    kit = await OAuthKit.open();
  });
  after(() => kit[Symbol.asyncDispose]());

  const issuerOf = (clock: { now(): number } = systemClock) =>
    remoteIssuer({ issuer: kit.origin, keyRing, clock, fetch: counted });

  const claims = (): JWTPayload => {
    const now = Math.floor(Date.now() / 1000);
    return {
      ...{ iss: kit.origin, aud: kit.resourceOf("photos"), sub: "ada", client_id: "app", scope: "photos:read" },
      ...{ jti: "one", iat: now, exp: now + 600 },
    };
  };

  const ownKey = () => importJWK(kit.keys[0] ?? {}, "ES256");

  async function sign(change: JWTPayload = {}, header: Record<string, unknown> = {}): Promise<string> {
    const full = { alg: "ES256", typ: "at+jwt", kid: "first", ...header };
    return new SignJWT({ ...claims(), ...change }).setProtectedHeader(full).sign(await ownKey());
  }

  async function counts(token: string, clock?: { now(): number }): Promise<boolean> {
    const found = await issuerOf(clock).find("default", token);
    assert.ok(!isDenial(found), "the issuer was there");
    return found !== undefined;
  }

  it("does not count, where the same one that is genuine does", async () => {
    assert.equal(await counts(await sign()), true);
    const [head, , signature] = (await sign()).split(".");
    const changed = Buffer.from(JSON.stringify({ ...claims(), scope: "photos:write" })).toString("base64url");
    assert.equal(await counts(`${head}.${changed}.${signature}`), false);
  });

  it("does not count without a signature", async () => {
    const unsecured = new UnsecuredJWT(claims()).encode();
    assert.equal(await counts(unsecured), false);
    const [, body] = unsecured.split(".");
    for (const alg of ["none", "None", "NONE"]) {
      const head = Buffer.from(JSON.stringify({ alg, typ: "at+jwt", kid: "first" })).toString("base64url");
      assert.equal(await counts(`${head}.${body}.AAAA`), false, alg);
    }
  });

  it("does not count with the public key as a secret", async () => {
    const response = await fetch(`${kit.origin}/.well-known/jwks.json`);
    const text = await response.text();
    // What the issuer publishes: checked by importing it.
    const { keys } = JSON.parse(text) as { readonly keys: readonly Record<string, string>[] };
    const [key = {}] = keys;
    const imported = await importJWK(key, "ES256", { extractable: true });
    assert.ok(!(imported instanceof Uint8Array));
    const spki = await exportSPKI(imported);
    for (const secret of [spki, spki.trim(), JSON.stringify(key), text]) {
      const header = { alg: "HS256", typ: "at+jwt", kid: "first" };
      const forged = await new SignJWT(claims()).setProtectedHeader(header).sign(Buffer.from(secret));
      assert.equal(await counts(forged), false);
    }
  });

  it("does not count with a key that it names or brings along, nor is that looked at", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(publicKey);
    const place = `${kit.origin}/stolen.json`;
    for (const named of [{ jwk }, { jku: place }, { x5u: place }, { x5c: ["AAAA"] }]) {
      for (const kid of ["first", "second"]) {
        const header = { alg: "ES256", typ: "at+jwt", kid, ...named };
        const forged = await new SignJWT(claims()).setProtectedHeader(header).sign(privateKey);
        assert.equal(await counts(forged), false, JSON.stringify(named));
      }
    }
    assert.ok(!fetched.includes(place));
  });

  it("does not count with a key identifier that is a path, a query or a property of objects", async () => {
    const tricks = [
      "../../../../dev/null",
      "/dev/null",
      "first/../first",
      "first' OR '1'='1",
      "__proto__",
      "constructor",
    ];
    for (const kid of [...tricks, "first\0", " first", "FIRST"]) {
      assert.equal(await counts(await sign({}, { kid })), false, kid);
    }
  });

  it("does not count as another type of token, or with an extension nobody knows", async () => {
    for (const typ of ["JWT", "logout+jwt", "dpop+jwt", "token-introspection+jwt", undefined]) {
      assert.equal(await counts(await sign({}, { typ })), false, String(typ));
    }
    const crit = { crit: ["b64x"], b64x: true };
    const forged = new SignJWT(claims()).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "first", ...crit });
    assert.equal(await counts(await forged.sign(await ownKey(), { crit: { b64x: true } })), false);
  });

  it("does not count from another issuer, before its time or after it, or with members missing", async () => {
    const now = Math.floor(Date.now() / 1000);
    assert.equal(await counts(await sign({ exp: now - 50 })), true, "clocks differ");
    assert.equal(await counts(await sign({ nbf: now + 50 })), true, "clocks differ");
    const wrong: readonly (readonly [string, JWTPayload])[] = [
      ["iss", { iss: `${kit.origin}/` }],
      ["iss", { iss: "https://other.example" }],
      ["exp", { exp: now - 61 }],
      ["nbf", { nbf: now + 65 }],
      ["cnf of a certificate", { cnf: { "x5t#S256": "a".repeat(43) } }],
      ...["iss", "aud", "sub", "exp", "client_id", "jti", "iat"].map((name) => [name, { [name]: undefined }] as const),
    ];
    for (const [name, change] of wrong) assert.equal(await counts(await sign(change)), false, name);
  });

  // Every token with a new key identifier might be signed by a key of tomorrow; a flood of them must not become one at the issuer.
  it("makes the issuer's keys be fetched twice a minute at most, however many come with unknown keys", async () => {
    const clock = createFakeClock();
    const issuer = issuerOf(clock);
    fetched.length = 0;
    const flood = await Promise.all(Array.from({ length: 200 }, (_, index) => sign({}, { kid: `unknown-${index}` })));
    await Promise.all(flood.map((token) => issuer.find("default", token)));
    const keyFetches = () => fetched.filter((url) => url.endsWith("/jwks.json")).length;
    assert.equal(keyFetches(), 1);
    await clock.advance(30_000);
    await Promise.all(flood.map((token) => issuer.find("default", token)));
    assert.equal(keyFetches(), 2);
  });

  it("is not called wrong while the issuer's keys cannot be had, and the issuer is not pressed", async () => {
    const clock = createFakeClock();
    let asked = 0;
    const away = () => {
      asked += 1;
      return Promise.reject(new TypeError("fetch failed"));
    };
    const issuer = remoteIssuer({ issuer: kit.origin, keyRing, clock, fetch: away });
    for (let time = 0; time < 50; time += 1) {
      const found = await issuer.find("default", await sign());
      assert.ok(isDenial(found) && found.problem.code === "ISSUER_UNAVAILABLE");
    }
    assert.equal(asked, 2, "two places of its metadata, once");
  });
});
