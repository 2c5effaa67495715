import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { coversInternet } from "./reach.ts";

// A range that holds everybody makes a list of the trusted meaningless: callers write their own address, or have no
// limits. It can be written in many ways, and in parts.
describe("coversInternet against lists that trust everybody", () => {
  it("finds everybody however it is written", () => {
    for (const ranges of [
      ["0.0.0.0/0"],
      ["203.0.113.9/0"],
      ["0.0.0.0/00"],
      ["::/0"],
      ["2001:db8::/0"],
      ["::ffff:0:0/96"],
      ["::ffff:0.0.0.0/96"],
      ["0:0:0:0:0:ffff::/96"],
      ["0.0.0.0/1", "128.0.0.0/1"],
      ["10.0.0.0/8", "128.0.0.0/1", "::1", "0.0.0.0/1"],
      ["::ffff:0.0.0.0/97", "128.0.0.0/1"],
      ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"],
      ["::/1", "8000::/1"],
      ["2000::/3"],
      ["2000::/4", "3000::/4"],
    ]) {
      assert.equal(coversInternet(ranges), true, ranges.join(" "));
    }
  });

  it("leaves large but limited lists alone, and what is no range", () => {
    for (const ranges of [
      [],
      ["127.0.0.1/32"],
      ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"],
      ["0.0.0.0/1"],
      ["0.0.0.0/1", "128.0.0.0/2"],
      ["0.0.0.0/1", "2000::/4"],
      ["::ffff:0:0/97"],
      ["0.0.0.0/33", "1.2.3/0", "1.2.3.256/0", "::1::/0", "1:2:3/0", "g::/0", "::/129", "::/-1", "", "/0"],
    ]) {
      assert.equal(coversInternet(ranges), false, ranges.join(" "));
    }
  });

  it("says yes to the parts of a whole, and no as soon as one is missing", () => {
    const splits = fc.array(fc.nat(), { maxLength: 40 });
    fc.assert(
      fc.property(splits, fc.boolean(), fc.nat(), (choices, mapped, lost) => {
        const parts = split(choices);
        const texts = parts.map((part) => textOf(part, mapped));
        assert.equal(coversInternet(texts), true);
        const without = texts.toSpliced(lost % texts.length, 1);
        const gone = parts[lost % parts.length] ?? { first: 0, bits: 0 };
        const last = gone.first + 2 ** (32 - gone.bits) - 1;
        assert.equal(coversInternet(without), last < 0x01000000 || gone.first > 0xdfffffff);
      }),
    );
  });

  it("says yes only where an independent list holds every address", () => {
    const range = fc.tuple(fc.nat({ max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 3 }));
    const address = fc.integer({ min: 0x01000000, max: 0xdfffffff });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), fc.array(address, { maxLength: 30 }), (ranges, addresses) => {
        const list = new BlockList();
        for (const [base, bits] of ranges) list.addSubnet(dotted(base), bits, "ipv4");
        // No part is smaller than an eighth of all addresses, so one address of each eighth stands for all.
        const eighths = Array.from({ length: 7 }, (_, eighth) => eighth * 2 ** 29 + 0x01000000);
        const all = eighths.every((one) => list.check(dotted(one), "ipv4"));
        assert.equal(coversInternet(ranges.map(([base, bits]) => `${dotted(base)}/${bits}`)), all);
        if (all) assert.ok(addresses.every((one) => list.check(dotted(one), "ipv4")));
      }),
    );
  });
});

interface Part {
  readonly first: number;
  readonly bits: number;
}

/** All of IPv4, halved again and again: each number chooses the part to halve next. */
function split(choices: readonly number[]): readonly Part[] {
  return choices.reduce<readonly Part[]>(
    (parts, choice) => {
      const index = choice % parts.length;
      const { first, bits } = parts[index] ?? { first: 0, bits: 32 };
      if (bits === 32) return parts;
      const half = 2 ** (31 - bits);
      return parts.toSpliced(index, 1, { first: first + half, bits: bits + 1 }, { first, bits: bits + 1 });
    },
    [{ first: 0, bits: 0 }],
  );
}

function textOf({ first, bits }: Part, mapped: boolean): string {
  return mapped ? `::ffff:${dotted(first)}/${96 + bits}` : `${dotted(first)}/${bits}`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
