import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { eventually, frame, upgrade } from "../../testing/line-client.ts";
import { openLineKit } from "../../testing/line-kit.ts";

const WAVES = 5;
const WAVE = 2_000;

async function halfOpen(port: number, index: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const whole = `GET /connection/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Slow: ${index}\r\n`;
  socket.write(whole.slice(0, 20 + (index % (whole.length - 20))));
  socket.resume();
  return socket;
}

/*
 * Ten thousand upgrade requests are begun and never finished, or finished and never waited for: each holds a socket, and
 * whatever the server has set aside for it. People who come meanwhile have to be served, and it all has to be free soon.
 */
describe("Ten thousand half-open upgrades", () => {
  it("are cut after a while, in bounded memory, while others are served", { timeout: 120_000 }, async () => {
    await using kit = await openLineKit({
      listen: { limits: { headersTimeout: 1_000, connectionsPerAddress: 100_000 } },
    });
    const before = process.memoryUsage().rss;
    let most = 0;
    for (let wave = 0; wave < WAVES; wave += 1) {
      const sockets = await Promise.all(Array.from({ length: WAVE }, (_, index) => halfOpen(kit.port, index)));
      await using served = await upgrade(kit.port);
      served.socket.write(frame('{"id":1,"connect":{}}'));
      await eventually(() => served.received().includes('"connect"'), "others are served");
      most = Math.max(most, process.memoryUsage().rss - before);
      await eventually(
        () => sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded),
        "all are cut",
      );
      for (const socket of sockets) socket.destroy();
    }
    // Client and server are this one process.
    assert.ok(most < 256 * 1024 * 1024, `${Math.round(most / 1024 / 1024)} MiB`);
    await eventually(() => kit.lines.size === 0);
  });

  it("are refused after a while where nobody can say who they are, and leave no place taken", async () => {
    const waiting = Promise.withResolvers<boolean>();
    await using kit = await openLineKit({
      lines: { policy: () => waiting.promise, options: { openTimeout: 300, perAddress: 20 } },
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => upgrade(kit.port)));
    assert.ok(answers.every(({ status }) => status === 503));
    waiting.resolve(true);
    await eventually(() => kit.connections.length === 0);
    const later = await Promise.all(Array.from({ length: 20 }, () => upgrade(kit.port)));
    assert.ok(later.every(({ status }) => status === 101));
    for (const { socket } of [...answers, ...later]) socket.destroy();
  });

  it("take no place when their sender has left before the answer", async () => {
    const waiting = Promise.withResolvers<boolean>();
    await using kit = await openLineKit({ lines: { policy: () => waiting.promise, options: { perAddress: 5 } } });
    for (let index = 0; index < 5; index += 1) {
      const socket = connect(kit.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(
        `GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:${kit.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.resetAndDestroy();
    }
    waiting.resolve(true);
    const answers = await Promise.all(Array.from({ length: 5 }, () => upgrade(kit.port)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [101, 101, 101, 101, 101],
    );
    for (const { socket } of answers) socket.destroy();
    await eventually(() => kit.lines.size === 0);
  });
});
