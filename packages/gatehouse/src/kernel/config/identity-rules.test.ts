import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { resolveConfig, type ConfigInput, type Profile } from "../config.ts";

type Identity = NonNullable<ConfigInput["identity"]>;

const safe = { server: { publicUrl: "https://app.example", trustedProxies: ["127.0.0.1/32"] } };
const SECRET = "s".repeat(32);
const CALLBACK = "https://app.example/callback";
const MAIL = { url: "smtps://mail.example", from: "Gallery <no-reply@app.example>" } as const;

function faults(identity: unknown, profile: Profile): readonly string[] {
  const result = resolveConfig({ file: { ...safe, identity }, profile, clock: createFakeClock() });
  return result.ok ? [] : result.faults.map(({ path }) => path);
}

const refusals: readonly (readonly [why: string, path: string, identity: Identity])[] = [
  ["no algorithm", "identity.algorithms", { algorithms: [] }],
  ["a grace of minutes", "identity.grace", { grace: "61s" }],
  ["keys published longer than used", "identity.keys.publishedFor", { keys: { publishedFor: "46d" } }],
  ["codes that live long", "identity.lifetimes.authorizationCode", { lifetimes: { authorizationCode: "11m" } }],
  ["letters from nobody", "identity.mail.from", { mail: { url: MAIL.url } }],
  [
    "two clients of one name",
    "identity.clients",
    {
      clients: [
        { id: "app", secret: SECRET, tenant: "a" },
        { id: "app", secret: SECRET },
      ],
    },
  ],
  ["public clients that are off", "identity.clients", { publicClients: false, clients: [{ id: "app" }] }],
];

const unsafe: readonly (readonly [why: string, path: string, identity: Identity])[] = [
  ["registration without letters", "identity.registration", { registration: true }],
  ["administrators without letters", "identity.administrators", { administrators: ["ada@app.example"] }],
  ["letters in the clear", "identity.mail.plaintext", { mail: { ...MAIL, plaintext: true } }],
  ["an issuer without encryption", "identity.origin", { origin: "http://{tenant}.app.example" }],
  ["tokens that live for days", "identity.lifetimes.accessToken", { lifetimes: { accessToken: "25h" } }],
  [
    "codes sent in the clear",
    "identity.clients",
    { clients: [{ id: "app", redirectUris: [CALLBACK, "http://app.example/callback"] }] },
  ],
  [
    "a web client on the loopback",
    "identity.clients",
    { clients: [{ id: "app", redirectUris: ["http://127.0.0.1/callback"] }] },
  ],
  ["resources in the clear", "identity.resources", { resources: [{ resource: "http://api.example/", scopes: [] }] }],
];

const malformed: readonly (readonly [why: string, path: string, identity: unknown])[] = [
  ["a short secret", "identity.clients", { clients: [{ id: "app", secret: "short" }] }],
  ["a client without an id", "identity.clients", { clients: [{ secret: SECRET }] }],
  ["a member nobody knows", "identity.clients", { clients: [{ id: "app", redirect_uris: [CALLBACK] }] }],
  ["a redirect to no address", "identity.clients", { clients: [{ id: "app", redirectUris: ["callback"] }] }],
  ["a redirect with a fragment", "identity.clients", { clients: [{ id: "app", redirectUris: [`${CALLBACK}#a`] }] }],
  ["an origin with a path", "identity.origin", { origin: "https://app.example/idp" }],
  ["two places for the tenant", "identity.origin", { origin: "https://{tenant}.{tenant}.example" }],
  ["an algorithm without signatures", "identity.algorithms", { algorithms: ["none"] }],
];

describe("settings of the identity provider", () => {
  for (const [why, path, identity] of [...refusals, ...malformed]) {
    it(`refuses ${why}`, () => {
      assert.deepEqual(faults(identity, "development"), [path]);
      assert.deepEqual(faults(identity, "production"), [path]);
    });
  }

  for (const [why, path, identity] of unsafe) {
    it(`refuses ${why} in production`, () => {
      assert.deepEqual(faults(identity, "production"), [path]);
      assert.deepEqual(faults(identity, "development"), []);
    });
  }

  it("lets whoever does without the provider set what they like", () => {
    for (const [, , identity] of [...refusals, ...unsafe]) {
      assert.deepEqual(faults({ ...identity, enabled: false }, "production"), []);
    }
  });

  it("takes native clients on the loopback, and clients and resources as JSON of the environment", () => {
    const client = { id: "cli", type: "native", redirectUris: ["http://127.0.0.1/callback"] };
    const resource = { resource: "https://api.example/", scopes: ["photos:read"], lifetime: "5m" };
    const result = resolveConfig({
      file: safe,
      environment: {
        GATEHOUSE_IDENTITY_CLIENTS: JSON.stringify([client]),
        GATEHOUSE_IDENTITY_RESOURCES: JSON.stringify([resource]),
        GATEHOUSE_IDENTITY_ALGORITHMS: "RS256, EdDSA",
      },
      clock: createFakeClock(),
    });
    assert.ok(result.ok);
    const { clients, resources, algorithms } = result.config.identity;
    assert.deepEqual(clients, [client]);
    assert.deepEqual(resources, [{ ...resource, lifetime: 300_000 }]);
    assert.deepEqual(algorithms, ["RS256", "EdDSA"]);
  });
});
