import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

describe("connections", () => {
  it("are found by principal, session, tenant and name, and by nothing by mistake", async () => {
    await using kit = await createRealtimeKit();
    const session = kit.gate.signIn("ann");
    const lines = [await kit.connect("ann", { session }), await kit.connect("ann"), await kit.connect("bob")];
    const ann = { type: "user", id: "ann", tenant: "acme" } as const;
    equal(kit.connections.list(9, { principal: ann }).length, 2);
    equal(kit.connections.list(9, { principal: { ...ann, tenant: "other" } }).length, 0);
    equal(kit.connections.list(9, { principal: { ...ann, type: "guest" } }).length, 0);
    equal(kit.connections.list(9, { session: session.principal.session ?? "" }).length, 1);
    equal(kit.connections.list(9, { tenant: "acme" }).length, 3);
    throws(() => kit.connections.disconnect({}), TypeError);
    const client = kit.connections.list(9, { principal: { ...ann, id: "bob" } })[0]?.client ?? "";
    equal(kit.connections.disconnect({ client, tenant: "other" }), 0);
    equal(kit.connections.disconnect({ client }, { code: 4500, reason: "moderated" }), 1);
    deepEqual(
      lines.map(({ code }) => code),
      [undefined, undefined, 4500],
    );
    equal(kit.connections.disconnect({ principal: ann }), 2);
    deepEqual(
      lines.map(({ code }) => code),
      [3503, 3503, 4500],
    );
    equal(kit.connections.disconnect({ principal: ann }), 0);
  });

  it("are closed with what fits into a close frame, and with no code that is not theirs", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    for (const code of [1006, 999, 5000, 3000.5, NaN])
      throws(() => kit.connections.disconnect({ tenant: "acme" }, { code, reason: "" }), RangeError);
    equal(line.ended, undefined);
    kit.connections.disconnect({ tenant: "acme" }, { code: 4000, reason: "ä".repeat(100) });
    deepEqual(line.ended, { code: 4000, reason: "ä".repeat(61) });
  });

  it("are counted by state and transport, and by how they end", async () => {
    await using kit = await createRealtimeKit();
    await kit.connect("ann");
    kit.open({ kind: "sse" });
    const line = await kit.connect("bob");
    await kit.ask(line, { fly: {} });
    line.hangUp();
    await kit.settle();
    const { open, opened, closed, refused, subscriptions } = kit.connections.stats();
    deepEqual(open, [
      { state: "connected", transport: "websocket", connections: 1 },
      { state: "new", transport: "sse", connections: 1 },
    ]);
    deepEqual([opened, subscriptions], [3, 0]);
    deepEqual([...closed], [[0, 1]]);
    deepEqual([...refused], [["METHOD_UNKNOWN", 1]]);
  });

  it("live on one timer, however many there are, and on none where there are none", async () => {
    await using kit = await createRealtimeKit();
    for (let index = 0; index < 50; index += 1) await kit.connect(`user${index}`);
    equal(kit.gate.clock.waiting, 1);
    for (const { client } of kit.connections.list(50)) kit.connections.disconnect({ client });
    await kit.gate.clock.advance(1_000);
    equal(kit.gate.clock.waiting, 0);
  });

  it("that do not answer a sign of life are closed, those that do are kept", async () => {
    await using kit = await createRealtimeKit();
    const dead = await kit.connect("ann");
    const alive = await kit.connect("bob");
    await kit.pass(alive, 34_000);
    deepEqual([dead.code, alive.code], [3012, undefined]);
    await kit.pass(alive, 300_000);
    equal(alive.code, undefined);
    const pings = alive.told.filter((told) => Object.keys(told).length === 0).length;
    ok(pings >= 12 && pings <= 15, `${pings} signs of life in 334 seconds`);
  });

  it("are closed one after the other when the server stops, and no more are taken up", async () => {
    await using kit = await createRealtimeKit();
    const lines = [];
    for (let index = 0; index < 200; index += 1) lines.push(await kit.connect(`user${index}`));
    let isDrained = false;
    const drained = kit.connections.drain().then(() => (isDrained = true));
    const late = kit.open();
    equal(late.code, 3001);
    const gone: number[] = [];
    for (let second = 1; second <= 10; second += 1) {
      await kit.gate.clock.advance(1_000);
      gone.push(lines.filter(({ code }) => code === 3001).length);
    }
    for (const [index, count] of gone.entries())
      ok(Math.abs(count - (index + 1) * 20) <= 25, `${count} of 200 after ${index + 1} seconds`);
    await kit.gate.clock.advance(200);
    await drained;
    ok(isDrained);
    equal(lines.filter(({ code }) => code === 3001).length, 200);
    equal(kit.released.length, 201);
  });

  it("have no trouble with a line that was closed before anything came", async () => {
    await using kit = await createRealtimeKit();
    const line = kit.open();
    line.hangUp();
    line.opened.received('{"id":1,"connect":{}}');
    line.opened.closed();
    await kit.settle();
    deepEqual(kit.released, [line]);
    deepEqual(line.told, []);
  });
});
