/**
 * An ID token says who somebody is, and whoever can make one that is accepted is anybody. It counts only with the
 * issuer's own signature, for this client, for this very sign-in, and in its time.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from "jose";
import type { TokenDraft } from "../../testing/hostile-issuer.ts";
import { openRelyingPartyKit, TestBrowser, type RelyingPartyKit } from "../../testing/relying-party-kit.ts";

describe("an ID token", () => {
  let kit: RelyingPartyKit;
  before(async () => {
    kit = await openRelyingPartyKit();
  });
  after(() => kit[Symbol.asyncDispose]());

  async function accepts(idToken: (draft: TokenDraft) => string | Promise<string>): Promise<boolean> {
    const browser = new TestBrowser(kit);
    kit.issuer.mischief = { idToken };
    const response = await browser.finish(await browser.begin());
    const text = await response.text();
    if (response.status === 200) return (await browser.who()) === "user ada";
    assert.match(text, /SIGN_IN_FAILED/);
    assert.equal(await browser.who(), "anonymous -");
    return false;
  }

  const saying = (claims: Readonly<Record<string, unknown>>) => (draft: TokenDraft) =>
    kit.issuer.sign({ ...draft, claims: { ...draft.claims, ...claims } });

  it("counts when all of it is right", async () => {
    assert.equal(await accepts((draft) => kit.issuer.sign(draft)), true);
  });

  it("counts for nothing without a signature", async () => {
    assert.equal(await accepts(({ claims }) => new UnsecuredJWT(claims).encode()), false);
  });

  it("counts for nothing when the issuer's public key was taken for a shared secret", async () => {
    const key = await importJWK(kit.issuer.publicKey, "ES256", { extractable: true });
    assert.ok(!(key instanceof Uint8Array));
    const secrets = [await exportSPKI(key), JSON.stringify(kit.issuer.publicKey), "s".repeat(40)];
    for (const secret of secrets) {
      const forged = ({ claims, header }: TokenDraft): Promise<string> =>
        new SignJWT(claims).setProtectedHeader({ ...header, alg: "HS256" }).sign(new TextEncoder().encode(secret));
      assert.equal(await accepts(forged), false);
    }
  });

  it("counts for nothing under a key that the issuer does not have", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    for (const kid of ["unknown", "first"]) {
      const forged = ({ claims, header }: TokenDraft): Promise<string> =>
        new SignJWT(claims).setProtectedHeader({ ...header, kid }).sign(privateKey);
      assert.equal(await accepts(forged), false, kid);
    }
  });

  it("counts for nothing for another client, from another issuer, for another sign-in or after its time", async () => {
    const past = Math.floor(Date.now() / 1000) - 3600;
    const wrong: Record<string, Readonly<Record<string, unknown>>> = {
      audience: { aud: "another" },
      "one of many audiences, for another party": { aud: ["app", "another"], azp: "another" },
      issuer: { iss: "https://evil.example" },
      nonce: { nonce: "another" },
      expired: { iat: past, exp: past + 600 },
      "without a subject": { sub: undefined },
    };
    for (const [what, claims] of Object.entries(wrong)) assert.equal(await accepts(saying(claims)), false, what);
  });
});
