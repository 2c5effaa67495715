import assert from "node:assert/strict";
import { it } from "node:test";
import { SUITE_TTL } from "./guard-suite-actions.ts";
import { admitted, documentOf, isForBrowsers, refused, refusedUnknown, type Suite } from "./guard-suite-refusal.ts";

const STRANGE = "198.51.100.9";

/** Who and what is let in at all. */
export function describeAdmission(suite: Suite): void {
  const { under, harness, send } = suite;

  it("admits an attempt that every guard admits", async () => {
    const answer = await admitted(send());
    assert.deepEqual(answer.value, { written: "tea", run: 1 });
  });

  if (under.provenance === "internal") {
    it("is not held up by a ban on this machine's own address", async () => {
      await harness().ban(suite.address);
      await admitted(send());
    });
  } else {
    it("refuses an address that is banned here, and no other, and says until when", async () => {
      await harness().ban("198.51.100.66", under.entrance);
      // Over a browser's entrance the ban holds for strangers; whoever is signed in is told apart by the session.
      const stranger = { action: "suite.look", as: "stranger" } as const;
      const banned = isForBrowsers(under) ? stranger : {};
      const answer = await refused(suite, "SOURCE_BANNED", { ip: "198.51.100.66", afterTheBody: true, ...banned });
      assert.ok((answer.retryAfter ?? 0) > SUITE_TTL);
      await admitted(send({ ip: "198.51.100.67", ...banned }));
    });

    if (isForBrowsers(under)) {
      it("admits whoever is signed in at an address that strangers got banned from here", async () => {
        await harness().ban("198.51.100.70", under.entrance);
        await admitted(send({ ip: "198.51.100.70" }));
      });
    }

    it("refuses an address that is banned altogether, with whatever credentials it comes", async () => {
      await harness().ban("198.51.100.68");
      const page = { page: "wrong token", message: "altered" } as const;
      await refused(suite, "SOURCE_BANNED", { ip: "198.51.100.68" });
      await refused(suite, "SOURCE_BANNED", { ip: "198.51.100.68", ...page });
    });

    it("admits an address that is banned from another entrance", async () => {
      await harness().ban("198.51.100.69", under.entrance === "mcp" ? "oauth" : "mcp");
      await admitted(send({ ip: "198.51.100.69" }));
    });
  }

  it("refuses actions that do not exist", async () => {
    await refusedUnknown(suite, under.unknownAction, "suite.missing");
  });

  // Nobody verifies the signatures of what is not declared here.
  const elsewhere = under.provenance === "signed" ? "SIGNATURE_INVALID" : "ACTION_NOT_FOUND";
  it(`refuses actions that are declared for other entrances alone with ${elsewhere}`, async () => {
    await refusedUnknown(suite, elsewhere, "suite.elsewhere");
  });

  const nobody = under.provenance === "signed" ? "SIGNATURE_INVALID" : "AUTHENTICATION_REQUIRED";
  it(`answers strangers with ${nobody}`, async () => {
    await refused(suite, nobody, { as: "stranger", ip: STRANGE });
  });

  it("refuses credentials of another tenant", async () => {
    await refused(suite, under.otherTenant, { tenant: "other" });
    await admitted(send());
  });

  if (isForBrowsers(under)) {
    it("refuses a session that has ended, and says that only a new page helps", async () => {
      await admitted(send());
      await harness().endSessions?.();
      const answer = await refused(suite, under.endedSession ?? "SESSION_EXPIRED");
      if (under.wire === "http") assert.equal(documentOf(answer)["action"], "REFRESH_PAGE", answer.text);
    });
  }
}
