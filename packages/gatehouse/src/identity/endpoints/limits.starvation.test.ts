// The token endpoint counts by address and client, but who a caller claims to be is not proven when it is counted. If it
// counted by client alone, anybody could name a client from anywhere until that client gets no tokens any more.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openClientKit } from "../../testing/client-kit.ts";

describe("a client whose name others use", () => {
  it("gets its tokens and look-ups while they flood the endpoints from elsewhere", async () => {
    await using kit = await openClientKit({ config: { limits: { perIp: { limit: 100_000 } } } });
    const { id, secret } = await kit.client({ name: "Victim" });
    const ask = (path: string, given: string, from: string) =>
      kit.ask(path, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`${id}:${given}`).toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials", token: "x" }),
        from,
      });
    for (const path of ["/oauth/token", "/oauth/introspect"]) {
      for (let number = 0; number < 180; number += 1) await ask(path, "wrong", "203.0.113.1");
      assert.match(String((await ask(path, "wrong", "203.0.113.1")).status), /^(?:429|403)$/, "the attacker");
      assert.equal((await ask(path, secret, "198.51.100.1")).status, 200, "the client");
    }
  });
});
