/**
 * Logs are read by more people than may act for a user. Where they hold tokens, sessions or what was said, whoever reads
 * them can come as somebody else (defect 13 of the source project).
 */
import { equal, ok } from "node:assert/strict";
import { inspect } from "node:util";
import { describe, it } from "node:test";
import { testUser } from "../../testing/gate-kit.ts";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

describe("what is recorded of connections", () => {
  it("names no token, no session and nothing of what was said", async () => {
    await using kit = await createRealtimeKit();
    kit.tokens.set("token-of-ann", { principal: testUser("ann") });
    const session = kit.gate.signIn("ann");
    const line = kit.open({ session });
    await kit.ask(line, { connect: { token: "token-of-ann", data: "said-at-the-door" } });
    await kit.ask(line, { subscribe: { channel: "room:a", token: "channel-token" } });
    await kit.ask(line, { rpc: { method: "room.say", data: { key: ["a"], input: { text: 5, more: "said-inside" } } } });
    await kit.ask(line, { rpc: { method: "room.break", data: { key: ["a"], input: "said-inside" } } });
    await kit.ask(line, { refresh: { token: "forged-token" } });
    line.say("garbage with token-of-ann");
    const refused = kit.open();
    await kit.ask(refused, { connect: { token: "forged-token" } });
    await kit.settle();
    ok(kit.gate.events.length > 3);
    const recorded = inspect([kit.gate.events, kit.gate.reported, kit.connections.stats(), line.told, refused.told], {
      depth: 9,
    });
    for (const secret of [
      "token-of-ann",
      "forged-token",
      "channel-token",
      "said-at-the-door",
      "said-inside",
      session.credential,
    ])
      equal(recorded.includes(secret), false, secret);
    equal(recorded.includes(line.opened.session), false);
  });
});
