// An attacker whose address can be written in several ways must not slip past a ban because the operator wrote it in
// another. Guards look addresses up in one form, IPv6 by its /64; a ban in any other form would refuse nobody.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";
import { addressKey } from "../guards/address.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";

describe("openGatehouse, the operation bans.add", () => {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
  let gatehouse: Gatehouse;

  before(async () => {
    const config = requireConfig({ file: { profile: "development", dataDirectory: directory }, clock: systemClock });
    gatehouse = await openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  function ban(value: string): ReturnType<Gatehouse["operate"]> {
    return gatehouse.operate("bans.add", { kind: "ip", value, minutes: 5, reason: "test" });
  }

  for (const [written, attacker] of [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:198.51.100.4", "198.51.100.4"],
    ["2001:DB8:0:1::5", "2001:db8:0:1:ffff::9"],
    ["2001:db8:0:2::/64", "2001:db8:0:2::1"],
  ] as const) {
    it(`bans ${attacker} by the name ${written}`, async () => {
      const subject = { kind: "ip", value: addressKey(attacker) } as const;
      assert.equal(gatehouse.services.bans.find([subject], "http"), undefined);
      assert.equal((await ban(written)).ok, true);
      assert.notEqual(gatehouse.services.bans.find([subject], "http"), undefined);
    });
  }

  it("bans for as long as an incident takes: thirty days and more", async () => {
    const minutes = 30 * 24 * 60;
    const input = { kind: "ip", value: "203.0.113.30", minutes, reason: "incident 7" };
    assert.equal((await gatehouse.operate("bans.add", input)).ok, true);
    const found = gatehouse.services.bans.find([{ kind: "ip", value: "203.0.113.30" }], "http");
    assert.equal((found?.expiresAt ?? 0) - (found?.createdAt ?? 0), minutes * 60_000);
  });

  it("refuses what is no address", async () => {
    for (const value of ["example.org", "192.0.2", "10.0.0.0/8", "unknown"]) {
      const outcome = await ban(value);
      assert.equal(!outcome.ok && outcome.problem.code, "VALIDATION_ERROR", value);
    }
  });
});
