import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { eventually, frame, upgrade } from "../../testing/line-client.ts";
import { GOOD_TOKEN, openLineKit } from "../../testing/line-kit.ts";

const HIDDEN = "GET /testing/hidden HTTP/1.1\r\nHost: a\r\n\r\n";

/*
 * A proxy that takes an upgrade for granted forwards bytes without looking at them, so that a request hidden behind one
 * would pass its rules. After an upgrade request nothing is read as HTTP any more, whether it is granted or refused.
 */
describe("Requests smuggled with an upgrade", () => {
  it("are never answered", async () => {
    const hits: string[] = [];
    await using kit = await openLineKit({
      routes: (app) => {
        app.all("/testing/hidden", (context) => {
          hits.push(context.req.url);
          return context.text("hidden");
        });
      },
    });
    const attempts = [
      { tail: HIDDEN },
      { headers: { "content-length": String(HIDDEN.length) }, tail: HIDDEN },
      { headers: { "transfer-encoding": "chunked" }, tail: `0\r\n\r\n${HIDDEN}` },
      { headers: { "content-length": "0", "transfer-encoding": "chunked" }, tail: HIDDEN },
      { headers: { "sec-websocket-version": "777" }, tail: HIDDEN },
      { headers: { authorization: "Bearer bad" }, tail: HIDDEN },
      { path: "/nowhere", tail: HIDDEN },
      { method: "POST", headers: { "content-length": String(HIDDEN.length) }, tail: HIDDEN },
    ];
    for (const attempt of attempts) {
      await using answer = await upgrade(kit.port, attempt);
      await eventually(
        () => answer.socket.destroyed || answer.socket.readableEnded,
        `the connection ends: ${attempt.path}`,
      );
      const all = answer.received().toString("latin1");
      assert.ok(!all.includes("hidden"), JSON.stringify(attempt));
    }
    assert.deepEqual(hits, []);
    assert.ok(kit.connections.every(({ heard }) => heard.length === 0));
  });

  it("are refused with messages that are sent before the answer", async () => {
    await using kit = await openLineKit();
    const early = frame('{"id":1,"connect":{}}');
    const socket = connect(kit.port, "127.0.0.1");
    await once(socket, "connect");
    const head =
      `GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:${kit.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Authorization: Bearer ${GOOD_TOKEN}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), early]));
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 400 /);
    socket.destroy();
    assert.equal(kit.connections.length, 0);
  });
});
