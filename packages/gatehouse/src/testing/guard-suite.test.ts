import { base64url } from "../kernel/codec.ts";
import type { Attempt, Entrance, Provenance } from "../kernel/attempt.ts";
import { createTestGate, TEST_TARGET, testUser, type TestGate, type TestSession } from "./gate-kit.ts";
import {
  SUITE_TRUSTED,
  type EntranceHarness,
  type SuiteActions,
  type SuiteAnswer,
  type SuiteCaller,
  type SuitePage,
  type SuiteRequest,
} from "./guard-suite-entrance.ts";
import { describeGuardsOn } from "./guard-suite.ts";

type Sessions = Readonly<Record<SuiteCaller, TestSession>>;

class KitHarness implements EntranceHarness {
  readonly #kit: TestGate;
  readonly secrets: string[] = [];
  #sessions: Sessions;
  #earlier: string | undefined;

  private constructor(kit: TestGate) {
    this.#kit = kit;
    this.#sessions = this.#signIn();
  }

  static async open({ here, elsewhere }: SuiteActions): Promise<KitHarness> {
    return new KitHarness(await createTestGate({ actions: [...here, elsewhere], trustedCidrs: [SUITE_TRUSTED] }));
  }

  get events(): EntranceHarness["events"] {
    return this.#kit.events;
  }

  auditRows(): ReturnType<EntranceHarness["auditRows"]> {
    return this.#kit.auditRows();
  }

  reset(): void {
    this.#kit.resetLimits();
    this.#sessions = this.#signIn();
  }

  advance(milliseconds: number): Promise<void> {
    return this.#kit.clock.advance(milliseconds);
  }

  async ban(ip: string, entrance?: Entrance): Promise<void> {
    const ban = { subject: { kind: "ip", value: ip }, reason: "suite", violations: 0 } as const;
    await this.#kit.bans.add({ ...ban, duration: 3_600_000, ...(entrance === undefined ? {} : { entrance }) });
  }

  /** The kit knows sessions as long as they live; an ended one is one it does not know. */
  async endSessions(): Promise<void> {
    const { ada } = this.#sessions;
    this.#sessions = { ...this.#sessions, ada: { ...ada, credential: base64url(this.#kit.random.bytes(32)) } };
  }

  async send({ action, input, as, key, ip, page, tenant }: SuiteRequest): Promise<SuiteAnswer> {
    const session = this.#sessions[as];
    const more: Partial<Attempt> = { provenance: this.#provenance(session, page) };
    const addressed = tenant === "own" ? {} : { tenant };
    const how = { session, entrance: "live", more, ip, ...addressed, ...(key === undefined ? {} : { key }) } as const;
    const outcome = await this.#kit.attempt(action, input, how);
    const text = JSON.stringify(outcome);
    if (!outcome.ok) return { code: outcome.problem.code, retryAfter: outcome.retryAfter, text };
    const { value, idempotency } = outcome;
    return { code: undefined, value, cached: idempotency?.cached, idempotency, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kit[Symbol.asyncDispose]();
  }

  #signIn(): Sessions {
    const [ada, bob, mallory] = ["ada", "bob", "mallory"].map((name) => this.#kit.signIn(testUser(name)));
    const stranger = this.#kit.signIn();
    if (ada === undefined || bob === undefined || mallory === undefined) throw new TypeError("Nobody signed in.");
    const sessions = { ada, bob, mallory, stranger };
    this.secrets.push(...Object.values(sessions).map(({ credential }) => credential));
    return sessions;
  }

  #token({ credential }: TestSession): string {
    const token = this.#kit.csrfTokens.issue(credential);
    this.secrets.push(token);
    return token;
  }

  #provenance(session: TestSession, page: SuitePage): Provenance {
    const csrfToken =
      page === "own, an earlier token" && this.#earlier !== undefined ? this.#earlier : this.#token(session);
    this.#earlier = csrfToken;
    const seen = { kind: "browser", method: "POST", target: TEST_TARGET, fetchSite: "same-origin" } as const;
    const own = { ...seen, origin: TEST_TARGET, csrfToken };
    switch (page) {
      case "own":
      case "own, token in the body":
      case "own, an earlier token":
        return own;
      case "no token":
        return { ...seen, origin: TEST_TARGET };
      case "wrong token":
        return { ...own, csrfToken: "A".repeat(own.csrfToken.length) };
      case "token of another session":
        return { ...own, csrfToken: this.#token(this.#kit.signIn("ada")) };
      case "other site":
        return { ...own, origin: "https://evil.example", fetchSite: "cross-site" };
      case "other port":
        return { ...own, origin: `${TEST_TARGET}:8443`, fetchSite: "same-site" };
    }
  }
}

describeGuardsOn("the gate itself", {
  entrance: "live",
  provenance: "browser",
  wire: false,
  tellsLifetime: true,
  unknownAction: "ACTION_NOT_FOUND",
  otherTenant: "CREDENTIAL_INVALID",
  open: (actions) => KitHarness.open(actions),
});
