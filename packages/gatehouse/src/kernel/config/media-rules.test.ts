import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { resolveConfig, type Profile } from "../config.ts";

const safe = { server: { publicUrl: "https://app.example", trustedProxies: ["127.0.0.1/32"] } };

function resolve(scanner: object, profile: Profile) {
  const file = profile === "production" ? { ...safe, media: { scanner } } : { media: { scanner } };
  return resolveConfig({ file, profile, clock: createFakeClock() });
}

function faults(scanner: object, profile: Profile): readonly string[] {
  const result = resolve(scanner, profile);
  return result.ok ? [] : result.faults.map(({ path }) => path);
}

describe("settings of media", () => {
  it("scan with clamd in production, and with what there is in development", () => {
    for (const [profile, engine] of [
      ["production", "clamd"],
      ["development", "auto"],
    ] as const) {
      const result = resolve({}, profile);
      assert.equal(result.ok && result.config.media.scanner.engine, engine);
    }
  });

  it("refuse to publish in production what nothing scans, unless somebody says why", () => {
    assert.deepEqual(faults({ engine: "none" }, "production"), ["media.scanner.noneReason"]);
    assert.deepEqual(faults({ engine: "auto" }, "production"), ["media.scanner.engine"]);
    assert.deepEqual(faults({ engine: "none", noneReason: "an exhibition without a network" }, "production"), []);
    assert.deepEqual(faults({ engine: "none" }, "development"), []);
  });
});
