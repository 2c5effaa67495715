import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { upgrade } from "../../testing/line-client.ts";
import { GOOD_TOKEN, openLineKit } from "../../testing/line-kit.ts";

/*
 * A server that upgrades first and looks at credentials afterwards gives everybody an open socket and its buffers, and
 * tells good tokens from bad ones by how it closes. Whoever presents something has to present something good.
 */
describe("Bad credentials", () => {
  it("get 401 and never 101", async () => {
    await using kit = await openLineKit();
    const { cookie } = await kit.signIn("anna");
    const [name = ""] = cookie.split("=");
    const forged = `${cookie.slice(0, -1)}${cookie.endsWith("A") ? "B" : "A"}`;
    const presented = [
      { authorization: "Bearer stolen" },
      { authorization: `Bearer ${GOOD_TOKEN}x` },
      { authorization: "Basic YW5uYTpzZWNyZXQ=" },
      { cookie: forged, origin: kit.url },
      { cookie: `${name}=guess`, origin: kit.url },
      { "sec-websocket-protocol": "centrifuge-json, ticket.guess" },
      { "sec-websocket-protocol": `centrifuge-json, ticket.${"A".repeat(43)}`, origin: kit.url },
    ];
    for (const headers of presented) {
      await using answer = await upgrade(kit.port, { headers });
      assert.equal(answer.status, 401, JSON.stringify(headers));
      assert.equal(answer.headers.get("connection"), "close");
      const problem = JSON.parse(answer.body) as { code: string; status: number };
      assert.deepEqual([problem.code, problem.status], ["CREDENTIAL_INVALID", 401]);
    }
    await using malformed = await upgrade(kit.port, { headers: { authorization: "Negotiate abc" } });
    assert.equal(malformed.status, 400);
    assert.deepEqual([kit.connections.length, kit.lines.size], [0, 0]);
    const events = kit.setup.events.filter(({ action }) => action === "realtime.open");
    assert.equal(events.length, presented.length + 1, "every refusal leaves one event");
  });

  it("are refused when their session has expired or ended, although strangers may come", async () => {
    await using kit = await openLineKit();
    const { cookie } = await kit.signIn("anna");
    const headers = { cookie, origin: kit.url };
    await using before = await upgrade(kit.port, { headers });
    await kit.setup.clock.advance(365 * 86_400_000);
    await using after = await upgrade(kit.port, { headers });
    assert.deepEqual([before.status, after.status], [101, 401]);
  });

  it("are demanded where connect frames bring no tokens", async () => {
    await using kit = await openLineKit({ lines: { options: { connectTokens: false } } });
    await using none = await upgrade(kit.port);
    assert.deepEqual([none.status, JSON.parse(none.body).code], [401, "AUTHENTICATION_REQUIRED"]);
    await using good = await upgrade(kit.port, { headers: { authorization: `Bearer ${GOOD_TOKEN}` } });
    assert.equal(good.status, 101);
  });

  // Addresses end up in logs and histories; what one says about channels is nobody's word.
  it("are not read from addresses, and neither are channels", async () => {
    await using kit = await openLineKit({ lines: { options: { connectTokens: false } } });
    const query = `access_token=${GOOD_TOKEN}&token=${GOOD_TOKEN}&ticket=${GOOD_TOKEN}`;
    await using refused = await upgrade(kit.port, { path: `/connection/websocket?${query}` });
    assert.equal(refused.status, 401);
    const headers = { authorization: `Bearer ${GOOD_TOKEN}` };
    await using answer = await upgrade(kit.port, { path: "/connection/websocket?channels=secret&channel=x", headers });
    assert.equal(answer.status, 101);
    assert.ok(!JSON.stringify(kit.connections[0]?.admitted).includes("secret"));
    assert.equal(kit.connections[0]?.admitted.actor, undefined);
  });

  it("do not count where the application admits nobody, and a policy is asked last", async () => {
    const asked: string[] = [];
    await using kit = await openLineKit({
      lines: {
        policy: ({ principal }) => {
          asked.push(principal.id);
          return principal.id !== "anna";
        },
        options: { perAddress: 1 },
      },
    });
    const headers = { authorization: `Bearer ${GOOD_TOKEN}` };
    for (let round = 0; round < 3; round += 1) {
      await using refused = await upgrade(kit.port, { headers });
      assert.equal(refused.status, 403, "a place that was taken for it is free again");
    }
    await using bad = await upgrade(kit.port, { headers: { authorization: "Bearer bad" } });
    assert.equal(bad.status, 401);
    await using stranger = await upgrade(kit.port);
    await using another = await upgrade(kit.port, { headers });
    assert.deepEqual([stranger.status, another.status], [101, 429]);
    assert.deepEqual(asked, ["anna", "anna", "anna", "-"]);
  });
});
