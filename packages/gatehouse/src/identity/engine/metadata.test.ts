import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openClientKit, type ClientKit } from "../../testing/client-kit.ts";

const EVERYTHING = {
  clients: { registration: "open", metadataDocuments: { hosts: "*" } },
  identity: { publicClients: true },
} as const;
const NOTHING = { clients: { registration: "off" }, identity: { publicClients: false } } as const;

/** What the server says of itself. */
async function described(kit: ClientKit): Promise<Readonly<Record<string, unknown>>> {
  return (await kit.ask("/.well-known/oauth-authorization-server")).body;
}

function pathsIn(metadata: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(metadata).flatMap(([name, value]) =>
    (name.endsWith("_endpoint") || name === "jwks_uri") && typeof value === "string" ? [new URL(value).pathname] : [],
  );
}

describe("what the server says of itself", () => {
  for (const [name, options] of Object.entries({ EVERYTHING, NOTHING })) {
    it(`names the endpoints that answer, and no others, with ${name} on`, async () => {
      await using kit = await openClientKit(options);
      const named = new Set(pathsIn(await described(kit)));
      const possible = [
        ...["/oauth/authorize", "/oauth/token", "/oauth/userinfo", "/oauth/introspect", "/oauth/revoke", "/oauth/par"],
        ...["/oauth/device", "/oauth/logout", "/oauth/clients", "/.well-known/jwks.json"],
      ];
      for (const path of possible) {
        const answers = await Promise.all(["GET", "POST"].map((method) => kit.ask(path, { method })));
        const there = answers.some(({ status }) => status !== 404 && status !== 405);
        assert.equal(named.has(path), there, path);
      }
      assert.deepEqual(
        [...named].filter((path) => !possible.includes(path)),
        [],
      );
    });
  }

  it("is the same for OAuth and OpenID Connect", async () => {
    await using kit = await openClientKit();
    assert.deepEqual((await kit.ask("/.well-known/openid-configuration")).body, await described(kit));
  });

  it("lists the methods and grants that are taken, and no others", async () => {
    await using kit = await openClientKit(NOTHING);
    const metadata = await described(kit);
    const taken = async (fields: Readonly<Record<string, string>>) => (await kit.token(fields)).body["error"];
    const { id } = await kit.client({ name: "App", redirectUris: ["https://app.example/"] });
    for (const grant of ["implicit", "password", "urn:ietf:params:oauth:grant-type:token-exchange"]) {
      assert.equal((metadata["grant_types_supported"] as string[]).includes(grant), false);
      assert.equal(await taken({ grant_type: grant, client_id: id, client_secret: "x" }), "invalid_client");
    }
    const { id: machine, secret } = await kit.client({ name: "Machine" });
    for (const grant of ["implicit", "password", "urn:ietf:params:oauth:grant-type:token-exchange"]) {
      const error = await taken({ grant_type: grant, client_id: machine, client_secret: secret });
      assert.equal(error, "unsupported_grant_type", grant);
    }
    assert.deepEqual(metadata["token_endpoint_auth_methods_supported"], [
      ...["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"],
    ]);
    assert.deepEqual(metadata["response_types_supported"], ["code"]);
    assert.deepEqual(metadata["code_challenge_methods_supported"], ["S256"]);
    assert.equal(metadata["client_id_metadata_document_supported"], undefined);
  });
});
