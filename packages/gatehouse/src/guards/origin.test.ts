import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { defineAction, type Effects } from "../kernel/action.ts";
import { ENTRANCES, type Entrance } from "../kernel/attempt.ts";
import { isDenial } from "../kernel/outcome.ts";
import { passageOf } from "../testing/passage.ts";
import { createOriginRules, isOrigin, originGuard, type BrowserProvenance, type OriginVerdict } from "./origin.ts";

const OWN = "https://app.example";
const TRUSTED = "https://shop.example:8443";

const judge = createOriginRules({ trustedOrigins: [TRUSTED] });

const fetchSites = [
  "same-origin",
  "same-site",
  "cross-site",
  "none",
  undefined,
  "same-origin, cross-site",
  "",
] as const;

const o: OriginVerdict = "own";
const t: OriginVerdict = "trusted";
const u: OriginVerdict = "unproven";
const f: OriginVerdict = "foreign";

/** Rows: the Origin header. Columns: Sec-Fetch-Site, in the order of `fetchSites`. */
const decisions: readonly (readonly [string | undefined, readonly OriginVerdict[]])[] = [
  // Origin                      same-origin same-site cross-site none absent doubled empty
  [undefined, /*                 */ [o, f, f, u, u, f, f]],
  ["null", /*                    */ [f, f, f, f, f, f, f]],
  [OWN, /*                       */ [o, f, f, o, o, f, f]],
  [TRUSTED, /*                   */ [o, t, t, t, t, t, t]],
  ["https://app.example:8080", /**/ [o, f, f, f, f, f, f]],
  ["http://app.example", /*      */ [o, f, f, f, f, f, f]],
  ["https://evil.app.example", /**/ [o, f, f, f, f, f, f]],
  ["https://shop.example", /*    */ [o, f, f, f, f, f, f]],
  ["http://shop.example:8443", /**/ [o, f, f, f, f, f, f]],
  ["https://SHOP.example:8443", /**/ [o, f, f, f, f, f, f]],
  ["https://evil.example", /*    */ [o, f, f, f, f, f, f]],
  ["https://app.example.evil", /**/ [o, f, f, f, f, f, f]],
  ["", /*                        */ [o, f, f, f, f, f, f]],
];

function provenance(method: string, origin: string | undefined, fetchSite: string | undefined): BrowserProvenance {
  return {
    kind: "browser",
    method,
    target: OWN,
    ...(origin === undefined ? {} : { origin }),
    ...(fetchSite === undefined ? {} : { fetchSite }),
  };
}

describe("createOriginRules", () => {
  it("decides every combination of Origin and Sec-Fetch-Site", () => {
    for (const [origin, verdicts] of decisions) {
      for (const [column, fetchSite] of fetchSites.entries()) {
        const verdict = judge(provenance("POST", origin, fetchSite));
        assert.equal(verdict, verdicts[column], `Origin ${origin}, Sec-Fetch-Site ${fetchSite}`);
      }
    }
  });

  it("lets nothing but the own and the trusted origins through where Sec-Fetch-Site is missing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string()), (origin) => {
        fc.pre(origin !== OWN && origin !== TRUSTED);
        assert.equal(judge(provenance("POST", origin, undefined)), "foreign");
      }),
    );
  });

  it("refuses trusted origins that no browser would send, and says what was meant", () => {
    for (const origin of [
      "shop.example",
      "https://shop.example/",
      "https://shop.example:443",
      "*",
      "null",
      "",
      "ftp://a.example",
    ]) {
      assert.throws(() => createOriginRules({ trustedOrigins: [origin] }), TypeError, origin);
    }
    assert.throws(() => createOriginRules({ trustedOrigins: ["https://Shop.example/a"] }), /"https:\/\/shop\.example"/);
  });
});

describe("isOrigin", () => {
  it("takes the form that browsers send", () => {
    for (const origin of [OWN, TRUSTED, "http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443"]) {
      assert.ok(isOrigin(origin), origin);
    }
    for (const origin of [
      "",
      "https://",
      "https://a.example?",
      "https://a.example#",
      "https://u@a.example",
      "https://ä.example",
    ]) {
      assert.equal(isOrigin(origin), false, origin);
    }
  });
});

function denies(entrance: Entrance, effects: Effects, browser: BrowserProvenance): boolean {
  const action = defineAction({
    name: "thing.change",
    entrances: [entrance],
    input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
    effects,
    authorise: "public",
    run: () => Promise.resolve("done"),
  });
  const step = originGuard({ trustedOrigins: [TRUSTED] }).compile(action, entrance);
  return isDenial(step?.enter?.(passageOf({ action, attempt: { entrance, provenance: browser } })));
}

describe("originGuard", () => {
  it("looks at unsafe methods and mutations everywhere, and at everything on live and realtime", () => {
    for (const entrance of ENTRANCES) {
      for (const effects of ["none", "store", "external"] as const) {
        for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "get", "post"]) {
          const foreign = provenance(method, "https://evil.example", "cross-site");
          const safe = ["GET", "HEAD"].includes(method.toUpperCase());
          const connected = entrance === "live" || entrance === "realtime";
          const expected =
            !["webhook", "job", "oauth"].includes(entrance) && (!safe || effects !== "none" || connected);
          assert.equal(denies(entrance, effects, foreign), expected, `${entrance} ${effects} ${method}`);
        }
      }
    }
  });

  it("leaves unproven requests to the CSRF guard and admits own and trusted pages", () => {
    assert.equal(denies("http", "store", provenance("POST", undefined, undefined)), false);
    assert.equal(denies("http", "store", provenance("POST", OWN, "same-origin")), false);
    assert.equal(denies("live", "store", provenance("POST", TRUSTED, "cross-site")), false);
  });

  it("does not concern callers who attach their credentials deliberately", () => {
    const action = passageOf().action;
    const step = originGuard({}).compile(action, "http");
    for (const kind of ["token", "internal"] as const) {
      assert.equal(step?.enter?.(passageOf({ attempt: { provenance: { kind } } })), undefined);
    }
  });
});
