import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initiatingPage } from "./attempt.ts";

const signed = (headers: Readonly<Record<string, string>>) =>
  initiatingPage({ kind: "signed", headers, body: new Uint8Array(0) });

describe("initiatingPage", () => {
  it("takes a message for a foreign page's where a page can have made a browser send it", () => {
    assert.equal(signed({ origin: "https://evil.example" }), "foreign");
    assert.equal(signed({ "sec-fetch-site": "cross-site", "content-type": "text/plain;charset=UTF-8" }), "foreign");
    for (const type of ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "Text/Plain"]) {
      assert.equal(signed({ origin: "null", "content-type": type, "x-forwarded-for": "192.0.2.1" }), "foreign", type);
    }
    assert.equal(signed({ "content-type": "text/plain" }), undefined);
  });

  // One header that browsers set makes a forged message look like the doing of an innocent visitor. Without a preflight,
  // which is answered with no, no page makes a browser send JSON or the headers of a signature.
  it("takes no message for a foreign page's that says so and cannot come from one", () => {
    const origin = "https://evil.example";
    for (const name of ["webhook-id", "webhook-signature", "stripe-signature", "x-hub-signature-256"]) {
      assert.equal(signed({ origin, "sec-fetch-site": "cross-site", [name]: "x" }), undefined, name);
    }
    for (const type of ["application/json", "text/plainly", "", "text/html"]) {
      assert.equal(signed({ origin, "content-type": type }), undefined, type);
    }
  });
});
