import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";

import { addressKey, canonicalAddress, createAddressRanges, createTrustedProxies } from "./address.ts";

describe("canonicalAddress", () => {
  it("gives every spelling of an address one text", () => {
    const spellings: readonly (readonly [string, string])[] = [
      ["192.0.2.1", "192.0.2.1"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["::FFFF:c000:0201", "192.0.2.1"],
      ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
      ["64:ff9b::192.0.2.1", "192.0.2.1"],
      ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
      ["2001:db8::1%eth0", "2001:db8::1"],
      ["fe80::1%25en0", "fe80::1"],
    ];
    for (const [spelling, canonical] of spellings) assert.equal(canonicalAddress(spelling), canonical, spelling);
  });

  it("refuses what other programs read as another address", () => {
    const odd = ["0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.1", "01.2.3.4", "256.1.1.1", "1.2.3.4.5", " 1.2.3.4"];
    const broken = [
      "",
      "unknown",
      "[::1]",
      "1.2.3.4:80",
      "::ffff:0177.0.0.1",
      "1::2::3",
      "::1 ",
      `::${"1".repeat(99)}`,
    ];
    for (const text of [...odd, ...broken]) assert.equal(canonicalAddress(text), undefined, text);
  });

  it("is its own fixed point", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = canonicalAddress(text);
        if (canonical !== undefined) assert.equal(canonicalAddress(canonical), canonical);
      }),
    );
  });
});

describe("addressKey", () => {
  it("counts IPv4 by address and IPv6 by network, and puts the unreadable into one bucket", () => {
    assert.equal(addressKey("192.0.2.1"), "192.0.2.1");
    assert.equal(addressKey("::ffff:192.0.2.1"), "192.0.2.1");
    assert.equal(addressKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    assert.equal(addressKey("2001:db8:1:2::9"), "2001:db8:1:2::/64");
    for (const text of ["", "unknown", "0177.0.0.1"]) assert.equal(addressKey(text), "unknown");
  });

  it("has one value for all 2^64 addresses of a network", () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const host = fc.tuple(group, group, group, group);
    fc.assert(
      fc.property(host, host, (left, right) => {
        const key = (groups: readonly number[]): string =>
          addressKey(`2001:db8:7:8:${groups.map((value) => value.toString(16)).join(":")}`);
        assert.equal(key(left), key(right));
      }),
    );
  });
});

describe("createAddressRanges", () => {
  it("knows which addresses lie in its ranges", () => {
    const ranges = createAddressRanges(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]);
    for (const ip of ["10.255.0.1", "::ffff:10.0.0.1", "2001:db8:ffff::1", "192.0.2.7"]) assert.ok(ranges.has(ip), ip);
    for (const ip of ["11.0.0.1", "2001:db9::1", "192.0.2.8", "unknown", ""]) assert.ok(!ranges.has(ip), ip);
  });

  it("refuses ranges it cannot read", () => {
    for (const range of ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "10.0.0.0/8/9", "10.0.0.0/-1", "any"]) {
      assert.throws(() => createAddressRanges([range]), TypeError, range);
    }
  });
});

describe("createTrustedProxies", () => {
  const direct = { address: "203.0.113.9", encrypted: true };
  const proxied = { address: "::ffff:10.0.0.1", encrypted: false };
  const proxies = createTrustedProxies(["10.0.0.0/8"]);
  const standard = createTrustedProxies(["10.0.0.0/8"], { header: "forwarded" });

  it("believes no header of a client that is not a proxy", () => {
    const headers = new Headers({ "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "http" });
    assert.deepEqual(proxies.resolve(direct, headers), { ip: "203.0.113.9", tls: true });
  });

  it("finds the client behind one proxy and behind several", () => {
    const one = new Headers({ "x-forwarded-for": "198.51.100.4", "x-forwarded-proto": "https" });
    assert.deepEqual(proxies.resolve(proxied, one), { ip: "198.51.100.4", tls: true });
    const several = new Headers({ "x-forwarded-for": "2001:db8::5, 10.1.1.1, 10.2.2.2", "x-forwarded-proto": "https" });
    assert.deepEqual(proxies.resolve(proxied, several), { ip: "2001:db8::5", tls: true });
  });

  it("reads RFC 7239 with ports, brackets, quotes and parameters in any order", () => {
    const headers = new Headers({ forwarded: 'for="[2001:db8::5]:4711";proto=https;by=10.0.0.2, FOR=10.1.1.1:80' });
    assert.deepEqual(standard.resolve(proxied, headers), { ip: "2001:db8::5", tls: true });
  });

  it("gives clients a proxy does not name the shared bucket", () => {
    for (const node of ["unknown", "_hidden", '"_gazonk"']) {
      assert.equal(standard.resolve(proxied, new Headers({ forwarded: `for=${node}` })).ip, "unknown");
    }
    assert.equal(proxies.resolve({ address: undefined, encrypted: false }, new Headers()).ip, "unknown");
  });

  it("uses the one configured header and ignores the other", () => {
    const headers = new Headers({ "x-forwarded-for": "198.51.100.4", forwarded: "for=198.51.100.5" });
    assert.equal(proxies.resolve(proxied, headers).ip, "198.51.100.4");
    assert.equal(standard.resolve(proxied, headers).ip, "198.51.100.5");
  });

  it("takes the proxy itself for the client when it forwards nothing", () => {
    assert.deepEqual(proxies.resolve(proxied, new Headers()), { ip: "10.0.0.1", tls: false });
    assert.deepEqual(standard.resolve(proxied, new Headers({ forwarded: "proto=https" })), {
      ip: "10.0.0.1",
      tls: false,
    });
  });
});
