import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { defineAction } from "../../kernel/action.ts";
import type { Attempt, Credential, Principal } from "../../kernel/attempt.ts";
import { systemClock } from "../../kernel/clock.ts";
import { requireConfig } from "../../kernel/config.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { createTestGate } from "../../testing/gate-kit.ts";
import { WORK_SCOPES, type WorkScope } from "../../work/rules.ts";
import { createWorkPermits } from "./work-permits.ts";
import { workResources } from "./work-resources.ts";

const ALL = new Set<string>(WORK_SCOPES);
const BEARER: Credential = { kind: "bearer", token: "t" };
const SESSION: Credential = { kind: "session", id: "s" };

const permits = createWorkPermits({
  ...workResources(() => "https://work.example"),
  config: requireConfig({ file: { profile: "development" }, clock: systemClock }),
  authorise: undefined,
  grantsOf: async (_tenant, account) => (account === "operator" ? ["operator"] : []),
});

/** What somebody may, of all scopes. */
async function allowed(who: Partial<Principal>, credential: Credential): Promise<readonly WorkScope[]> {
  const principal = { type: "user", id: "somebody", tenant: "default", grants: ALL, ...who } as const;
  // A rule looks at nothing else of an attempt.
  const attempt = { tenant: "default", credentials: [credential] } as unknown as Attempt;
  const may: WorkScope[] = [];
  for (const scope of WORK_SCOPES) {
    const read = (): never => assert.fail("Rules of scopes read nothing.");
    const answer = await permits.rules.permit(scope, "work.any")({ principal, attempt, input: {}, read });
    if (answer === true) may.push(scope);
    else assert.ok(answer === false || isDenial(answer));
  }
  return may;
}

describe("who may do what about work", () => {
  it("lets no agent review or administer, whatever its token says and whomever it acts for", async () => {
    const agent = ["work:read", "work:propose", "work:execute"];
    assert.deepEqual(await allowed({ type: "agent" }, BEARER), agent);
    assert.deepEqual(await allowed({ type: "agent", onBehalfOf: "operator" }, BEARER), agent);
  });

  it("lets programs administer that an operator has given the scope to, and review never", async () => {
    const client = ["work:read", "work:propose", "work:execute", "work:admin"];
    assert.deepEqual(await allowed({ type: "client" }, BEARER), client);
    assert.deepEqual(await allowed({ type: "client", grants: new Set(["work:read"]) }, BEARER), ["work:read"]);
  });

  it("gives nobody more by a token than they may themselves", async () => {
    assert.deepEqual(await allowed({ id: "somebody" }, BEARER), ["work:read", "work:propose", "work:execute"]);
    assert.deepEqual(await allowed({ id: "operator" }, BEARER), WORK_SCOPES);
    const narrow = { id: "operator", grants: new Set(["work:read"]) };
    assert.deepEqual(await allowed(narrow, BEARER), ["work:read"]);
  });

  it("lets operators with a session look, review and administer, and others nothing", async () => {
    const operator = { grants: new Set(["operator"]) };
    assert.deepEqual(await allowed(operator, SESSION), ["work:read", "work:review", "work:admin"]);
    assert.deepEqual(await allowed({ grants: ALL }, SESSION), []);
    assert.deepEqual(await allowed({ type: "anonymous", id: "-", grants: new Set() }, SESSION), []);
  });

  it("counts a name of a scope among a session's grants for nothing over the endpoint for agents", async () => {
    const rule = permits.permitMessage("work:read");
    const principal = { type: "user", id: "somebody", tenant: "default", grants: ALL } as const;
    // A rule looks at nothing else of an attempt.
    const attempt = { tenant: "default", credentials: [SESSION] } as unknown as Attempt;
    const read = (): never => assert.fail("Rules of scopes read nothing.");
    const answer = await rule({ principal, attempt, input: {}, read });
    assert.ok(isDenial(answer) && answer.problem.status === 401);
  });

  // Ben has the program that Anna uses, too, call until nothing is left of what one agent may. Hers goes on.
  it("counts the calls of a program for each person whom it works for", async () => {
    const file = { profile: "development", work: { limits: { agent: { limit: 2 } } } } as const;
    const { rules, messageLimits } = createWorkPermits({
      ...workResources(() => "https://work.example"),
      ...{ config: requireConfig({ file, clock: systemClock }), authorise: undefined, grantsOf: async () => [] },
    });
    for (const limits of [rules.limits, messageLimits]) {
      const action = defineAction({
        ...{ name: "work.any", entrances: ["http"], input: z.strictObject({}), effects: "none", limits },
        ...{ authorise: () => true, run: async () => "done" },
      });
      await using gate = await createTestGate({ actions: [action] });
      const called = async (onBehalfOf: string): Promise<boolean> => {
        const agent = { type: "agent", id: "program", tenant: "acme", grants: ALL, onBehalfOf } as const;
        return (await gate.attempt("work.any", {}, { as: agent })).ok;
      };
      const ben = [await called("ben"), await called("ben"), await called("ben")];
      assert.deepEqual([ben, await called("anna")], [[true, true, false], true]);
    }
  });
});
