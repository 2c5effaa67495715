import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { RealtimeClient, type RealtimeClientOptions } from "../../realtime-client.ts";
import type { ContractOf } from "../../realtime/actor/contract.ts";
import type { ConnectionOverview } from "../../realtime/operations.ts";
import { startRealtimeSite, type RealtimeSite, type room } from "../../testing/realtime-site.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";

type Room = ContractOf<typeof room>;

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const limit = performance.now() + 15_000; !(await isSo()); await delay(50)) {
    assert.ok(performance.now() < limit, "it never became so");
  }
}

describe("operators of two servers on one PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  let sites: readonly [first: RealtimeSite, second: RealtimeSite];
  const opened = new AsyncDisposableStack();

  before(async () => {
    const service = opened.use(await startPostgres());
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-realtime-operations-"));
    opened.defer(() => rm(directory, { recursive: true, force: true }));
    const { url } = await service.createDatabase();
    const start = async (name: string): Promise<RealtimeSite> => {
      const site = await startRealtimeSite({
        settings: {
          dataDirectory: join(directory, name),
          keys: { file: join(directory, "keys.json") },
          store: { engine: "postgres", postgresUrl: url },
        },
      });
      return opened.use(site);
    };
    sites = [await start("first"), await start("second")];
  });
  after(() => opened.disposeAsync());

  async function operate<Value>(site: RealtimeSite, action: string, input: unknown): Promise<Value> {
    const outcome = await site.server.gatehouse.operate(action, input);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    // The test names what the action answers.
    return outcome.value as Value;
  }

  async function arrive(
    site: RealtimeSite,
    user: string,
    changed: NonNullable<RealtimeClientOptions["changed"]> = () => undefined,
  ): Promise<RealtimeClient> {
    const as = async (): Promise<string> => `user-${user}`;
    const client = new RealtimeClient({ origin: site.origin, as, changed, transports: ["websocket"] });
    await client.ready();
    return client;
  }

  const look = (site: RealtimeSite, input: object = {}): Promise<ConnectionOverview> =>
    operate(site, "realtime.connections", input);

  it("see the connections and channels of both from either", async () => {
    const [first, second] = sites;
    using ada = await arrive(first, "ada");
    using bob = await arrive(second, "bob");
    for (const client of [ada, bob]) await client.actor<Room>("room", ["seen"]).hear({}).ready();
    await until(async () => (await look(first)).nodes.length === 2);
    for (const site of sites) {
      const { nodes, silent, heard, connections } = await look(site);
      assert.deepEqual(silent, []);
      assert.deepEqual(
        nodes.map(({ counts }) => counts),
        [1, 2].map(() => [{ state: "connected", transport: "websocket", connections: 1 }]),
      );
      assert.deepEqual(heard, [{ channel: "room:seen", subscribers: 2 }]);
      assert.deepEqual(connections.map(({ principal }) => principal?.id).toSorted(), ["ada", "bob"]);
      assert.equal(new Set(connections.map(({ node }) => node)).size, 2);
    }
    const { connections } = await look(first, { principal: { type: "user", id: "bob" } });
    assert.deepEqual(
      connections.map(({ principal }) => principal?.id),
      ["bob"],
    );
    assert.deepEqual((await look(first, { channel: "room:other" })).connections, []);
  });

  it("kick somebody wherever they are connected", async () => {
    const [first, second] = sites;
    const codes: number[] = [];
    const note: RealtimeClientOptions["changed"] = (now) => now.state === "disconnected" && void codes.push(now.code);
    using _here = await arrive(first, "eve", note);
    using _there = await arrive(second, "eve", note);
    using bystander = await arrive(second, "bob");
    const kicked = await operate(first, "realtime.kick", { principal: { type: "user", id: "eve" } });
    assert.deepEqual(kicked, { connections: 2, silent: [] });
    // Clients do not come back by themselves from it.
    await until(() => codes.length === 2);
    assert.deepEqual(codes, [3503, 3503]);
    await bystander.actor<Room>("room", ["kick"]).send("say", { text: "I am still here" });
  });

  it("mute somebody whose commands go to the other server, and let them speak again", async () => {
    const [first, second] = sites;
    using owner = await arrive(first, "ada");
    // The first to speak makes its server, which plays both parts, or the other one the owner of the room.
    await owner.actor<Room>("room", ["muted"]).send("say", { text: "hello" });
    using onFirst = await arrive(first, "mallory");
    using onSecond = await arrive(second, "mallory");
    const rooms = [onFirst, onSecond].map((client) => client.actor<Room>("room", ["muted"]));
    const input = { principal: { type: "user", id: "mallory" }, actor: "room:muted", minutes: 5, reason: "spam" };
    const { mute } = await operate<{ mute: { id: string } }>(second, "realtime.mute", input);
    const isMuted = async (): Promise<boolean> => {
      const said = await Promise.allSettled(rooms.map((one) => one.send("say", { text: "buy" })));
      return said.every((answer) => answer.status === "rejected" && answer.reason.code === "ACTOR_MUTED");
    };
    await until(isMuted);
    await onFirst.actor<Room>("room", ["elsewhere"]).send("say", { text: "not muted here" });
    for (const site of sites) {
      const { mutes } = await operate<{ mutes: { id: string }[] }>(site, "realtime.mutes", {});
      assert.deepEqual(
        mutes.map(({ id }) => id),
        [mute.id],
      );
    }
    await operate(first, "realtime.unmute", { id: mute.id });
    await until(async () => {
      const said = await Promise.allSettled(rooms.map((one) => one.send("say", { text: "sorry" })));
      return said.every(({ status }) => status === "fulfilled");
    });
  });

  it("broadcast to those on the other server, and close the room for all", async () => {
    const [first, second] = sites;
    using ada = await arrive(first, "ada");
    using bob = await arrive(second, "bob");
    const heard: string[] = [];
    const channels = [ada, bob].map((client) =>
      client
        .actor<Room>("room", ["hall"])
        .hear({ event: (name, data) => void heard.push(`${name} ${JSON.stringify(data)}`) }),
    );
    for (const channel of channels) await channel.ready();
    const data = { text: "Doors close soon", by: "the house" };
    await operate(first, "realtime.broadcast", { actor: "room:hall", event: "said", data });
    await until(() => heard.length === 2);
    assert.deepEqual(new Set(heard), new Set([`said ${JSON.stringify(data)}`]));
    await operate(second, "realtime.close-room", { actor: "room:hall" });
    await until(async () => (await look(first, { channel: "room:hall" })).connections.length === 0);
    const gone = await first.server.gatehouse.operate("realtime.close-room", { actor: "room:hall" });
    assert.ok(!gone.ok && gone.problem.code === "NOT_FOUND");
  });
});
