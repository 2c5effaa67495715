import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineAction, type AnyAction, type Effects } from "../kernel/action.ts";
import type { Attempt, Credential, Principal } from "../kernel/attempt.ts";
import { isDenial, deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { passageOf } from "../testing/passage.ts";
import { authenticateGuard, type Authenticators } from "./authenticate.ts";

const grants: ReadonlySet<string> = new Set(["editor"]);
const ada: Principal = { type: "user", id: "ada", tenant: "acme", grants };
const bob: Principal = { type: "user", id: "bob", tenant: "acme", grants };
const visitor: Principal = { type: "anonymous", id: "-", tenant: "acme", grants: new Set(), session: "print" };
const browser: Attempt["provenance"] = { kind: "browser", method: "POST", target: "https://app.example" };

/** Who or what each session and token stands for. */
const answers: Readonly<Record<string, Principal | Denial | undefined>> = {
  ada,
  bob,
  visitor,
  nobody: undefined,
  expired: deny(problems.SESSION_EXPIRED),
  wrong: deny(problems.CREDENTIAL_INVALID),
  foreign: { ...ada, tenant: "rival" },
  root: { type: "system", id: "root", tenant: "-", grants },
  "ada for bob": { ...ada, onBehalfOf: "bob" },
};

const authenticators: Authenticators = {
  session: { kind: "session", authenticate: ({ id }) => Promise.resolve(answers[id]) },
  bearer: { kind: "bearer", authenticate: ({ token }) => Promise.resolve(answers[token]) },
};

function actionWith(anonymous: boolean, effects: Effects = "store"): AnyAction {
  return defineAction({
    name: "note.write",
    entrances: ["http"],
    input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
    effects,
    authorise: () => true,
    anonymous,
    run: () => Promise.resolve("written"),
  });
}

const session = (id: string): Credential => ({ kind: "session", id });
const bearer = (token: string): Credential => ({ kind: "bearer", token });

interface Result {
  readonly principal: Principal;
  readonly denial: Denial | undefined;
}

async function enter(
  credentials: readonly Credential[],
  more: { action?: AnyAction; provenance?: Attempt["provenance"] } = {},
): Promise<Result> {
  const { action = actionWith(false), provenance = browser } = more;
  const passage = passageOf({ action, attempt: { credentials, provenance } });
  const answer = await authenticateGuard({ authenticators }).compile(action, "http")?.enter?.(passage);
  return { principal: passage.principal, denial: isDenial(answer) ? answer : undefined };
}

async function refused(code: string, event: string, result: Promise<Result>): Promise<void> {
  const { denial, principal } = await result;
  assert.equal(denial?.problem.code, code);
  assert.equal(denial.event?.name, event);
  assert.equal(principal.type, "anonymous");
}

describe("authenticateGuard", () => {
  it("puts the principal into the passage", async () => {
    assert.deepEqual(await enter([session("ada")]), { principal: ada, denial: undefined });
    assert.deepEqual(await enter([bearer("bob")]), { principal: bob, denial: undefined });
    const system: Credential = { kind: "internal", principal: { ...ada, type: "system" } };
    assert.equal((await enter([system])).principal.type, "system");
  });

  it("demands a credential where the action does not admit strangers", async () => {
    await refused("AUTHENTICATION_REQUIRED", "authn_required", enter([]));
    await refused("AUTHENTICATION_REQUIRED", "authn_required", enter([session("nobody")]));
    await refused("AUTHENTICATION_REQUIRED", "authn_required", enter([session("visitor")]));
  });

  it("admits strangers where the action does, with what is known of their session", async () => {
    const action = actionWith(true);
    assert.equal((await enter([], { action })).denial, undefined);
    assert.equal((await enter([session("nobody")], { action })).principal.id, "-");
    assert.deepEqual((await enter([session("visitor")], { action })).principal, visitor);
  });

  it("tells expired sessions from wrong credentials", async () => {
    await refused("SESSION_EXPIRED", "session_use_after_expire", enter([session("expired")]));
    await refused(
      "SESSION_EXPIRED",
      "session_use_after_expire",
      enter([session("expired")], { action: actionWith(true) }),
    );
    await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([bearer("wrong")]));
  });

  it("makes a stranger of an expired session where a public action only reads", async () => {
    const result = await enter([session("expired")], { action: actionWith(true, "none") });
    assert.equal(result.denial, undefined);
    assert.equal(result.principal.type, "anonymous");
  });

  it("keeps the event that an authenticator chose", async () => {
    const event = { name: "authn_token_reuse", level: "critical", description: "Reused." } as const;
    const reuse: Authenticators = {
      bearer: { kind: "bearer", authenticate: () => Promise.resolve(deny(problems.CREDENTIAL_INVALID, { event })) },
    };
    const action = actionWith(false);
    const step = authenticateGuard({ authenticators: reuse }).compile(action, "http");
    const answer = await step?.enter?.(passageOf({ action, attempt: { credentials: [bearer("x")] } }));
    assert.ok(isDenial(answer) && answer.event === event);
  });

  it("lets errors of an authenticator through: an outage is not a wrong password", async () => {
    const broken: Authenticators = {
      bearer: { kind: "bearer", authenticate: () => Promise.reject(new Error("down")) },
    };
    const action = actionWith(true);
    const step = authenticateGuard({ authenticators: broken }).compile(action, "http");
    await assert.rejects(
      async () => step?.enter?.(passageOf({ action, attempt: { credentials: [bearer("x")] } })),
      /down/,
    );
  });

  it("cannot be switched off or shadowed", () => {
    assert.deepEqual(authenticateGuard({ authenticators }).modes, ["enforce"]);
  });
});

// A request that presents two identities lets an attacker pair one that passes a check with one that acts:
// their own token beside a victim's cookie, or a wrong token that falls back to a session.
describe("credential confusion", () => {
  it("refuses credentials of different principals, in any order", async () => {
    await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([session("ada"), bearer("bob")]));
    await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([bearer("bob"), session("ada")]));
    await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([session("ada"), session("bob")]));
    await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([session("ada"), bearer("ada for bob")]));
  });

  it("never falls back from a bad credential to a good one", async () => {
    for (const bad of [bearer("wrong"), session("expired")]) {
      for (const credentials of [
        [bad, session("ada")],
        [session("ada"), bad],
      ]) {
        assert.notEqual((await enter(credentials)).denial, undefined);
        assert.notEqual((await enter(credentials, { action: actionWith(true) })).denial, undefined);
      }
    }
  });

  it("accepts several credentials of one principal, and a visitor's session beside a token", async () => {
    assert.deepEqual(await enter([session("ada"), bearer("ada")]), { principal: ada, denial: undefined });
    for (const credentials of [
      [session("visitor"), bearer("bob")],
      [bearer("bob"), session("visitor")],
    ]) {
      assert.deepEqual(await enter(credentials), { principal: bob, denial: undefined });
    }
  });

  it("refuses kinds of credentials that nothing checks, public actions included", async () => {
    const client: Credential = { kind: "client", id: "c", secret: "s" };
    await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([client], { action: actionWith(true) }));
  });
});

// Cookies travel by themselves. A session that arrives by a way on which nobody checked where the request
// came from would make every one of those checks pointless.
describe("ambient authority", () => {
  it("counts for nothing without browser provenance", async () => {
    for (const kind of ["token", "internal"] as const) {
      await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([session("ada")], { provenance: { kind } }));
    }
  });
});

// A session or token of one tenant presented to another: the identity is genuine, but it means nothing here.
// Accepting it would turn every shared identifier into somebody else's account.
describe("tenant confusion", () => {
  it("refuses principals of another tenant; the system belongs to all", async () => {
    await refused("CREDENTIAL_INVALID", "authn_credential_fail", enter([bearer("foreign")]));
    await refused(
      "CREDENTIAL_INVALID",
      "authn_credential_fail",
      enter([bearer("foreign")], { action: actionWith(true) }),
    );
    assert.equal((await enter([bearer("root")])).denial, undefined);
  });
});
