import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BootRefusedError } from "../kernel/gate.ts";
import { createCors } from "./cors.ts";

const rule = { path: "/api/", origins: ["https://app.example"], credentials: true };

describe("createCors", () => {
  // Reflecting any origin while cookies travel lets every page on the web read a visitor's data.
  it("refuses to start with * and credentials", () => {
    assert.throws(() => createCors([{ path: "/", origins: "*", credentials: true }]), BootRefusedError);
  });

  it("refuses origins browsers would never send, and malformed names", () => {
    for (const origin of ["https://app.example/", "app.example", "null", "*", "https://app.example/x"]) {
      assert.throws(() => createCors([{ path: "/", origins: [origin] }]), BootRefusedError, origin);
    }
    assert.throws(() => createCors([{ path: "api", origins: "*" }]), BootRefusedError);
    assert.throws(() => createCors([{ path: "/", origins: [] }]), BootRefusedError);
    assert.throws(() => createCors([{ path: "/", origins: "*", headers: ["a, b"] }]), BootRefusedError);
  });

  it("lets named origins read, and says that the answer depends on the origin", () => {
    const cors = createCors([rule]);
    const allowed = cors.headers("/api/x", "https://app.example");
    assert.equal(allowed?.["access-control-allow-origin"], "https://app.example");
    assert.equal(allowed["access-control-allow-credentials"], "true");
    assert.equal(allowed["vary"], "Origin");
    for (const name of ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]) {
      assert.match(allowed["access-control-expose-headers"] ?? "", new RegExp(name));
    }
    for (const origin of [
      "https://evil.example",
      "https://app.example.evil.example",
      "http://app.example",
      "null",
      null,
    ]) {
      assert.deepEqual(cors.headers("/api/x", origin), { vary: "Origin" });
    }
    assert.equal(cors.headers("/other", "https://app.example"), undefined);
  });

  it("answers preflights and only those", () => {
    const cors = createCors([rule]);
    const headers = { origin: "https://app.example", "access-control-request-method": "POST" };
    const request = new Request("https://gatehouse.example/api/x", { method: "OPTIONS", headers });
    const answer = cors.preflight("/api/x", request);
    assert.equal(answer?.["access-control-allow-methods"], "GET, POST, OPTIONS");
    assert.equal(answer["access-control-max-age"], "86400");
    assert.equal(cors.preflight("/api/x", new Request(request.url, { method: "OPTIONS" })), undefined);
  });

  // Opened for everybody, `/api` must not open the keys at `/apikeys` with it.
  it("is for whole segments of a path", () => {
    const cors = createCors([{ path: "/api", origins: "*" }]);
    for (const path of ["/api", "/api/", "/api/x"]) assert.notEqual(cors.headers(path, "https://a.example"), undefined);
    for (const path of ["/apikeys", "/api-keys/x", "/ap", "/"]) {
      assert.equal(cors.headers(path, "https://a.example"), undefined, path);
    }
  });

  it("takes the most specific rule", () => {
    const cors = createCors([{ path: "/", origins: "*" }, rule]);
    assert.equal(cors.headers("/x", "https://any.example")?.["access-control-allow-origin"], "*");
    assert.equal(cors.headers("/api/x", "https://any.example")?.["access-control-allow-origin"], undefined);
  });
});
