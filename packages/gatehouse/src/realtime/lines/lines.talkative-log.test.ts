import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createErrorReport } from "../../audit/error-report.ts";
import { upgrade } from "../../testing/line-client.ts";
import { openLineKit } from "../../testing/line-kit.ts";

const SECRET = "s3cr3t-that-nobody-may-read-in-a-log-0123456";

/*
 * Logs are read by more people than the store is, and kept for longer. A token in an address, a header or a frame must not
 * end up there, least of all when something goes wrong and everything at hand is written down.
 */
describe("A talkative log", () => {
  it("tells of no token, wherever it was shown and however that went", async () => {
    for (const policy of [() => true, () => false, () => Promise.reject(new Error("The policy failed."))]) {
      await using kit = await openLineKit({ lines: { policy } });
      const json = { "content-type": "application/json" };
      const connect = JSON.stringify({ id: 1, connect: { token: SECRET } });
      const query = new URLSearchParams({ cf_connect: connect, access_token: SECRET });
      const answers = [
        await upgrade(kit.port, { path: `/connection/websocket?token=${SECRET}` }),
        await upgrade(kit.port, { path: `/${SECRET}` }),
        await upgrade(kit.port, { headers: { "sec-websocket-protocol": `centrifuge-json, ticket.${SECRET}` } }),
        await upgrade(kit.port, { headers: { "sec-websocket-protocol": `ticket.${SECRET}, ticket.other` } }),
        await upgrade(kit.port, { headers: { authorization: `Bearer ${SECRET}` } }),
        await upgrade(kit.port, { headers: { authorization: `Negotiate ${SECRET}` } }),
        await upgrade(kit.port, { headers: { cookie: `__Host-gatehouse=${SECRET}`, origin: kit.url } }),
      ];
      const stream = await fetch(`${kit.url}/connection/sse?${query}`);
      const posted = await fetch(`${kit.url}/connection/http_stream`, {
        method: "POST",
        headers: json,
        body: connect,
      });
      const emulated = JSON.stringify({ session: SECRET, node: "node-1", data: SECRET });
      await fetch(`${kit.url}/emulation`, { method: "POST", headers: json, body: emulated });
      for (const { body, headers, socket } of answers) {
        assert.ok(!`${body}${[...headers].flat().join()}`.includes(SECRET));
        socket.destroy();
      }
      await Promise.all([stream.body?.cancel(), posted.body?.cancel()]);
      const lines: string[] = [];
      const report = createErrorReport({
        sink: { write: (line) => lines.push(line) > 0 },
        clock: kit.setup.clock,
        format: "json",
      });
      for (const error of kit.setup.errors) report(error);
      const written = [JSON.stringify(kit.setup.events), ...lines].join("\n");
      assert.ok(kit.setup.events.length >= 5, "what was refused is recorded");
      for (const part of [SECRET, SECRET.slice(0, 12), "cf_connect"]) assert.ok(!written.includes(part), part);
      // The third policy's failures are reported, and are no fault of the kit's.
      kit.setup.errors.length = 0;
    }
  });
});
