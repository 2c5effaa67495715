import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import type { Principal } from "../kernel/attempt.ts";
import type { Denial } from "../kernel/outcome.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { passageOf } from "../testing/passage.ts";
import { createRecordingStore } from "../testing/recording-store.ts";
import { authoriseGuard } from "./authorise.ts";

const ada: Principal = { type: "user", id: "ada", tenant: "acme", grants: new Set(["edit"]) };

function actionWith(authorise: Authorise<unknown> | "public", anonymous?: boolean): AnyAction {
  return defineAction({
    name: "thing.change",
    entrances: ["http"],
    input: passageOf().action.input,
    effects: "store",
    authorise,
    ...(anonymous === undefined ? {} : { anonymous }),
    run: async () => "done",
  });
}

async function enter(action: AnyAction, principal?: Principal): Promise<Denial | undefined> {
  const passage = passageOf({ action, passage: principal === undefined ? {} : { principal } });
  return authoriseGuard({ store: createRecordingStore() }).compile(action, "http")?.enter?.(passage);
}

describe("authoriseGuard", () => {
  it("admits whom the rule admits, at once or later", async () => {
    assert.equal(
      await enter(
        actionWith(({ principal }) => principal.grants.has("edit")),
        ada,
      ),
      undefined,
    );
    assert.equal(
      await enter(
        actionWith(async ({ principal }) => principal.id === "ada"),
        ada,
      ),
      undefined,
    );
  });

  it("denies with PERMISSION_DENIED and records authz_fail", async () => {
    for (const rule of [() => false, async () => false]) {
      const denial = await enter(actionWith(rule), ada);
      assert.equal(denial?.problem.code, "PERMISSION_DENIED");
      assert.equal(denial?.event?.name, "authz_fail");
    }
  });

  it("takes only `true` for an answer", async () => {
    for (const answer of [undefined, null, 1, "true", {}, [], { ok: true }]) {
      const careless = (() => answer) as unknown as Authorise<unknown>;
      const later = (async () => answer) as unknown as Authorise<unknown>;
      assert.equal((await enter(actionWith(careless), ada))?.problem.code, "PERMISSION_DENIED");
      assert.equal((await enter(actionWith(later), ada))?.problem.code, "PERMISSION_DENIED");
    }
  });

  it("hands on the rule's own denial, and records it", async () => {
    const denial = await enter(
      actionWith(() => deny(problems.NOT_FOUND)),
      ada,
    );
    assert.equal(denial?.problem.code, "NOT_FOUND");
    assert.equal(denial?.event?.name, "authz_fail");
  });

  it("lets a rule's exception through: an error, never an admission", async () => {
    const broken = () => {
      throw new Error("broken");
    };
    await assert.rejects(() => enter(actionWith(broken), ada), /broken/);
    await assert.rejects(
      () =>
        enter(
          actionWith(async () => broken()),
          ada,
        ),
      /broken/,
    );
  });

  it("admits anyone to public actions", async () => {
    assert.equal(await enter(actionWith("public")), undefined);
    assert.equal(await enter(actionWith("public"), ada), undefined);
  });

  it("refuses a principal of another tenant before the rule runs, on public actions as well", async () => {
    const stranger = { ...ada, tenant: "umbrella" };
    const denial = await enter(
      actionWith(() => assert.fail("the rule ran")),
      stranger,
    );
    assert.equal(denial?.problem.code, "PERMISSION_DENIED");
    assert.deepEqual(denial?.context, { by: "other tenant" });
    assert.equal((await enter(actionWith("public"), stranger))?.problem.code, "PERMISSION_DENIED");
    assert.equal(await enter(actionWith("public"), { ...stranger, type: "system" }), undefined);
  });

  it("asks strangers to sign in where the action needs it", async () => {
    const denial = await enter(actionWith(() => assert.fail("the rule ran")));
    assert.equal(denial?.problem.code, "AUTHENTICATION_REQUIRED");
    assert.equal(await enter(actionWith(() => true, true)), undefined);
  });

  it("gives rules what they need to read", async () => {
    const rule: Authorise<unknown> = ({ read }) => read(async ({ dialect }) => dialect === "sqlite");
    assert.equal(await enter(actionWith(rule), ada), undefined);
  });

  it("refuses to start with an action without a rule", () => {
    const { check } = authoriseGuard({ store: createRecordingStore() });
    const action: object = { ...actionWith("public"), authorise: undefined };
    assert.match(String(check?.(action as AnyAction)), /thing\.change has no authorisation rule/);
    assert.deepEqual(check?.(actionWith("public")), []);
  });
});
