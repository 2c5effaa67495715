import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openEdgeSetup, TEST_CONNECTION } from "../testing/edge-setup.ts";
import { SESSION_PRESETS, type SessionPreset } from "./session-preset.ts";

async function cookieWith(session: SessionPreset): Promise<string> {
  await using setup = await openEdgeSetup({ session });
  const inbound = setup.edge.inbound(new Request("https://app.example/"), TEST_CONNECTION);
  setup.edge.csrfToken(inbound);
  return new Map(setup.edge.sessions.headers(inbound)).get("set-cookie") ?? "";
}

describe("SESSION_PRESETS", () => {
  it("keep an application's cookie to itself, and let an identity provider's accompany links", async () => {
    assert.match(await cookieWith(SESSION_PRESETS.app), /^__Host-gatehouse=.+; HttpOnly; Secure; SameSite=Strict$/);
    assert.match(await cookieWith(SESSION_PRESETS.idp), /^__Host-gatehouse=.+; HttpOnly; Secure; SameSite=Lax$/);
  });

  it("let the cookie end with the browser, whatever the server still knows", async () => {
    for (const preset of Object.values(SESSION_PRESETS)) {
      assert.doesNotMatch(await cookieWith(preset), /max-age|expires|domain/i);
    }
  });

  it("end sessions after one hour without use, and after two for identity providers", () => {
    assert.deepEqual([SESSION_PRESETS.app.idle, SESSION_PRESETS.idp.idle], [3_600_000, 7_200_000]);
  });
});
