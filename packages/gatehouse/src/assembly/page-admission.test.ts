import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Inbound } from "../http/inbound.ts";
import type { Ban, BanSubject } from "../kernel/ports/bans.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createPageAdmission } from "./page-admission.ts";

const clock = createFakeClock();

function admission(entrance?: string) {
  const subject: BanSubject = { kind: "ip", value: "192.0.2.7" };
  const times = { createdAt: clock.now(), expiresAt: clock.now() + 60_000 };
  const ban: Ban = { id: "1", subject, reason: "scraping", violations: 0, ...times, ...(entrance ? { entrance } : {}) };
  const bans = {
    find: (subjects: readonly BanSubject[], asked: string) =>
      subjects.some(({ value }) => value === subject.value) && (ban.entrance === undefined || ban.entrance === asked)
        ? ban
        : undefined,
  };
  return createPageAdmission({ bans, clock, trustedCidrs: ["192.0.2.8/32"] });
}

/** All that admission looks at. */
const from = (ip: string, method = "GET"): Inbound => ({ method, peer: { ip, tls: true } }) as Inbound;

describe("createPageAdmission", () => {
  it("refuses pages to a source that is banned altogether", () => {
    const denial = admission()(from("192.0.2.7"));
    assert.equal(denial?.problem.code, "SOURCE_BANNED");
    assert.equal(denial?.retryAfter, 60);
    assert.equal(admission()(from("192.0.2.9")), undefined);
  });

  it("leaves attempts to the gate", () => {
    assert.equal(admission()(from("192.0.2.7", "POST")), undefined);
  });

  it("leaves pages to a source that is banned from one entrance", () => {
    assert.equal(admission("live")(from("192.0.2.7")), undefined);
  });
});
