import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { decodeJwt } from "jose";
import { CLIENT_KIT_API, openClientKit, type Answer, type ClientKit } from "../testing/client-kit.ts";

const CALLBACK = "https://app.example/callback";
const VERIFIER = randomBytes(32).toString("base64url");
const PAGE = new URL("../../../../docs/oauth-features.md", import.meta.url);

/** A browser that keeps its cookies and follows where it is led until that is somewhere else. */
class Visitor {
  readonly #kit: ClientKit;
  readonly #jar = new Map<string, string>();

  constructor(kit: ClientKit) {
    this.#kit = kit;
  }

  async authorize(question: Readonly<Record<string, string>>): Promise<URL> {
    let url = new URL(`/oauth/authorize?${String(new URLSearchParams(question))}`, this.#kit.origin);
    for (let hops = 0; hops < 8 && url.origin === this.#kit.origin; hops += 1) {
      const cookie = [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await this.#kit.ask(url.pathname + url.search, { headers: { cookie }, redirect: "manual" });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        this.#jar.set(name, value);
      }
      url = new URL(answer.headers.get("location") ?? assert.fail(answer.text), url);
    }
    return url;
  }
}

describe("features of the protocol, at the endpoints of a server", () => {
  let kit: ClientKit;
  let client: { readonly id: string; readonly secret: string };
  before(async () => {
    kit = await openClientKit();
    client = await kit.client({
      ...{ name: "App", redirectUris: [CALLBACK] },
      ...{ grantTypes: ["authorization_code", "refresh_token"], resources: { [CLIENT_KIT_API]: ["photos:read"] } },
    });
  });
  after(() => kit[Symbol.asyncDispose]());

  const question = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
    ...{ client_id: client.id, response_type: "code", redirect_uri: CALLBACK, scope: "openid offline_access email" },
    ...{ prompt: "consent", state: "here", code_challenge_method: "S256" },
    code_challenge: createHash("sha256").update(VERIFIER).digest("base64url"),
    ...more,
  });
  const credentials = () => ({ client_id: client.id, client_secret: client.secret });
  const redeem = (back: URL, more: Readonly<Record<string, string>> = {}): Promise<Answer> => {
    const code = back.searchParams.get("code") ?? assert.fail(back.href);
    const form = { grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: VERIFIER };
    return kit.token({ ...form, ...credentials(), ...more });
  };

  it("names its issuer in whatever it sends browsers back with", async () => {
    const back = await new Visitor(kit).authorize(question());
    assert.deepEqual(
      ["iss", "state"].map((name) => back.searchParams.get(name)),
      [kit.origin, "here"],
    );
    const refused = await new Visitor(kit).authorize(question({ prompt: "none" }));
    assert.deepEqual(
      ["iss", "state", "error"].map((name) => refused.searchParams.get(name)),
      [kit.origin, "here", "login_required"],
    );
  });

  it("answers without a question who is signed in, unless that was too long ago", async () => {
    const visitor = new Visitor(kit);
    await visitor.authorize(question());
    const silent = question({ prompt: "none", scope: "openid" });
    assert.ok((await visitor.authorize(silent)).searchParams.has("code"));
    const stale = await visitor.authorize({ ...silent, max_age: "0" });
    assert.equal(stale.searchParams.get("error"), "login_required");
  });

  it("answers in the fragment where an application asks for that", async () => {
    const back = await new Visitor(kit).authorize(question({ response_mode: "fragment" }));
    assert.equal(back.search, "");
    assert.ok(new URLSearchParams(back.hash.slice(1)).has("code"));
  });

  it("gives tokens for the resource that was allowed, and for no other", async () => {
    const asked = question({ resource: CLIENT_KIT_API, scope: "openid photos:read" });
    const { body } = await redeem(await new Visitor(kit).authorize(asked), { resource: CLIENT_KIT_API });
    const form = new URLSearchParams({ token: String(body["access_token"]), ...credentials() });
    const looked = await kit.ask("/oauth/introspect", { method: "POST", body: form });
    assert.deepEqual([looked.body["aud"], looked.body["scope"]], [CLIENT_KIT_API, "photos:read"]);
    const other = await redeem(await new Visitor(kit).authorize(asked), { resource: "https://other.example/" });
    assert.equal(other.body["error"], "invalid_target");
    const unknown = await new Visitor(kit).authorize(question({ resource: "https://other.example/" }));
    assert.equal(unknown.searchParams.get("error"), "invalid_target");
  });

  it("gives at a refresh fewer scopes where a client asks for fewer, and never more", async () => {
    const { body } = await redeem(await new Visitor(kit).authorize(question()));
    const refresh = (token: unknown, scope: string) =>
      kit.token({ grant_type: "refresh_token", refresh_token: String(token), scope, ...credentials() });
    const fewer = await refresh(body["refresh_token"], "openid");
    assert.equal(fewer.body["scope"], "openid");
    assert.equal((await refresh(fewer.body["refresh_token"], "openid profile")).body["error"], "invalid_scope");
  });

  it("takes a pushed request once, of the client that has pushed it", async () => {
    const body = new URLSearchParams({ ...question(), ...credentials() });
    const pushed = await kit.ask("/oauth/par", { method: "POST", body });
    assert.equal(pushed.status, 201);
    const asked = { client_id: client.id, request_uri: String(pushed.body["request_uri"]) };
    const other = await kit.client({ name: "Other", redirectUris: [CALLBACK] });
    const outcome = async (id: string): Promise<string | null> => {
      const back = await new Visitor(kit).authorize({ ...asked, client_id: id });
      return back.searchParams.has("code") ? "code" : back.searchParams.get("error");
    };
    assert.equal(await outcome(other.id), "invalid_request_object");
    assert.equal(await outcome(client.id), "code");
    assert.equal(await outcome(client.id), "invalid_request_uri", "a second time");
  });

  it("tells of a person what the scopes are for, by GET and by POST", async () => {
    const { body } = await redeem(await new Visitor(kit).authorize(question()));
    const headers = { authorization: `Bearer ${String(body["access_token"])}` };
    for (const method of ["GET", "POST"]) {
      assert.deepEqual((await kit.ask("/oauth/userinfo", { method, headers })).body, { sub: "ada" }, method);
    }
    const { sub, aud, iss } = decodeJwt(String(body["id_token"]));
    assert.deepEqual([sub, aud, iss], ["ada", client.id, kit.origin]);
  });
});

describe("the page of features", () => {
  it("has every member of what a server says of itself, with everything on", async () => {
    const everything = { registration: "open", metadataDocuments: { hosts: "*" } } as const;
    await using kit = await openClientKit({ clients: everything });
    const { body } = await kit.ask("/.well-known/openid-configuration");
    const page = readFileSync(PAGE, "utf8");
    const missing = Object.keys(body).filter((name) => body[name] !== false && !page.includes(`\`${name}\``));
    assert.deepEqual(missing, []);
  });
});
