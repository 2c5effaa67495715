import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createEventStream } from "../../kernel/event-stream.ts";
import type { EventDefinition, SecurityEvent } from "../../kernel/event.ts";
import { createMetrics } from "../../monitor/metrics.ts";
import { RealtimeClient } from "../../realtime-client.ts";
import { actorEvents } from "../../realtime/actor/events.ts";
import type { ContractOf } from "../../realtime/actor/contract.ts";
import { clusterEvents } from "../../realtime/cluster/events.ts";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";
import { startRealtimeSite, type room } from "../../testing/realtime-site.ts";
import { createRealtimeMetrics } from "./realtime-metrics.ts";

type Room = ContractOf<typeof room>;

const token = "a-token-of-somebody-who-reads-metrics";

/** The value of a metric in a text of metrics. */
function value(text: string, name: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/** The status of the answer to an upgrade that a page of another origin has asked for. */
async function refusedUpgrade(origin: string): Promise<number | undefined> {
  const headers = {
    ...{ connection: "Upgrade", upgrade: "websocket", origin: "https://elsewhere.example" },
    ...{ "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
  };
  const asked = request(`${origin}/connection/websocket`, { headers });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe("metrics of a server with actors", () => {
  it("count connections, turns, refusals and the lag of the event loop", async () => {
    await using site = await startRealtimeSite({ settings: { metrics: { token } } });
    const read = async (): Promise<string> => {
      const response = await fetch(`${site.origin}/metrics`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(response.status, 200);
      return response.text();
    };
    const as = async (): Promise<string> => "user-ada";
    using ada = new RealtimeClient({ origin: site.origin, as, transports: ["websocket"] });
    await ada.ready();
    const lobby = ada.actor<Room>("room", ["lobby"]);
    await lobby.hear().ready();
    for (let time = 0; time < 3; time += 1) await lobby.send("say", { text: "hello" });
    await assert.rejects(lobby.send("note", { note: "x" }));
    assert.equal(await refusedUpgrade(site.origin), 403);
    const text = await read();
    assert.equal(value(text, 'gatehouse_realtime_connections{state="connected",transport="websocket"}'), 1);
    assert.equal(value(text, "gatehouse_realtime_subscriptions"), 1);
    assert.equal(value(text, "gatehouse_realtime_queue_bytes"), 0);
    assert.equal(value(text, "gatehouse_realtime_commands_waiting"), 0);
    assert.equal(value(text, "gatehouse_realtime_mailbox_depth"), 0);
    assert.equal(value(text, 'gatehouse_realtime_turn_seconds_count{actor="room"}'), 3);
    assert.equal(value(text, 'gatehouse_realtime_command_refusals_total{problem="PERMISSION_DENIED"}'), 1);
    assert.equal(value(text, "gatehouse_realtime_opened_total"), 1);
    assert.match(text, /^gatehouse_realtime_upgrade_refusals_total\{problem="[A-Z_]+"\} 1$/m);
    assert.match(text, /^gatehouse_event_loop_lag_seconds\{quantile="0\.99"\} [\d.e-]+$/m);
    ada[Symbol.dispose]();
    while (value(await read(), 'gatehouse_realtime_closed_total{code="0"}') !== 1) await delay(20);
    const after = await read();
    assert.equal(value(after, 'gatehouse_realtime_connections{state="connected",transport="websocket"}'), undefined);
    assert.equal(value(after, "gatehouse_realtime_opened_total"), 1);
  });

  it("count what only events tell: refused openings, lost leases and fenced writes", async () => {
    await using kit = await createRealtimeKit();
    const events = createEventStream((error) => assert.fail(String(error)));
    const monitors = { list: async () => [] };
    const store = { read: <Result>(work: (transaction: never) => Promise<Result>) => work(undefined as never) };
    using metrics = createMetrics({ events, monitors, store });
    using realtime = createRealtimeMetrics({ ...kit, events, actors: { waiting: 7, deepest: 5 } });
    metrics.add(realtime.metrics);
    const emit = (definition: EventDefinition, more: Partial<SecurityEvent>): void =>
      events.emit({
        ...{ id: "1", at: 0, name: definition.name, level: definition.level, tenant: "-", requestId: "1" },
        ...{ actor: { type: "system", id: "-" }, source: { entrance: "realtime" }, action: "x", context: {} },
        ...{ outcome: "denied", ...more },
      });
    const refusal = { name: "request_refused", level: "info", description: "" } as const;
    emit(clusterEvents.realtime_lease_lost, {});
    emit(actorEvents.actor_fenced, {});
    emit(actorEvents.actor_fenced, {});
    emit(refusal, { action: "realtime.open", problem: "ORIGIN_FORBIDDEN" });
    emit(refusal, { action: "room.say", problem: "PERMISSION_DENIED" });
    emit(refusal, { action: "realtime.open", outcome: "success" });
    const text = await metrics.render();
    assert.equal(value(text, "gatehouse_realtime_lease_losses_total"), 1);
    assert.equal(value(text, "gatehouse_realtime_fenced_writes_total"), 2);
    assert.deepEqual(text.match(/^gatehouse_realtime_upgrade_refusals_total.*$/gm), [
      'gatehouse_realtime_upgrade_refusals_total{problem="ORIGIN_FORBIDDEN"} 1',
    ]);
    assert.equal(value(text, "gatehouse_realtime_commands_waiting"), 7);
    assert.equal(value(text, "gatehouse_realtime_mailbox_depth"), 5);
  });
});
