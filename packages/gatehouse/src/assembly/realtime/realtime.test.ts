import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RealtimeClient, type RealtimeTransport } from "../../realtime-client.ts";
import type { ContractOf } from "../../realtime/actor/contract.ts";
import type { room } from "../../testing/realtime-site.ts";
import { startRealtimeSite } from "../../testing/realtime-site.ts";

type Room = ContractOf<typeof room>;

function clientOf(origin: string, user: string, transport: RealtimeTransport = "websocket"): RealtimeClient {
  return new RealtimeClient({ origin, as: async () => `user-${user}`, transports: [transport] });
}

describe("actors of a server that was started", () => {
  it("are reached by the typed client", async () => {
    await using site = await startRealtimeSite();
    using ada = clientOf(site.origin, "ada");
    await ada.ready();
    const lobby = ada.actor<Room>("room", ["lobby"]);
    const heard: string[] = [];
    using channel = lobby.hear({ event: (name, data) => void heard.push(`${name} ${JSON.stringify(data)}`) });
    await channel.ready();
    assert.deepEqual(await lobby.send("say", { text: "hello" }), { number: 1 });
    assert.deepEqual(await lobby.send("say", { text: "again" }, { id: "once" }), { number: 2 });
    assert.deepEqual(await lobby.send("say", { text: "again" }, { id: "once" }), { number: 2 });
    assert.deepEqual(heard, ['said {"text":"hello","by":"ada"}', 'said {"text":"again","by":"ada"}']);
    const { state, position } = await lobby.state();
    assert.deepEqual(state, { said: 2 });
    assert.equal(position.offset, 2);
    assert.deepEqual(
      (await channel.presence()).map(({ user, info }) => [user, info]),
      [["ada", { name: "ADA" }]],
    );
    await assert.rejects(lobby.send("note", { note: "x" }), { code: "PERMISSION_DENIED" });
  });
});
