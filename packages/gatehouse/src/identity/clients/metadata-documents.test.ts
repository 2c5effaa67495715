import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import { after, before, beforeEach, describe, it } from "node:test";
import type { SecurityEvent } from "../../kernel/event.ts";
import { createTestAuthority } from "../../testing/authority.ts";
import { CLIENT_KIT_TENANT, openClientKit, type ClientKit } from "../../testing/client-kit.ts";

const CALLBACK = "https://tool.example/callback";

describe("clients known by a document", () => {
  let server: Server;
  let kit: ClientKit;
  let id: string;
  let document: Record<string, unknown>;
  let fetched = 0;
  let age = 60;
  const events: SecurityEvent[] = [];

  before(async () => {
    const authority = await createTestAuthority();
    const { certificate, key } = await authority.issue("tool.example");
    server = createServer({ cert: certificate, key }, (_request, response) => {
      fetched += 1;
      response.writeHead(200, { "content-type": "application/json", "cache-control": `max-age=${age}` });
      response.end(JSON.stringify(document));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    id = `https://tool.example:${address.port}/client.json`;
    kit = await openClientKit({
      clients: {
        metadataDocuments: { hosts: ["tool.example"], keep: { min: 0, max: 60 } },
        outbound: {
          reachable: ["127.0.0.1/32"],
          authorities: [authority.certificate],
          resolve: async () => [{ address: "127.0.0.1", family: 4 }],
        },
      },
    });
    kit.gatehouse.services.events.subscribe((event) => void events.push(event));
  });
  after(async () => {
    await kit[Symbol.asyncDispose]();
    server.close();
  });
  beforeEach(() => {
    document = { client_id: id, client_name: "Tool", redirect_uris: [CALLBACK], token_endpoint_auth_method: "none" };
  });

  const authorize = (client = id, redirect = CALLBACK) => {
    const query = new URLSearchParams({
      ...{ client_id: client, redirect_uri: redirect, response_type: "code", scope: "openid" },
      ...{ code_challenge: "x".repeat(43), code_challenge_method: "S256" },
    });
    return kit.ask(`/oauth/authorize?${query.toString()}`, { redirect: "manual" });
  };

  it("are used without registering, fetched once while the document is fresh, and are in the registry", async () => {
    assert.equal((await authorize()).status, 303);
    assert.equal((await authorize()).status, 303);
    assert.equal(fetched, 1);
    const { store } = kit.gatehouse.services;
    const found = await store.read((reading) => kit.clients.registry.find(reading, { tenant: CLIENT_KIT_TENANT, id }));
    assert.deepEqual([found?.origin, found?.settings.name], ["document", "Tool"]);
    const described = await kit.ask("/.well-known/oauth-authorization-server");
    assert.equal(described.body["client_id_metadata_document_supported"], true);
  });

  it("are refused from hosts that are not named, and at addresses the policy refuses", async () => {
    assert.equal((await authorize(id.replace("tool.example", "other.example"))).status, 400);
    assert.equal((await authorize(`${id}?again`)).status, 400, "a document that names another client");
    assert.equal((await authorize(id, "https://evil.example/")).status, 400);
  });

  it("meet the policy however their address is written, wherever it is named", async () => {
    const loud = id.replace("https:", "HTTPS:");
    document["client_id"] = loud;
    document["redirect_uris"] = ["http://evil.example/"];
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const answer = await kit.token({
      grant_type: "authorization_code",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: `${part({ alg: "RS256" })}.${part({ sub: loud })}.AAAA`,
    });
    assert.equal(answer.body["error"], "invalid_redirect_uri");
  });

  it("are an event when their document says something else, and go when an operator disables them", async () => {
    // Never fresh: fetched each time.
    age = 0;
    const other = id.replace("client.json", "other.json");
    document["client_id"] = other;
    assert.equal((await authorize(other)).status, 303);
    document["redirect_uris"] = [CALLBACK, "https://new.example/callback"];
    assert.equal((await authorize(other)).status, 303);
    const changed = events.filter(({ name }) => name === "oauth_client_document_changed");
    assert.deepEqual(
      changed.map(({ target, context }) => [target, context]),
      [[other, { changed: "redirect_uris", redirects: "tool.example new.example" }]],
    );
    const key = { tenant: CLIENT_KIT_TENANT, id: other };
    await kit.write((writing) =>
      kit.clients.registry.setState(writing, key, { by: "user:operator", state: "disabled" }),
    );
    assert.equal((await authorize(other)).status, 400);
  });
});
