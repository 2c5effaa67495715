import assert from "node:assert/strict";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { after, before, describe, it } from "node:test";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import { createKeyRing } from "../../kernel/key-ring.ts";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { systemClock } from "../../kernel/clock.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { remoteIssuer, type RemoteIssuerOptions } from "./remote-issuer.ts";

const METADATA = "/.well-known/oauth-authorization-server";
const OPENID = "/.well-known/openid-configuration";

describe("an issuer elsewhere", () => {
  const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
  const server = createServer((request, response) => answer(request, response));
  let answer: RequestListener;
  let origin: string;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // A listening server on a port has an address of this form.
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));

  /** Answers with documents by path; with 404 otherwise. */
  function publish(documents: Readonly<Record<string, unknown>>): string[] {
    const asked: string[] = [];
    answer = ({ url = "" }, response: ServerResponse) => {
      asked.push(url);
      const document = documents[url];
      if (typeof document === "function") document(response);
      else response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document ?? {}));
    };
    return asked;
  }

  interface Key {
    readonly jwk: JWK;
    readonly sign: (clock: FakeClock) => Promise<string>;
  }

  async function makeKey(kid: string): Promise<Key> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: "ES256" };
    const sign = (clock: FakeClock): Promise<string> => {
      const iat = Math.floor(clock.now() / 1000);
      const who = { iss: origin, aud: "https://api.example/", sub: "ada", client_id: "app", jti: "one" };
      return new SignJWT({ ...who, iat, exp: iat + 7200, scope: "a  b" })
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid })
        .sign(privateKey);
    };
    return { jwk, sign };
  }

  const at = (clock: FakeClock, more: Partial<RemoteIssuerOptions> = {}) =>
    remoteIssuer({ issuer: origin, keyRing, clock, ...more });

  async function found(issuer: ReturnType<typeof at>, token: string): Promise<string> {
    const result = await issuer.find("default", token);
    if (result === undefined) return "nothing";
    return isDenial(result) ? result.problem.code : "found";
  }

  it("is found by its metadata, in the newer place or the older", async () => {
    const key = await makeKey("one");
    for (const place of [METADATA, OPENID]) {
      const clock = createFakeClock();
      publish({ [place]: { issuer: origin, jwks_uri: `${origin}/keys` }, "/keys": { keys: [key.jwk] } });
      const token = await at(clock).find("default", await key.sign(clock));
      assert.ok(token !== undefined && !isDenial(token));
      const { expiresAt: _later, ...rest } = token;
      assert.deepEqual(rest, {
        ...{ issuer: origin, client: "app", account: "ada", actor: undefined, thumbprint: undefined },
        ...{ audiences: ["https://api.example/"], scopes: ["a", "b"] },
      });
    }
  });

  it("may change its keys, which are fetched when one is not known", async () => {
    const clock = createFakeClock();
    const [one, two] = await Promise.all([makeKey("one"), makeKey("two")]);
    const metadata = { [METADATA]: { issuer: origin, jwks_uri: `${origin}/keys` } };
    const asked = publish({ ...metadata, "/keys": { keys: [one.jwk] } });
    const issuer = at(clock);
    for (let times = 0; times < 3; times += 1) assert.equal(await found(issuer, await one.sign(clock)), "found");
    assert.deepEqual(asked, [METADATA, "/keys"]);
    publish({ ...metadata, "/keys": { keys: [two.jwk] } });
    await clock.advance(30_000);
    assert.equal(await found(issuer, await two.sign(clock)), "found");
    assert.equal(await found(issuer, await one.sign(clock)), "nothing", "its key was withdrawn");
  });

  it("is believed as long as a token lasts, and a minute for clocks", async () => {
    const clock = createFakeClock();
    const key = await makeKey("one");
    publish({ [METADATA]: { issuer: origin, jwks_uri: `${origin}/keys` }, "/keys": { keys: [key.jwk] } });
    const issuer = at(clock);
    const token = await key.sign(clock);
    assert.equal(await found(issuer, token), "found");
    await clock.advance(7_259_000);
    assert.equal(await found(issuer, token), "found");
    assert.equal(await found(issuer, token), "found");
    await clock.advance(1_000);
    assert.equal(await found(issuer, token), "nothing");
  });

  it("is missed for an hour at most", async () => {
    const clock = createFakeClock();
    const key = await makeKey("one");
    publish({ [METADATA]: { issuer: origin, jwks_uri: `${origin}/keys` }, "/keys": { keys: [key.jwk] } });
    const issuer = at(clock);
    const token = await key.sign(clock);
    assert.equal(await found(issuer, token), "found");
    publish({});
    await clock.advance(3_500_000);
    assert.equal(await found(issuer, token), "found");
    await clock.advance(200_000);
    assert.equal(await found(issuer, token), "ISSUER_UNAVAILABLE");
  });

  it("is refused where what it publishes is not to be trusted or not to be used", async () => {
    const key = await makeKey("one");
    const good = { issuer: origin, jwks_uri: `${origin}/keys` };
    const redirect = (response: ServerResponse): void => void response.writeHead(302, { location: "/keys" }).end();
    const endless = (response: ServerResponse): void => {
      response.writeHead(200);
      response.end(`{"keys":[],"padding":"${"a".repeat(300_000)}"}`);
    };
    const keys = { keys: [key.jwk] };
    const wrong: readonly Readonly<Record<string, unknown>>[] = [
      { [METADATA]: { ...good, issuer: `${origin}/other` }, "/keys": keys },
      { [METADATA]: { ...good, jwks_uri: "http://elsewhere.example/keys" }, "/keys": keys },
      { [METADATA]: { issuer: origin }, "/keys": keys },
      { [METADATA]: good, "/keys": { keys: [{ ...key.jwk, x: "AAAA" }] } },
      { [METADATA]: good, "/keys": { keys: "none" } },
      { [METADATA]: good, "/keys": endless },
      { [METADATA]: { ...good, jwks_uri: `${origin}/moved` }, "/moved": redirect, "/keys": keys },
    ];
    for (const documents of wrong) {
      publish(documents);
      const clock = createFakeClock();
      assert.equal(await found(at(clock), await key.sign(clock)), "ISSUER_UNAVAILABLE", JSON.stringify(documents));
    }
  });

  it("is refused by declaration where others could read or forge", () => {
    const clock = createFakeClock();
    assert.throws(() => at(clock, { issuer: "http://login.example" }), /is not an https address/);
    // What the types refuse, and a program without them may say.
    const secret = ["HS256"] as unknown as NonNullable<RemoteIssuerOptions["algorithms"]>;
    assert.throws(() => at(clock, { algorithms: secret }), /"HS256"/);
  });

  it("is asked about tokens that say nothing themselves for a moment, and never beyond their end", async () => {
    const clock = createFakeClock();
    let active = true;
    const answers: unknown[] = [];
    publish({
      [METADATA]: { issuer: origin, introspection_endpoint: `${origin}/introspect` },
      "/introspect": (response: ServerResponse) => {
        const exp = Math.floor(clock.now() / 1000) + 15;
        const token = { active, client_id: "app", aud: "https://api.example/", exp, token_type: "Bearer" };
        answers.push(token);
        response.writeHead(200).end(JSON.stringify(token));
      },
    });
    const issuer = at(clock, { introspection: { clientId: "api", clientSecret: "secret", remember: 60_000 } });
    assert.equal(await found(issuer, "opaque"), "found");
    assert.equal(await found(issuer, "opaque"), "found");
    assert.equal(answers.length, 1);
    active = false;
    await clock.advance(16_000);
    assert.equal(await found(issuer, "opaque"), "nothing");
    assert.equal(answers.length, 2);
  });

  // Made-up tokens cost nothing; each could be a question to the issuer.
  it("is not asked more than 32 questions at a time", async () => {
    const clock = createFakeClock();
    const waiting: ServerResponse[] = [];
    publish({
      [METADATA]: { issuer: origin, introspection_endpoint: `${origin}/introspect` },
      "/introspect": (response: ServerResponse) => void waiting.push(response),
    });
    const issuer = at(clock, { introspection: { clientId: "api", clientSecret: "secret" } });
    const flood = Array.from({ length: 100 }, (_, index) => found(issuer, `made-up-${index}`));
    assert.equal(await flood[40], "ISSUER_UNAVAILABLE");
    while (waiting.length < 32) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(waiting.length, 32);
    for (const response of waiting) response.writeHead(200).end('{"active":false}');
    const results = await Promise.all(flood);
    assert.equal(results.filter((result) => result === "nothing").length, 32);
  });
});
