// A stranger sends bodies in chunks of one byte. Each piece costs the server as much work as a whole packet, and kept as
// it came hundreds of bytes of memory: a few connections with six megabytes each end the process for everybody.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { html } from "gatehouse/html";
import { listen, type Listening } from "gatehouse/http";
import { live } from "gatehouse/live";
import { noted, verifier } from "../support/bank-webhook.ts";
import { openGuarded, SIGN_IN, type GuardedServer } from "../support/guarded-server.ts";

const counter = live("counter", {
  state: z.object({ count: z.number() }),
  mount: () => ({ count: 0 }),
  actions: (action) => ({ add: action({ authorise: "public", commutes: true }, ({ state }) => state) }),
  render: ({ state }) => html`<p>${state.count}</p>`,
});

/** Where anybody may send a body. */
const PLACES = [
  { path: SIGN_IN, type: "application/json" },
  { path: SIGN_IN, type: "application/x-www-form-urlencoded" },
  { path: "/csp/report", type: "application/csp-report" },
  { path: "/webhooks/bank", type: "application/json" },
  { path: "/api/livecomponents/action", type: "application/json" },
  { path: "/api/livecomponents/action", type: "multipart/form-data; boundary=x" },
  { path: "/api/livecomponents/load", type: "application/json" },
] as const;

let server: GuardedServer;
let listening: Listening;

before(async () => {
  server = await openGuarded(({ edge }) => ({
    actions: [noted],
    components: [counter],
    signatures: { "payment.note": verifier },
    routes: (app) => app.post("/webhooks/bank", edge.webhook(noted)),
  }));
  listening = await listen({ handler: server.gatehouse.handler, port: 0 });
});
after(async () => {
  await listening.close({ grace: 100 });
  await server[Symbol.asyncDispose]();
});

/** Sends a body, each byte in a chunk of its own; what is answered, at the latest once all of it is sent. */
async function send(
  { path, type }: { readonly path: string; readonly type: string },
  body: string,
  ended: boolean,
): Promise<{ readonly status: number; readonly text: string }> {
  const socket = connect(listening.port, "127.0.0.1");
  let received = "";
  // A reset is what some of these connections end with.
  socket.on("error", () => undefined);
  socket.setEncoding("latin1").on("data", (text: string) => (received += text));
  const lines = [`POST ${path} HTTP/1.1`, "host: localhost", "accept: application/json", `content-type: ${type}`];
  const chunks = body.replaceAll(/[^]/g, "1\r\n$&\r\n");
  socket.write(`${lines.join("\r\n")}\r\ntransfer-encoding: chunked\r\n\r\n${chunks}${ended ? "0\r\n\r\n" : ""}`);
  for (const end = performance.now() + 20_000; performance.now() < end && !received.includes("\r\n\r\n");)
    await pause(10);
  socket.destroy();
  return { status: Number(received.split(" ")[1]), text: received };
}

describe("a body in pieces of one byte", () => {
  for (const place of PLACES) {
    it(`is refused at ${place.path} as ${place.type} long before its end`, async () => {
      const body = place.type.startsWith("multipart")
        ? `--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n${"a".repeat(50_000)}`
        : "a".repeat(50_000);
      const { status, text } = await send(place, body, false);
      assert.equal(status, 400, text);
      if (!place.path.includes("report")) assert.match(text, /The body comes in too many pieces/);
    });
  }

  it("is read where it is short", async () => {
    const report = { "document-uri": "http://localhost/", "violated-directive": "img-src", padding: "x".repeat(3_000) };
    const place = { path: "/csp/report", type: "application/csp-report" };
    const { status, text } = await send(place, JSON.stringify({ "csp-report": report }), true);
    assert.equal(status, 204, text);
  });
});
