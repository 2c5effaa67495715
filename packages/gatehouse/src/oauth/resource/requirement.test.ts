import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { defineAction, type Authorise } from "../../kernel/action.ts";
import { html } from "../../html/html.ts";
import type { Attempt } from "../../kernel/attempt.ts";
import { live } from "../../live/component.ts";
import { createTestGate, testUser, type TestAttempt } from "../../testing/gate-kit.ts";
import { openLiveKit } from "../../testing/live-kit.ts";
import { LiveCallError } from "../../testing/live-visitor.ts";
import { defineResource } from "./oauth-resource.ts";
import { oauth } from "./requirement.ts";

const photos = defineResource({ resource: "https://api.example/photos", scopes: ["photos:read", "photos:write"] });
const bound = defineResource({ resource: "https://api.example/", scopes: [], boundTokensOnly: true });

function actionWith(authorise: Authorise<object>, effects: "none" | "store" = "none") {
  return defineAction({
    ...{ name: "photo.read", entrances: ["http", "realtime", "mcp", "job"], input: z.object({}) },
    ...{ effects, authorise, run: async () => "done" },
  });
}

async function answerOf(authorise: Authorise<object>, how: TestAttempt | "ada's page" | "stranger's page" = {}) {
  const action = actionWith(authorise);
  await using kit = await createTestGate({ actions: [action] });
  const session = how === "ada's page" ? kit.signIn("ada") : how === "stranger's page" ? kit.signIn() : undefined;
  const made = typeof how === "string" ? { session: session ?? kit.signIn() } : how;
  const outcome = await kit.attempt(action, {}, made);
  return outcome.ok ? "done" : `${outcome.problem.code} ${outcome.headers?.["www-authenticate"] ?? ""}`.trim();
}

const METADATA = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/photos"';
const ALGORITHMS = 'algs="ES256 EdDSA Ed25519 PS256 RS256"';
const EVERY_SCHEME = `Bearer ${METADATA}, scope="photos:read", DPoP ${ALGORITHMS}, ${METADATA}, scope="photos:read"`;

describe("oauth", () => {
  const rule = oauth({ resource: photos, scopes: ["photos:read"] });

  it("tells who comes without a token where to get one", async () => {
    assert.equal(await answerOf(rule), `AUTHENTICATION_REQUIRED ${EVERY_SCHEME}`);
    const realtime = await answerOf(rule, { entrance: "realtime" });
    assert.equal(realtime, `AUTHENTICATION_REQUIRED ${EVERY_SCHEME}`);
    const root = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource"';
    const onlyBound = await answerOf(oauth({ resource: bound, scopes: [] }));
    assert.equal(onlyBound, `AUTHENTICATION_REQUIRED DPoP ${ALGORITHMS}, ${root}`);
  });

  it("admits those with every scope, and names the scopes to the others", async () => {
    const both = oauth({ resource: photos, scopes: ["photos:read", "photos:write"] });
    assert.equal(await answerOf(both, { as: testUser("ada", ["photos:read", "photos:write"]) }), "done");
    const lacking = await answerOf(both, { as: testUser("ada", ["photos:read"]) });
    assert.match(lacking, /^INSUFFICIENT_SCOPE .*scope="photos:read photos:write"/);
    assert.match(await answerOf(rule, { as: "ada" }), /^INSUFFICIENT_SCOPE /);
  });

  it("takes sessions for nothing, whoever is signed in, unless it is told to", async () => {
    assert.equal(await answerOf(rule, "ada's page"), `AUTHENTICATION_REQUIRED ${EVERY_SCHEME}`);
    const either = oauth({
      ...{ resource: photos, scopes: ["photos:read"], sessions: true },
      authorise: ({ principal }) => principal.id === "ada",
    });
    assert.equal(await answerOf(either, "ada's page"), "done");
    assert.equal(await answerOf(either, "stranger's page"), `AUTHENTICATION_REQUIRED ${EVERY_SCHEME}`);
    assert.equal(await answerOf(either, { as: testUser("bob", ["photos:read"]) }), "PERMISSION_DENIED");
    assert.match(await answerOf(either, { as: testUser("ada") }), /^INSUFFICIENT_SCOPE /);
  });

  it("asks no form token of programs, and one of pages where sessions count", async () => {
    const page = { kind: "browser", method: "POST", target: "https://app.example" } as const;
    const stranger: Partial<Attempt> = { provenance: page, credentials: [] };
    const either = oauth({ resource: photos, scopes: ["photos:read"], sessions: true, authorise: () => true });
    for (const authorise of [rule, either]) {
      const action = actionWith(authorise, "store");
      await using kit = await createTestGate({ actions: [action] });
      const refused = await kit.attempt(action, {}, { more: stranger });
      assert.equal(refused.ok ? "" : refused.problem.code, "AUTHENTICATION_REQUIRED");
      const session = kit.signIn("ada");
      const foreign = { provenance: page, credentials: [{ kind: "session", id: session.credential }] } as const;
      const outcome = await kit.attempt(action, {}, { more: foreign });
      const expected = authorise === rule ? "AUTHENTICATION_REQUIRED" : "CSRF_TOKEN_INVALID";
      assert.equal(outcome.ok ? "" : outcome.problem.code, expected);
    }
  });

  it("asks for a token in components, too, whoever is signed in", async () => {
    const album = live("album", {
      state: z.object({ seen: z.number() }),
      mount: () => ({ seen: 0 }),
      actions: (action) => ({ see: action({ authorise: rule }, ({ state }) => void (state.seen += 1)) }),
      render: ({ state }) => html`<p>${state.seen}</p>`,
    });
    await using kit = await openLiveKit({ components: [album] });
    const ada = await kit.visit({ as: { type: "user", id: "ada", grants: ["photos:read"] } });
    await assert.rejects(ada.callAction(ada.mountComponent("album:main"), "see"), (error) => {
      assert.ok(error instanceof LiveCallError);
      assert.equal(error.code, "AUTHENTICATION_REQUIRED");
      return error.response.headers.get("www-authenticate") === EVERY_SCHEME;
    });
  });

  it("asks the system for nothing", async () => {
    const system = { type: "system", id: "system", tenant: "-", grants: new Set<string>() } as const;
    assert.equal(await answerOf(rule, { as: system, entrance: "job" }), "done");
  });

  it("refuses declarations that contradict themselves", () => {
    const typo = { resource: photos, scopes: ["photos:reed"] };
    // @ts-expect-error a scope that the resource does not have
    assert.throws(() => oauth(typo), /"photos:reed" is not among the scopes/);
    const unruled = { resource: photos, scopes: ["photos:read"], sessions: true } as const;
    assert.throws(() => oauth(unruled), /`authorise` has to say/);
    for (const resource of ["photos", "ftp://api.example", "https://api.example/#a", "https://a:b@api.example/"]) {
      assert.throws(() => defineResource({ resource, scopes: [] }), /is not an absolute/);
    }
    assert.throws(() => defineResource({ resource: "https://api.example", scopes: ["a b"] }), /is not a scope/);
  });
});
