import { describeGuardsOn, type SuiteRequest } from "./guard-suite.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Attempt, Provenance } from "../kernel/attempt.ts";
import { createTestGate, TEST_TARGET, testUser, type TestGate, type TestSession } from "./gate-kit.ts";
import type { EntranceHarness, SuiteAnswer } from "./guard-suite.ts";

async function openKit(actions: readonly AnyAction[]): Promise<EntranceHarness> {
  const kit = await createTestGate({ actions });
  const sessions = { ada: kit.signIn("ada"), mallory: kit.signIn(testUser("mallory")), stranger: kit.signIn() };
  return {
    events: kit.events,
    auditRows: () => kit.auditRows(),
    resetLimits: () => kit.resetLimits(),
    async ban(ip) {
      const subject = { kind: "ip", value: ip } as const;
      await kit.bans.add({ subject, reason: "suite", expiresAt: kit.clock.now() + 3_600_000, violations: 0 });
    },
    send: (request) => send(kit, sessions, request),
    [Symbol.asyncDispose]: async () => kit[Symbol.asyncDispose](),
  };
}

async function send(
  kit: TestGate,
  sessions: Readonly<Record<SuiteRequest["as"], TestSession>>,
  { action, input, as, key, ip, page = "own" }: SuiteRequest,
): Promise<SuiteAnswer> {
  const session = sessions[as];
  const more: Partial<Attempt> = { provenance: provenanceOf(kit, session, page) };
  const how = { session, entrance: "live" as const, more, ...(key === undefined ? {} : { key }) };
  const outcome = await kit.attempt(action, input, ip === undefined ? how : { ...how, ip });
  const text = JSON.stringify(outcome);
  if (!outcome.ok) return { code: outcome.problem.code, retryAfter: outcome.retryAfter, text };
  return { code: undefined, value: outcome.value, cached: outcome.idempotency?.cached, text };
}

function provenanceOf(kit: TestGate, session: TestSession, page: NonNullable<SuiteRequest["page"]>): Provenance {
  const own = {
    kind: "browser",
    method: "POST",
    origin: TEST_TARGET,
    fetchSite: "same-origin",
    target: TEST_TARGET,
    csrfToken: kit.csrfTokens.issue(session.credential),
  } as const;
  const { csrfToken: _token, ...withoutToken } = own;
  switch (page) {
    case "own":
      return own;
    case "no token":
      return withoutToken;
    case "wrong token":
      return { ...own, csrfToken: "A".repeat(own.csrfToken.length) };
    case "token of another session":
      return { ...own, csrfToken: kit.csrfTokens.issue(kit.signIn("ada").credential) };
    case "other site":
      return { ...own, origin: "https://evil.example", fetchSite: "cross-site" };
    case "other port":
      return { ...own, origin: `${TEST_TARGET}:8443`, fetchSite: "same-site" };
  }
}

describeGuardsOn("the gate itself", { entrance: "live", browser: true, open: openKit });
