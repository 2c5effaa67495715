import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually, upgrade } from "../../testing/line-client.ts";
import { openLineKit } from "../../testing/line-kit.ts";

/*
 * Servers of WebSockets have been ended by upgrade requests with more headers than they counted (CVE-2024-37890), and
 * slowed down by one header with a hundred thousand parts.
 */
describe("Header floods at the upgrade", () => {
  it("are refused and leave the server as it was", async () => {
    await using kit = await openLineKit();
    const many = Array.from({ length: 5_000 }, (_, index) => `X-${index}: 1`);
    await using lines = await upgrade(kit.port, { lines: many });
    assert.equal(lines.status, 431);
    // More than are kept, in few bytes: what decides must not be lost among them.
    const few = Array.from({ length: 1_000 }, (_, index) => `a${index}:`);
    await using short = await upgrade(kit.port, {
      lines: [...few, "Origin: https://evil.example", "Authorization: Bearer bad"],
    });
    assert.notEqual(short.status, 101);
    await using long = await upgrade(kit.port, { headers: { "x-long": "x".repeat(20_000) } });
    assert.equal(long.status, 431);
    const protocols = Array.from({ length: 3_000 }, (_, index) => `p${index}`).join(",");
    const began = performance.now();
    await using offered = await upgrade(kit.port, { headers: { "sec-websocket-protocol": protocols } });
    assert.equal(offered.status, 431);
    const extensions = Array.from({ length: 700 }, (_, index) => `e${index};a=1`).join(",");
    await using extended = await upgrade(kit.port, { headers: { "sec-websocket-extensions": extensions } });
    assert.equal(extended.status, 101);
    assert.ok(performance.now() - began < 5_000);
    await using query = await upgrade(kit.port, { path: `/connection/websocket?${"a".repeat(10_000)}` });
    assert.equal(query.status, 414);
    extended.socket.destroy();
    await eventually(() => kit.lines.size === 0);
    await using good = await upgrade(kit.port);
    assert.equal(good.status, 101);
  });
});
