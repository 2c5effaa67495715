import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as send, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { html } from "../../html/html.ts";
import { createNodeAdapter } from "../../http/adapters/node.ts";
import { listen } from "../../http/server.ts";
import { openLiveKit, type LiveKit } from "../../testing/live-kit.ts";
import { followedIn, type FollowedComponent } from "../../testing/live-stream.ts";
import { live } from "../component.ts";

const board = live("board", {
  state: z.object({}),
  mount: () => ({}),
  topics: () => ["board"],
  actions: () => ({}),
  render: () => html`<p>board</p>`,
});

/** Boards with the longest names there are, so that a message about them is long. */
function openBoards(count: number): Promise<LiveKit> {
  return openLiveKit({
    components: [board],
    page: async (mounted, inbound) => {
      const names = Array.from({ length: count }, (_, index) => String(index).padStart(100, "x"));
      return Promise.all(names.map((instance) => mounted.mount(board, { inbound, instance })));
    },
  });
}

interface Opened {
  readonly answer: IncomingMessage;
  readonly cookie: string;
  readonly components: readonly FollowedComponent[];
}

/** Opens a stream over a socket, as a browser on this machine does. */
async function openStream(port: number): Promise<Opened> {
  const origin = `http://localhost:${port}`;
  const page = await fetch(origin, { headers: { accept: "text/html", "sec-fetch-site": "same-origin" } });
  const text = await page.text();
  const cookie = page.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const [, token] = /name="?csrf-token"? content="?([^\s">]+)/.exec(text) ?? [];
  const components = followedIn(text);
  const body = JSON.stringify({ components, _csrf_token: token });
  const headers = { cookie, origin, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const outgoing = send({ port, host: "localhost", method: "POST", path: "/api/livecomponents/stream", headers });
  outgoing.on("error", () => undefined).end(body);
  const [answer] = await once(outgoing, "response");
  // What this event of a request has is fixed.
  return { answer: answer as IncomingMessage, cookie, components };
}

describe("the stream of news, over a socket", () => {
  it("begins at once, and does not hold up a server that stops", async () => {
    await using kit = await openBoards(1);
    const server = await listen({ handler: kit.handler, port: 0 });
    const { answer } = await openStream(server.port);
    answer.setEncoding("utf8");
    const [first] = await once(answer, "data");
    assert.match(String(first), /^: open\nid: /);
    const began = performance.now();
    const ended = once(answer, "end");
    answer.resume();
    await server.close({ grace: 10_000 });
    await ended;
    assert.ok(performance.now() - began < 2_000);
  });

  it("is given up by a browser that goes away", async () => {
    await using kit = await openBoards(1);
    await using server = await listen({ handler: kit.handler, port: 0 });
    const visitors: Opened[] = [];
    for (let count = 0; count < 3; count += 1) visitors.push(await openStream(server.port));
    const before = kit.clock.waiting;
    for (const { answer } of visitors) answer.destroy();
    for (let tries = 0; tries < 200 && kit.clock.waiting === before; tries += 1) await delay(10);
    await delay(50);
    // Each had two timers: its next sign of life, and its end.
    assert.equal(kit.clock.waiting, before - 6);
  });

  for (const [where, serve] of [
    ["a server of Gatehouse", serveHere],
    ["a server of the application's own", serveThere],
  ] as const) {
    it(`is cut off where a reader takes nothing, on ${where}`, async () => {
      await using kit = await openBoards(100);
      await using server = await serve(kit);
      const { answer } = await openStream(server.port);
      answer.pause();
      const closed = new Promise((resolve) => answer.on("close", resolve));
      answer.on("error", () => undefined);
      let sent = 0;
      for (; sent < 5_000 && kit.clock.waiting > 1; sent += 1) {
        kit.live.publish("default", "board");
        await kit.clock.advance(200);
        // Beyond its longest age it would end by itself.
        if (kit.clock.monotonic() > 260_000) break;
      }
      assert.ok(kit.clock.monotonic() < 260_000, `${sent} messages were kept for a reader that takes none`);
      answer.resume();
      await closed;
      assert.equal(answer.complete, false);
    });
  }
});

interface Served extends AsyncDisposable {
  readonly port: number;
}

function serveHere(kit: LiveKit): Promise<Served> {
  return listen({ handler: kit.handler, port: 0 });
}

async function serveThere(kit: LiveKit): Promise<Served> {
  const server = createServer((message, response) => {
    void createNodeAdapter(kit.edge).handler(kit.handler)(message, response);
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  // A server that listens on a port has this kind of address.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
