// A page of an attacker's makes its own host name resolve to 127.0.0.1 and then speaks to the development server as if
// to itself: same origin, readable answers. The server must not answer for names that are not its own.
import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, it } from "node:test";
import { ServerProcess } from "../support/server-process.ts";

function ask(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path: "/", headers: { host } }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

describe("the development server, asked under a foreign name", () => {
  it("refuses it, and answers to the names of loopback", async () => {
    await using server = await ServerProcess.launch();
    await server.ready();
    const { port } = server;
    assert.equal(await ask(port, `rebound.example:${port}`), 421);
    assert.equal(await ask(port, `127.0.0.1.nip.example:${port}`), 421);
    for (const name of ["localhost", "127.0.0.1", "[::1]", "app.localhost"]) {
      assert.equal(await ask(port, `${name}:${port}`), 303, name);
    }
  });
});
