// A code that is intercepted is worth nothing without the verifier whose hash the client sent first. So attackers leave
// the challenge out, ask for one that is its own verifier, or come as a client that needs no secret where there is none.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { openClientKit, type ClientKit } from "../../testing/client-kit.ts";

const CALLBACK = "https://app.example/callback";
const VERIFIER = "v".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");

describe("codes without their proof", () => {
  let kit: ClientKit;
  let id: string;
  let secret: string;
  before(async () => {
    kit = await openClientKit();
    ({ id, secret } = await kit.client({ name: "App", redirectUris: [CALLBACK], scope: "openid" }));
  });
  after(() => kit[Symbol.asyncDispose]());

  async function authorize(challenge: Readonly<Record<string, string>>): Promise<URL> {
    const query = new URLSearchParams({
      ...{ client_id: id, redirect_uri: CALLBACK, response_type: "code", scope: "openid", state: "s", ...challenge },
    });
    let url = new URL(`/oauth/authorize?${query.toString()}`, kit.origin);
    const cookies = new Map<string, string>();
    for (let hops = 0; hops < 8 && url.origin === kit.origin; hops += 1) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const { status, headers } = await kit.ask(`${url.pathname}${url.search}`, {
        redirect: "manual",
        headers: { cookie },
      });
      for (const line of headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      const location = headers.get("location");
      assert.ok(location !== null, String(status));
      url = new URL(location, url);
    }
    return url;
  }

  const redeem = (code: string | null, fields: Readonly<Record<string, string>>) =>
    kit.token({
      ...{ grant_type: "authorization_code", code: code ?? "", redirect_uri: CALLBACK, ...fields },
      ...{ client_id: id, client_secret: secret },
    });

  it("are not given without a challenge, with a plain one, or with one that is none", async () => {
    for (const challenge of [
      {},
      { code_challenge: CHALLENGE },
      { code_challenge: VERIFIER, code_challenge_method: "plain" },
      { code_challenge: CHALLENGE, code_challenge_method: "s256" },
      { code_challenge: "short", code_challenge_method: "S256" },
      { code_challenge: `${CHALLENGE}=`, code_challenge_method: "S256" },
      { code_challenge_method: "S256" },
    ]) {
      const { searchParams } = await authorize(challenge);
      assert.deepEqual(
        [searchParams.get("error"), searchParams.get("code")],
        ["invalid_request", null],
        JSON.stringify(challenge),
      );
    }
  });

  it("are not redeemed without the verifier, with a short one, another one, or the challenge", async () => {
    for (const [fields, error] of [
      [{}, "invalid_grant"],
      [{ code_verifier: "w".repeat(43) }, "invalid_grant"],
      [{ code_verifier: CHALLENGE }, "invalid_grant"],
      [{ code_verifier: "v".repeat(42) }, "invalid_request"],
      [{ code_verifier: "v".repeat(129) }, "invalid_request"],
      [{ code_verifier: `${"v".repeat(42)}+` }, "invalid_request"],
    ] as const) {
      const { searchParams } = await authorize({ code_challenge: CHALLENGE, code_challenge_method: "S256" });
      const { status, body } = await redeem(searchParams.get("code"), fields);
      assert.deepEqual([status, body["error"]], [400, error], JSON.stringify(fields));
    }
  });

  it("are redeemed with it", async () => {
    const { searchParams } = await authorize({ code_challenge: CHALLENGE, code_challenge_method: "S256" });
    assert.equal((await redeem(searchParams.get("code"), { code_verifier: VERIFIER })).status, 200);
  });

  it("are not for clients that prove nothing where there are none", async () => {
    await using strict = await openClientKit({
      identity: { publicClients: false },
      clients: { registration: "open", policy: { publicClients: false } },
    });
    const document = { redirect_uris: [CALLBACK], token_endpoint_auth_method: "none" };
    const headers = { "content-type": "application/json" };
    const answer = await strict.ask("/oauth/clients", { method: "POST", headers, body: JSON.stringify(document) });
    assert.equal(answer.body["error"], "invalid_client_metadata");
    const described = await strict.ask("/.well-known/oauth-authorization-server");
    assert.deepEqual((described.body["token_endpoint_auth_methods_supported"] as string[]).includes("none"), false);
    const confidential = await strict.client({ name: "App", redirectUris: [CALLBACK] });
    const bare = await strict.token({ grant_type: "authorization_code", client_id: confidential.id, code: "x" });
    assert.equal(bare.body["error"], "invalid_client");
  });
});
