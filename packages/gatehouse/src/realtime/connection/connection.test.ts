import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

describe("a connection", () => {
  it("is told who it is and how it is kept alive, and subscribes, calls, publishes and reads", async () => {
    await using kit = await createRealtimeKit();
    const { gate, rooms } = kit;
    const line = kit.open({ session: gate.signIn("ann") });
    const connected = await kit.ask(line, { connect: { name: "js" } });
    const client = line.opened;
    deepEqual(connected["connect"], {
      client: kit.connections.list(1)[0]?.client,
      version: "gatehouse",
      ping: 25,
      pong: true,
    });
    equal(client.session.length, 43);

    const subscribed = await kit.ask(line, { subscribe: { channel: "room:a" } });
    deepEqual(subscribed["subscribe"], { recoverable: true, positioned: true, epoch: "epoch1", offset: 0 });
    const said = await kit.ask(line, { rpc: { method: "room.say", data: { key: ["a"], input: { text: "hi" } } } });
    deepEqual(said["rpc"], { data: { heard: true } });
    const published = await kit.ask(line, { publish: { channel: "room:a", data: { type: "x" } } });
    deepEqual(published["publish"], {});
    const pushes = line.told.filter(({ push }) => push?.["pub"] !== undefined).map(({ push }) => push);
    deepEqual(pushes, [
      { channel: "room:a", pub: { data: { text: "hi" }, offset: 1 } },
      { channel: "room:a", pub: { data: { type: "x" }, offset: 2 } },
    ]);

    const history = await kit.ask(line, { history: { channel: "room:a", limit: 1, reverse: true } });
    deepEqual(history["history"], { epoch: "epoch1", offset: 2, publications: [{ data: { type: "x" }, offset: 2 }] });
    const state = await kit.ask(line, { rpc: { method: "room.state", data: { key: ["a"], input: null } } });
    deepEqual(state["rpc"], { data: { said: 1, channel: "default" } });
    const side = { rpc: { method: "room.state", data: { key: ["a"], input: { channel: "side" } } } };
    deepEqual((await kit.ask(line, side))["rpc"], { data: { said: 1, channel: "side" } });
    const odd = { rpc: { method: "room.state", data: { key: ["a"], input: { channel: 7 } } } };
    equal((await kit.ask(line, odd)).error?.code, 107);
    deepEqual((await kit.ask(line, { ping: {} }))["ping"], {});
    deepEqual((await kit.ask(line, { unsubscribe: { channel: "room:a" } }))["unsubscribe"], {});
    line.take();
    rooms.publish("room:a", "unheard");
    await kit.settle();
    deepEqual(line.take(), []);
    equal(kit.hub.count({ tenant: "acme", channel: "room:a" }), 0);
  });

  it("over lines that only tell has a session and a node, for commands that come by themselves", async () => {
    await using kit = await createRealtimeKit();
    const line = kit.open({ session: kit.gate.signIn("ann"), kind: "sse" });
    const { connect } = await kit.ask(line, { connect: {} });
    const { session, node } = connect as Record<string, unknown>;
    equal(session, line.opened.session);
    equal(node, "node1");
    equal(kit.connections.find(line.opened.session), line.opened);
    kit.connections.find(line.opened.session)?.received('{"id":2,"ping":{}}');
    await kit.settle();
    deepEqual(line.told.at(-1), { id: 2, ping: {} });
    line.hangUp();
    await kit.settle();
    equal(kit.connections.find(line.opened.session), undefined);
  });

  it("tells who is there, and who comes and goes", async () => {
    await using kit = await createRealtimeKit();
    const ann = await kit.connect("ann");
    kit.rooms.subscribed = { info: { name: "Ann" }, channelInfo: { seat: 1 } };
    await kit.ask(ann, { subscribe: { channel: "room:a" } });
    kit.rooms.subscribed = {};
    const bob = await kit.connect("bob");
    await kit.ask(bob, { subscribe: { channel: "room:a" } });
    const [annClient, bobClient] = ["ann", "bob"].map(
      (id) => kit.connections.list(9, { principal: { type: "user", id, tenant: "acme" } })[0]?.client ?? "",
    );
    const { presence } = await kit.ask(ann, { presence: { channel: "room:a" } });
    deepEqual(presence, {
      presence: {
        [annClient ?? ""]: { client: annClient, user: "ann", conn_info: { name: "Ann" }, chan_info: { seat: 1 } },
        [bobClient ?? ""]: { client: bobClient, user: "bob" },
      },
    });
    deepEqual((await kit.ask(ann, { presence_stats: { channel: "room:a" } }))["presence_stats"], {
      num_clients: 2,
      num_users: 2,
    });
    ann.take();
    bob.hangUp();
    await kit.settle();
    deepEqual(ann.take(), [{ push: { channel: "room:a", leave: { info: { client: bobClient, user: "bob" } } } }]);
  });

  it("carries the key of an intent to the action, which takes effect once", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    const command = { rpc: { method: "room.say", data: { key: ["a"], input: { text: "once" }, id: "intent-1" } } };
    deepEqual((await kit.ask(line, command))["rpc"], { data: { heard: true } });
    const again = await kit.connect("ann");
    deepEqual((await kit.ask(again, command))["rpc"], { data: { heard: true } });
    deepEqual(kit.rooms.said, ["once"]);
  });

  it("answers denials with the number of the protocol, public text and the attempt's identifier", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.closed.add("vault");
    const line = await kit.connect("ann");
    const codes: unknown[] = [];
    for (const command of [
      { subscribe: { channel: "room:vault" } },
      { subscribe: { channel: "room:a:b:c" } },
      { subscribe: { channel: "cellar:a" } },
      { rpc: { method: "room.fly", data: { key: ["a"] } } },
      { rpc: { method: "realtime.connect", data: { key: [] } } },
      { rpc: { method: "room.subscribe", data: { key: ["a"] } } },
      { rpc: { method: "room.say", data: { key: ["a", "b"], input: {} } } },
      { rpc: { method: "room.say", data: { key: ["a"], input: { text: 7 } } } },
      { sub_refresh: { channel: "room:a" } },
      { fly: {} },
      { connect: {} },
    ]) {
      const { error } = await kit.ask(line, command);
      codes.push(error?.code);
      match(error?.message ?? "", /^[A-Z_]+: .* \(request [0-9a-f-]{36}\)$/);
    }
    deepEqual(codes, [103, 107, 104, 104, 104, 104, 107, 107, 107, 104, 107]);
    const denied = kit.gate.events.find(({ name }) => name === "authz_fail");
    const { error } = line.told.find((told) => told.error?.code === 103) ?? {};
    ok(error?.message.includes(denied?.requestId ?? "-"));
  });

  it("of a stranger is let in only where that was decided", async () => {
    await using kit = await createRealtimeKit();
    const line = kit.open();
    equal((await kit.ask(line, { connect: {} })).error?.code, 101);
    equal(line.code, 3500);
    await using open = await createRealtimeKit({ anonymous: true });
    const other = open.open();
    ok((await open.ask(other, { connect: {} }))["connect"]);
    equal((await open.ask(other, { subscribe: { channel: "room:a" } })).error?.code, 101);
  });

  it("opened with a ticket for one actor speaks to no other", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann", { actor: "room:a", session: kit.gate.signIn("ann") });
    ok((await kit.ask(line, { subscribe: { channel: "room:a:side" } }))["subscribe"]);
    equal((await kit.ask(line, { subscribe: { channel: "room:b" } })).error?.code, 103);
    equal(
      (await kit.ask(line, { rpc: { method: "room.say", data: { key: ["b"], input: { text: "x" } } } })).error?.code,
      103,
    );
    equal((await kit.ask(line, { publish: { channel: "room:b", data: 1 } })).error?.code, 103);
    equal((await kit.ask(line, { history: { channel: "room:b" } })).error?.code, 103);
    equal((await kit.ask(line, { presence: { channel: "room:b" } })).error?.code, 103);
  });

  it("gives back what was reserved for it once, however it ends", async () => {
    await using kit = await createRealtimeKit();
    const gone = await kit.connect("ann");
    gone.hangUp();
    const cut = await kit.connect("bob");
    kit.connections.disconnect({ principal: { type: "user", id: "bob", tenant: "acme" } });
    const refused = kit.open();
    await kit.ask(refused, { connect: {} });
    await kit.settle();
    deepEqual(kit.released, [gone, cut, refused]);
    equal(kit.connections.stats().open.length, 0);
  });
});
