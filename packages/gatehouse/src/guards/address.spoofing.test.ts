import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";

import { createTrustedProxies, type TrustedProxies } from "./address.ts";

/*
 * A client writes forwarding headers itself, to escape a limit or a ban or to have someone else banned: the proxy
 * appends the true address behind whatever was sent. Only what trusted proxies have written, at the right, may count.
 */
describe("A client that writes forwarding headers itself", () => {
  const proxied = { address: "10.0.0.1", encrypted: false };
  const customary = createTrustedProxies(["10.0.0.0/8"]);
  const standard = createTrustedProxies(["10.0.0.0/8"], { header: "forwarded" });

  const addressOf = (proxies: TrustedProxies, name: string, value: string): string =>
    proxies.resolve(proxied, new Headers({ [name]: value })).ip;

  it("is found whatever it has put in front", () => {
    const text = fc.string({ unit: fc.constantFrom(..."\t \"',;=[]:\\.0123456789afor%_-"), maxLength: 80 });
    fc.assert(
      fc.property(text, (forged) => {
        assert.equal(addressOf(customary, "x-forwarded-for", `${forged}, 198.51.100.4`), "198.51.100.4");
        assert.equal(addressOf(standard, "forwarded", `${forged}, for=198.51.100.4`), "198.51.100.4");
      }),
      { numRuns: 2000 },
    );
  });

  it("cannot swallow the proxy's entry with an open quote", () => {
    for (const forged of ['for="', 'for="1.2.3.4', 'for="\\', 'for=1.2.3.4;ext="', '"']) {
      assert.equal(addressOf(standard, "forwarded", `${forged}, for=198.51.100.4`), "198.51.100.4", forged);
    }
  });

  it("cannot pass for a proxy by naming a trusted address", () => {
    assert.equal(addressOf(customary, "x-forwarded-for", "1.2.3.4, 10.9.9.9, 198.51.100.4"), "198.51.100.4");
    assert.equal(addressOf(customary, "x-forwarded-for", "10.0.0.7"), "10.0.0.7");
  });

  it("cannot make the server work through thousands of entries", () => {
    // Reading ends 32 hops from the right, far from where the list begins.
    const entries = Array.from({ length: 20_000 }, (_, index) => `10.0.${index % 250}.1`);
    const reached = entries.at(-32);
    assert.equal(addressOf(customary, "x-forwarded-for", entries.join(", ")), reached);
    assert.equal(addressOf(standard, "forwarded", entries.map((entry) => `for=${entry}`).join(",")), reached);
    assert.equal(addressOf(standard, "forwarded", '"\\'.repeat(10_000)), addressOf(standard, "forwarded", '"'));
  });

  // A header of blanks that takes the square of its length to read stops the process for everybody. At this length the
  // square is minutes.
  it("cannot make reading a header slow", () => {
    const length = 600_000;
    const blanks = " ".repeat(length);
    const texts = [
      `for=a${blanks}b`,
      `for${blanks}=a`,
      `${blanks}for=a`,
      ";".repeat(length),
      "for=a;".repeat(length / 6),
    ];
    texts.push('"\\'.repeat(length / 2), `for="${"\\".repeat(length)}"`, "=".repeat(length));
    for (const text of texts) {
      const began = performance.now();
      addressOf(standard, "forwarded", text);
      assert.ok(performance.now() - began < 8_000, `${text.slice(0, 8)} took ${performance.now() - began} ms`);
    }
    assert.equal(addressOf(standard, "forwarded", `\t for=198.51.100.4 \t; proto = https`), "198.51.100.4");
  });
});
