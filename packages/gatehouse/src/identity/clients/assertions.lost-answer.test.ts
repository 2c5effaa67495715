/**
 * An assertion that asks for a lost answer once more: whoever sees it sends it again, in the hope that only what issues
 * tokens notes what it has used up. An assertion counts once, also where the answer is that of the first time.
 */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { exportJWK, SignJWT } from "jose";
import { openClientKit, type ClientKit } from "../../testing/client-kit.ts";

const CALLBACK = "https://app.example/callback";
const VERIFIER = "v".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

describe("an assertion with which a lost answer was repeated", () => {
  let kit: ClientKit;
  let id = "";
  before(async () => {
    kit = await openClientKit();
    const key = { ...(await exportJWK(publicKey)), alg: "RS256", use: "sig", kid: "own" };
    const made = await kit.client({
      ...{ name: "Signer", authentication: "private_key_jwt", jwks: { keys: [key] } },
      ...{ redirectUris: [CALLBACK], grantTypes: ["authorization_code", "refresh_token"] },
    });
    ({ id } = made);
  });
  after(() => kit[Symbol.asyncDispose]());

  const assertion = () =>
    new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: "RS256" })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(kit.origin)
      .setExpirationTime("1m")
      .sign(privateKey);

  async function ask(form: Readonly<Record<string, string>>, text?: string) {
    return kit.token({
      ...form,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: text ?? (await assertion()),
    });
  }

  async function authorize(): Promise<string> {
    const query = new URLSearchParams({
      ...{ client_id: id, redirect_uri: CALLBACK, response_type: "code", scope: "openid offline_access", state: "s" },
      ...{ prompt: "consent", code_challenge: CHALLENGE, code_challenge_method: "S256" },
    });
    let url = new URL(`/oauth/authorize?${query.toString()}`, kit.origin);
    const cookies = new Map<string, string>();
    for (let hops = 0; hops < 8 && url.origin === kit.origin; hops += 1) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const { headers } = await kit.ask(`${url.pathname}${url.search}`, { redirect: "manual", headers: { cookie } });
      for (const line of headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      url = new URL(headers.get("location") ?? "", url);
    }
    return url.searchParams.get("code") ?? assert.fail(url.href);
  }

  it("is used up", async () => {
    const redeemed = await ask({
      ...{ grant_type: "authorization_code", code: await authorize(), redirect_uri: CALLBACK },
      code_verifier: VERIFIER,
    });
    assert.equal(redeemed.status, 200, redeemed.text);
    const refresh = { grant_type: "refresh_token", refresh_token: String(redeemed.body["refresh_token"]) };
    const first = await ask(refresh);
    assert.equal(first.status, 200, first.text);
    const text = await assertion();
    const repeated = await ask(refresh, text);
    assert.equal(repeated.body["refresh_token"], first.body["refresh_token"], "the lost answer");
    const replayed = await ask(refresh, text);
    assert.deepEqual([replayed.status, replayed.body["error"]], [401, "invalid_client"]);
  });
});
