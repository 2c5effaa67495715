import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  base64,
  base64url,
  canonicalJson,
  constantTimeEqual,
  fromBase64,
  fromBase64url,
  fromUtf8,
  lengthPrefixed,
  utf8,
} from "./codec.ts";

const bytes = fc.uint8Array({ maxLength: 200 });
const part = fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 20 }));

describe("utf8 and fromUtf8", () => {
  it("are each other's inverse for every well-formed text, byte order marks included", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => fromUtf8(utf8(text)) === text));
    assert.equal(fromUtf8(utf8("\uFEFFa")), "\uFEFFa");
  });

  it("refuse bytes that are not UTF-8", () => {
    for (const malformed of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      assert.throws(() => fromUtf8(Uint8Array.from(malformed)), TypeError);
    }
  });
});

describe("base64 and base64url", () => {
  it("are undone by their readers", () => {
    fc.assert(fc.property(bytes, (value) => assert.deepEqual(fromBase64(base64(value)), value)));
    fc.assert(fc.property(bytes, (value) => assert.deepEqual(fromBase64url(base64url(value)), value)));
  });

  it("respect the bounds of a view into a larger buffer", () => {
    const view = utf8("xabcx").subarray(1, 4);
    assert.equal(base64(view), "YWJj");
    assert.equal(base64url(view), "YWJj");
  });

  it("are read in their one canonical form alone", () => {
    for (const text of ["YQ", "YR==", "YQ=", "YQ==\n", " YQ==", "YQ==YQ==", "-_-_", "Y*Q="]) {
      assert.equal(fromBase64(text), undefined, text);
    }
    for (const text of ["YQ==", "YR", "YQ\n", "+/+/", "Y"]) assert.equal(fromBase64url(text), undefined, text);
  });

  it("read nothing as something else: what is read is written the same", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = fromBase64(text);
        return read === undefined || base64(read) === text;
      }),
    );
  });
});

describe("constantTimeEqual", () => {
  it("agrees with comparing byte by byte, and takes different lengths", () => {
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        assert.equal(constantTimeEqual(left, right), Buffer.compare(left, right) === 0);
        assert.ok(constantTimeEqual(left, left.slice()));
      }),
    );
  });
});

describe("canonicalJson", () => {
  it("gives the example of RFC 8785 section 3.2.2", () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      literals: [null, true, false],
    };
    assert.equal(
      canonicalJson(value),
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("does not depend on the order of members", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        assert.equal(canonicalJson(reversed), canonicalJson(value));
      }),
    );
  });

  it("refuses what JSON cannot say", () => {
    assert.throws(() => canonicalJson(undefined), TypeError);
    assert.throws(() => canonicalJson(Number.NaN));
  });
});

describe("lengthPrefixed", () => {
  it("gives every list bytes of its own", () => {
    fc.assert(
      fc.property(fc.array(part), fc.array(part), (left, right) => {
        const same = (a: string | Uint8Array): string => Buffer.from(a).toString("hex");
        const equalLists = JSON.stringify(left.map(same)) === JSON.stringify(right.map(same));
        assert.equal(constantTimeEqual(lengthPrefixed(left), lengthPrefixed(right)), equalLists);
      }),
    );
    assert.notDeepEqual(lengthPrefixed(["a", "bc"]), lengthPrefixed(["ab", "c"]));
    assert.notDeepEqual(lengthPrefixed([""]), lengthPrefixed([]));
  });

  it("puts four bytes of length before each part", () => {
    assert.deepEqual([...lengthPrefixed(["é", Uint8Array.of(7)])], [0, 0, 0, 2, 0xc3, 0xa9, 0, 0, 0, 1, 7]);
  });
});
