import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { eventually, frame, upgrade } from "../../testing/line-client.ts";
import { openLineKit } from "../../testing/line-kit.ts";

const MIB = 1024 * 1024;
const FLOOD = JSON.stringify({ id: 2, rpc: { data: { flood: { count: 2_000, size: 16_384 } } } });

/*
 * A client asks for much and reads nothing: what is written to it waits in the server's memory, for as many connections as
 * the client likes. How much waits has to be known, and the connection has to end although its reader never says so.
 */
describe("Slow readers", () => {
  for (const kind of ["websocket", "http_stream", "sse"] as const) {
    it(`of ${kind} are seen, closed and cut, and cost no more than the bound`, { timeout: 60_000 }, async () => {
      await using kit = await openLineKit();
      const socket = connect(kit.port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.pause();
      if (kind === "websocket") {
        socket.write(
          `GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:${kit.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
        );
        await eventually(() => kit.connections.length === 1, "it is open");
        socket.write(frame(FLOOD));
      } else if (kind === "sse") {
        const query = new URLSearchParams({ cf_connect: FLOOD });
        socket.write(`GET /connection/sse?${query} HTTP/1.1\r\nHost: 127.0.0.1:${kit.port}\r\n\r\n`);
      } else {
        socket.write(
          `POST /connection/http_stream HTTP/1.1\r\nHost: 127.0.0.1:${kit.port}\r\nContent-Type: application/json\r\n` +
            `Content-Length: ${FLOOD.length}\r\n\r\n${FLOOD}`,
        );
      }
      await eventually(() => kit.connections.length === 1, "it is open");
      const [connection] = kit.connections;
      await eventually(() => connection?.closedTimes === 1, "it is cut");
      assert.ok((connection?.mostBuffered ?? 0) > MIB / 2, "what waits is counted");
      assert.ok((connection?.mostBuffered ?? Infinity) < 2 * MIB, "and bounded");
      assert.equal(connection?.transport.buffered === 0 || kind === "websocket", true);
      assert.equal(kit.lines.size, 0);
      await using other = await upgrade(kit.port);
      assert.equal(other.status, 101);
      socket.destroy();
    });
  }
});
