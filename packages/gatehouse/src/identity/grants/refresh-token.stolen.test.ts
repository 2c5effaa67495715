/**
 * Somebody copies a refresh token from a browser's storage, a backup or a log and uses it from a machine of their own.
 * The policy of the client decides what becomes of that, and the thief leaves with nothing where it says so.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openIssuerKit } from "../../testing/issuer-kit.ts";
import { generateProofKey, type IssuerVisits, type TokenAnswer, type Visit } from "../../testing/issuer-visits.ts";

const ELSEWHERE: Visit = { ip: "198.51.100.66" };
const CURL: Visit = { agent: "curl/8.14.1" };

describe("a stolen refresh token", () => {
  let kit: IssuerVisits;
  before(async () => {
    kit = await openIssuerKit({
      policies: {
        app: { device: "step_up", subnet: "step_up", agent: "step_up", key: "step_up" },
        tool: { device: "deny", subnet: "deny", agent: "deny", key: "deny", mobileNetworks: false },
      },
    });
    await kit.registerClients();
  });
  after(() => kit[Symbol.asyncDispose]());

  const refreshToken = (answer: TokenAnswer): string => answer.body["refresh_token"] ?? "";
  const moved = () => kit.events.filter(({ name }) => name === "oauth_grant_moved");

  for (const [what, thief, changes] of [
    ["another subnet", ELSEWHERE, "subnet"],
    ["another device and program", CURL, "device agent"],
  ] as const) {
    it(`ends in a new sign-in for all who bear it, when it is used from ${what} (step_up)`, async () => {
      const rightful = await kit.signIn("app");
      const stolen = refreshToken(rightful);
      const seen = moved().length;
      const refused = await kit.refresh(stolen, thief);
      assert.deepEqual([refused.status, refused.body["error"]], [400, "invalid_grant"]);
      assert.match(refused.body["error_description"] ?? "", /sign in again/);
      const [event] = moved().slice(seen);
      assert.deepEqual([event?.outcome, event?.context["changes"]], ["denied", changes]);
      assert.equal(await kit.active(rightful.body["access_token"]), false, "the access token that is a signed text");
      assert.equal((await kit.refresh(stolen)).status, 400, "the rightful bearer has to sign in again");
      assert.equal((await kit.signIn("app")).status, 200);
    });

    it(`is refused from ${what} and goes on for its rightful bearer (deny)`, async () => {
      const rightful = await kit.signIn("tool");
      const refused = await kit.refresh(refreshToken(rightful), thief, "tool");
      assert.deepEqual([refused.status, refused.body["error"]], [400, "invalid_grant"]);
      assert.match(refused.body["error_description"] ?? "", /not be used from here/);
      assert.equal((await kit.refresh(refreshToken(rightful), {}, "tool")).status, 200);
    });

    it(`is reported once when it is used from ${what} (alert)`, async () => {
      const rightful = await kit.signIn("spa");
      const seen = moved().length;
      const first = await kit.refresh(refreshToken(rightful), thief, "spa");
      assert.equal(first.status, 200);
      const second = await kit.refresh(refreshToken(first), thief, "spa");
      assert.equal(second.status, 200);
      assert.deepEqual(
        moved()
          .slice(seen)
          .map(({ outcome, context }) => [outcome, context["decision"], context["changes"]]),
        [["success", "alert", changes]],
      );
    });
  }

  it("is refused with another key, or without the key it was issued to", async () => {
    const [own, other] = [await generateProofKey(), await generateProofKey()];
    const bound = await kit.signIn("tool", { key: own });
    for (const key of [{ key: other }, {}]) {
      assert.equal((await kit.refresh(refreshToken(bound), key, "tool")).status, 400);
    }
    const renewed = await kit.refresh(refreshToken(bound), { key: own }, "tool");
    assert.equal(renewed.status, 200);
    const ofPublic = await kit.signIn("spa", { key: own });
    assert.equal((await kit.refresh(refreshToken(ofPublic), { key: other }, "spa")).status, 400, "bound by the engine");
  });

  it("is judged within the time in which a lost answer is repeated, too", async () => {
    const rightful = await kit.signIn("tool");
    assert.equal((await kit.refresh(refreshToken(rightful), {}, "tool")).status, 200);
    assert.equal((await kit.refresh(refreshToken(rightful), ELSEWHERE, "tool")).status, 400);
    assert.equal((await kit.refresh(refreshToken(rightful), {}, "tool")).status, 200);
  });

  it("does not come back to life when the person signs in again", async () => {
    const browser = new Map<string, string>();
    const first = await kit.redeem("app", await kit.consent("app", {}, { browser }));
    assert.equal(first.status, 200, JSON.stringify(first));
    const silent = await kit.consent("app", {}, { browser, silent: true });
    assert.equal(silent.asked, 0, "signed in already");
    assert.equal((await kit.refresh(refreshToken(first), ELSEWHERE)).status, 400);
    const again = await kit.consent("app", {}, { browser, silent: true });
    assert.equal(again.asked, 1, "a suspended grant asks for a sign-in although there is a session");
    const renewed = await kit.redeem("app", again);
    assert.equal(renewed.status, 200);
    assert.equal((await kit.redeem("app", silent)).status, 400, "a code from before");
    assert.equal(await kit.active(renewed.body["access_token"]), true);
    for (const visit of [ELSEWHERE, {}]) assert.equal((await kit.refresh(refreshToken(first), visit)).status, 400);
  });
});
