import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { RealtimeClient, type ConnectionState, type RealtimeTransport } from "../../realtime-client.ts";
import type { ContractOf } from "../../realtime/actor/contract.ts";

import { SignedInPage, startRealtimeSite, type room } from "../../testing/realtime-site.ts";

type Room = ContractOf<typeof room>;

function clientOf(origin: string, user: string, transport: RealtimeTransport = "websocket"): RealtimeClient {
  return new RealtimeClient({ origin, as: async () => `user-${user}`, transports: [transport] });
}

async function until(isSo: () => boolean): Promise<void> {
  for (const limit = performance.now() + 10_000; !isSo(); await delay(10)) {
    assert.ok(performance.now() < limit, "it never became so");
  }
}

/** A page of the site, in which somebody may have signed in. */
function pageClient(page: SignedInPage, told: ConnectionState[] = []): RealtimeClient {
  const withOrigin = class extends WebSocket {
    constructor(address: string) {
      super(address, { headers: { origin: page.origin } });
    }
  };
  return new RealtimeClient({
    origin: page.origin,
    changed: (state) => void told.push(state),
    centrifuge: { fetch: page.fetch, websocket: withOrigin, minReconnectDelay: 10, maxReconnectDelay: 50 },
  });
}

describe("pages of people who are signed in", () => {
  it("connect by a ticket of their session, and once more by another after a lost connection", async () => {
    await using site = await startRealtimeSite();
    const page = new SignedInPage(site.origin);
    assert.equal(await page.post("/enter", { name: "ada" }), 200);
    const told: ConnectionState[] = [];
    using client = pageClient(page, told);
    await client.ready();
    const lobby = client.actor<Room>("room", ["lobby"]);
    assert.deepEqual(await lobby.send("say", { text: "hello" }), { number: 1 });
    site.realtime.connections.disconnect({ tenant: "default" }, { code: 3001, reason: "shutdown" });
    assert.deepEqual(await lobby.send("say", { text: "again" }), { number: 2 });
    assert.deepEqual(
      told.map(({ state }) => state),
      ["connecting", "connected", "connecting", "connected"],
    );
  });

  it("are disconnected at once, and for good, when they sign out", async () => {
    await using site = await startRealtimeSite();
    const page = new SignedInPage(site.origin);
    await page.post("/enter", { name: "ada" });
    const told: ConnectionState[] = [];
    using client = pageClient(page, told);
    await client.ready();
    assert.equal(await page.post("/leave", {}), 204);
    await until(() => told.at(-1)?.state === "disconnected");
    const last = told.at(-1);
    assert.equal(last?.state === "disconnected" && last.code, 3500);
  });

  it("are told once that strangers may not connect", async () => {
    await using site = await startRealtimeSite();
    const told: ConnectionState[] = [];
    using client = pageClient(new SignedInPage(site.origin), told);
    await assert.rejects(client.ready());
    const last = told.at(-1);
    assert.equal(last?.state === "disconnected" && last.code, 101);
  });
});

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
