// Clients name addresses that the server itself fetches: documents, keys, where it tells of logouts. Whoever names one
// within the server's network, directly, by a redirect or by a name that means another address the next moment, would
// reach through the server what only the server can.
import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { after, before, describe, it } from "node:test";
import { createTestAuthority } from "../../testing/authority.ts";
import { openClientKit } from "../../testing/client-kit.ts";
import { createOutboundFetch, isPublic } from "./outbound-fetch.ts";

const LOOPBACK = ["127.0.0.1/32"];

describe("what the server fetches for clients", () => {
  let server: Server;
  let origin: string;
  let seen: string[] = [];
  const answers: Record<string, RequestListener> = {
    "/redirect": (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:1/secret" }).end(),
    "/huge": (_request, response) => {
      const piece = "x".repeat(16_384);
      const write = (): void => {
        if (!response.destroyed) response.write(piece, () => setImmediate(write));
      };
      write();
    },
    "/slow": (_request, response) => {
      const timer = setInterval(() => response.write("x"), 100);
      response.on("close", () => clearInterval(timer));
    },
    "/document": (_request, response) => response.end("{}"),
  };

  before(async () => {
    server = createServer((request, response) => {
      seen.push(String(request.url));
      (answers[String(request.url)] ?? answers["/document"])?.(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    origin = `http://127.0.0.1:${address.port}`;
  });
  after(() => void server.close());

  it("is at no address of another network in the disguise of one that nobody has", () => {
    for (const address of ["::7f00:1", "::a00:1", "1000::1", "4000::1", "8000::1"]) {
      assert.equal(isPublic(address), false, address);
    }
    for (const address of ["2606:4700:4700::1111", "2a00:1450:4001::200e", "1.1.1.1"]) {
      assert.equal(isPublic(address), true, address);
    }
  });

  it("is at public addresses alone", async () => {
    seen = [];
    const fetch = createOutboundFetch();
    const { port } = new URL(origin);
    for (const host of ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"]) {
      for (const scheme of ["http", "https"]) {
        await assert.rejects(fetch(`${scheme}://${host}:${port}/document`), { name: "OutboundRefusedError" }, host);
      }
    }
    for (const other of ["file:///etc/passwd", "ftp://example.com/", "https://user@example.com/"]) {
      await assert.rejects(fetch(other), { name: "OutboundRefusedError" }, other);
    }
    assert.deepEqual(seen, []);
  });

  it("knows which addresses are public", () => {
    for (const address of [
      ...["10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1", "0.0.0.0"],
      ...["224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"],
      ...["::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "192.0.2.1", "nonsense"],
    ]) {
      assert.equal(isPublic(address), false, address);
    }
    for (const address of ["93.184.215.14", "2606:4700::1111"]) assert.equal(isPublic(address), true, address);
  });

  it("is not reached by a name of which one address is private", async () => {
    const public4 = { address: "93.184.215.14", family: 4 };
    for (const address of ["127.0.0.1", "169.254.169.254", "10.0.0.1"]) {
      const fetch = createOutboundFetch({ resolve: async () => [public4, { address, family: 4 }] });
      await assert.rejects(fetch("https://app.example/"), { name: "OutboundRefusedError" });
    }
  });

  it("is at the address that was looked at, whatever the name means the next moment", async () => {
    const authority = await createTestAuthority();
    const { certificate, key } = await authority.issue("app.example");
    const hosts: string[] = [];
    const inner = createTlsServer({ cert: certificate, key }, (request, response) => {
      hosts.push(String(request.headers.host));
      response.end("{}");
    });
    await new Promise<void>((resolve) => inner.listen(0, "127.0.0.1", resolve));
    const address = inner.address();
    assert.ok(address !== null && typeof address === "object");
    let asked = 0;
    // The first answer may be reached, as a public one; whoever asks again gets one that must not be.
    const resolve = async () => [{ address: (asked += 1) === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }];
    const fetch = createOutboundFetch({ resolve, reachable: LOOPBACK, authorities: [authority.certificate] });
    const response = await fetch(`https://app.example:${address.port}/document`);
    assert.deepEqual([response.status, asked, hosts], [200, 1, [`app.example:${address.port}`]]);
    await assert.rejects(fetch(`https://app.example:${address.port}/document`), { name: "OutboundRefusedError" });
    inner.close();
  });

  it("is not where a redirect leads", async () => {
    seen = [];
    const response = await createOutboundFetch({ reachable: LOOPBACK })(`${origin}/redirect`);
    assert.equal(response.status, 302);
    assert.deepEqual(seen, ["/redirect"]);
  });

  it("is cut off when it is long or takes long", async () => {
    const fetch = createOutboundFetch({ reachable: LOOPBACK });
    await assert.rejects(fetch(`${origin}/huge`), { name: "OutboundRefusedError" });
    await assert.rejects(fetch(`${origin}/slow`));
  });

  it("is nothing of this machine, whichever member of a client names it", async () => {
    seen = [];
    await using kit = await openClientKit({
      clients: { registration: "open", metadataDocuments: { hosts: "*" }, production: false },
    });
    const register = (document: object) =>
      kit.ask("/oauth/clients", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ redirect_uris: ["https://app.example/"], ...document }),
      });
    const jwks = { token_endpoint_auth_method: "private_key_jwt", jwks_uri: `${origin}/jwks` };
    const { body } = await register(jwks);
    const claims = { iss: body["client_id"], sub: body["client_id"], aud: kit.origin, jti: "1", exp: 9_999_999_999 };
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const answer = await kit.token({
      grant_type: "authorization_code",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: `${part({ alg: "RS256" })}.${part(claims)}.AAAA`,
    });
    assert.equal(answer.body["error"], "invalid_client");
    assert.equal((await register({ sector_identifier_uri: `${origin}/sector` })).status, 400);
    const named = `https://127.0.0.1:${new URL(origin).port}/document`;
    const query = new URLSearchParams({ client_id: named, response_type: "code", redirect_uri: named });
    assert.equal((await kit.ask(`/oauth/authorize?${query.toString()}`, { redirect: "manual" })).status, 400);
    assert.deepEqual(seen, []);
  });
});
