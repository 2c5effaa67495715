// Whoever gets a code sent to an address of theirs has the account it is for, so attackers look for addresses that the
// server takes for a registered one and a browser does not. The registry takes addresses in one form alone, and the
// endpoint sends codes to the very text that was registered.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openClientKit, type ClientKit } from "../../testing/client-kit.ts";
import { redirectFault } from "./redirect-rules.ts";

const WEB = { type: "web", production: true } as const;
const NATIVE = { type: "native", production: true } as const;

describe("addresses that try to be registered", () => {
  for (const address of [
    "javascript:alert(document.cookie)",
    "JAVASCRIPT://app.example/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox",
    "blob:https://app.example/1",
    "view-source:https://app.example/",
    "https://app.example/callback#fragment",
    "https://app.example/#",
    "https://*.app.example/callback",
    "https://app.example/*",
    "https://app.example@evil.example/",
    "https://user:password@app.example/",
    "https://@app.example/",
    "https://app.example/a/../callback",
    "https://app.example/a/%2e%2e/callback",
    "https://app.example/a%2f..%2fcallback",
    "https://app.example/a%5ccallback",
    "https://app.example\\@evil.example/",
    "https:app.example/callback",
    "https:///app.example/callback",
    " https://app.example/callback",
    "https://app.example/call\tback",
    "https://app.example/call\nback",
    "https://APP.example/callback",
    "HTTPS://app.example/callback",
    "https://app.example./callback",
    "https://app.example:443/callback",
    "https://аpp.example/callback",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://localhost./",
    "https://app.localhost/",
    "https://0.0.0.0/",
    "http://app.example/",
    "com.example.app:/callback",
    "/callback",
    "",
    `https://app.example/${"a".repeat(2000)}`,
  ]) {
    it(`refuses ${JSON.stringify(address.slice(0, 60))}`, () => {
      assert.equal(typeof redirectFault(address, WEB), "string");
    });
  }

  for (const address of [
    "https://app.example",
    "https://app.example/callback?tenant=a",
    "https://xn--pp-7lc.example/",
  ]) {
    it(`takes ${address}`, () => assert.equal(redirectFault(address, WEB), undefined));
  }

  it("takes loopback addresses and schemes of one's own from programs alone", () => {
    for (const address of ["http://127.0.0.1:1/a", "http://[::1]/a", "http://localhost:8080/a", "com.example.app:/a"]) {
      assert.equal(redirectFault(address, NATIVE), undefined, address);
    }
    for (const address of ["http://127.0.0.1.evil.example/", "http://10.0.0.1/", "https://127.0.0.1/", "myapp:/a"]) {
      assert.equal(typeof redirectFault(address, NATIVE), "string", address);
    }
    assert.equal(redirectFault("myapp:/a", { ...NATIVE, anyScheme: true }), undefined, "by an operator's word");
    assert.equal(redirectFault("http://localhost:3000/a", { type: "web", production: false }), undefined);
  });
});

describe("addresses that try to pass for a registered one", () => {
  let kit: ClientKit;
  let web: string;
  let native: string;
  before(async () => {
    kit = await openClientKit();
    const shared = { name: "App", authentication: "none", scope: "openid" } as const;
    web = (await kit.client({ ...shared, redirectUris: ["https://app.example/callback"] })).id;
    native = (await kit.client({ ...shared, type: "native", redirectUris: ["http://127.0.0.1/callback"] })).id;
  });
  after(() => kit[Symbol.asyncDispose]());

  async function authorize(client: string, redirect: string) {
    const query = new URLSearchParams({
      ...{ client_id: client, redirect_uri: redirect, response_type: "code", scope: "openid", state: "s" },
      ...{ code_challenge: "x".repeat(43), code_challenge_method: "S256" },
    });
    const { status, headers } = await kit.ask(`/oauth/authorize?${query.toString()}`, { redirect: "manual" });
    return { status, location: headers.get("location") };
  }

  it("sends nobody anywhere but to the registered text", async () => {
    assert.match(
      String((await authorize(web, "https://app.example/callback")).location),
      /^(?:http[^?]+)?\/test\/sign-in\//,
    );
    for (const trick of [
      "https://app.example/callback/",
      "https://app.example/callback?x=1",
      "https://app.example/callback#x",
      "https://app.example/CALLBACK",
      "https://APP.example/callback",
      "https://app.example./callback",
      "https://app.example:443/callback",
      "https://app.example:8443/callback",
      "https://app.example/x/../callback",
      "https://app.example/%63allback",
      "https://app.example%2f@evil.example/callback",
      "https://app.example@evil.example/callback",
      "https://evil.example/https://app.example/callback",
      "https://app.example.evil.example/callback",
      "http://app.example/callback",
      "//app.example/callback",
      "https://app.example/callback,https://evil.example/",
    ]) {
      const { status, location } = await authorize(web, trick);
      assert.deepEqual([status, location], [400, null], trick);
    }
  });

  it("lets programs choose the port of this machine, and nothing else", async () => {
    for (const port of [1, 8080, 65_535]) {
      const { status } = await authorize(native, `http://127.0.0.1:${port}/callback`);
      assert.equal(status, 303, String(port));
    }
    for (const trick of [
      "http://127.0.0.1:8080/other",
      "http://localhost:8080/callback",
      "http://[::1]:8080/callback",
      "http://127.0.0.1:80@evil.example/callback",
      "http://127.0.0.1.evil.example:8080/callback",
      "http://2130706433:8080/callback",
      "https://127.0.0.1:8080/callback",
    ]) {
      const { status, location } = await authorize(native, trick);
      assert.deepEqual([status, location], [400, null], trick);
    }
  });
});
