// Whoever is on the way of a connection that is not encrypted reads its session and everything that is said, and can
// speak in its place. In production the gallery, which has connections, starts only where somebody encrypts them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { freePort } from "gatehouse/testing";
import { ServerProcess } from "../support/server-process.ts";

const PRODUCTION = {
  GATEHOUSE_PROFILE: "production",
  GATEHOUSE_MEDIA_SCANNER_ENGINE: "none",
  GATEHOUSE_MEDIA_SCANNER_NONE_REASON: "A test of what comes before.",
  GATEHOUSE_IDENTITY_ENABLED: "false",
};
const PUBLISHED = { GATEHOUSE_SERVER_PUBLIC_URL: "https://photos.example" };
const BEHIND_A_PROXY = { ...PRODUCTION, ...PUBLISHED, GATEHOUSE_SERVER_TRUSTED_PROXIES: "127.0.0.1/32" };

/** What the gallery said when it did not start. */
async function refusalOf(environment: Readonly<Record<string, string>>): Promise<string> {
  await using server = await ServerProcess.launch({ environment });
  const { code } = await server.ended;
  assert.notEqual(code, 0);
  return server.errors;
}

/** The status with which a connection is answered. */
async function statusOf(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/connection/websocket`, "centrifuge-json", { headers });
  socket.on("error", () => {});
  const opened = once(socket, "open").then(() => 101);
  const refused = once(socket, "unexpected-response").then(([, answer]) => Number(answer.statusCode));
  const status = await Promise.race([opened, refused]);
  socket.terminate();
  return status;
}

describe("the gallery in production", () => {
  it("does not start where nobody encrypts connections, and says what to set", async () => {
    const said = await refusalOf(PRODUCTION);
    assert.match(said, /server\.publicUrl: Without HTTPS, everybody on the way can read and take over sessions/);
    const halfway = await refusalOf({ ...PRODUCTION, ...PUBLISHED });
    assert.match(halfway, /Name the proxy in server\.trustedProxies/);
  });

  it("offers connections behind a proxy that is named and encrypts", async () => {
    const port = await freePort();
    await using server = await ServerProcess.launch({ port, environment: BEHIND_A_PROXY });
    await server.ready();
    const encrypted = { host: "photos.example", "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7" };
    const status = await statusOf(`http://127.0.0.1:${port}`, { ...encrypted, origin: "https://photos.example" });
    assert.equal(status, 101);
    assert.equal(await statusOf(`http://127.0.0.1:${port}`, { ...encrypted, origin: "https://evil.example" }), 403);
  });
});
