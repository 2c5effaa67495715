import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { ContractOf } from "gatehouse/realtime";
import { RealtimeClient } from "gatehouse/realtime/client";
import type { Room } from "../../../../test/support/applications/rooms.ts";
import {
  runCommand,
  startServer,
  type CommandResult,
  type ServerProcess,
} from "../../../../test/support/server-process.ts";

const config = fileURLToPath(new URL("../../../../test/support/applications/rooms.ts", import.meta.url));

describe("gatehouse realtime", () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServer({ config });
  });
  after(() => server[Symbol.asyncDispose]());

  function run(...words: readonly string[]): Promise<CommandResult> {
    return runCommand(["--data", server.data, "realtime", ...words]);
  }

  async function arrive(user: string): Promise<RealtimeClient> {
    const as = async (): Promise<string> => `user-${user}`;
    const client = new RealtimeClient({ origin: server.url, as, transports: ["websocket"] });
    await client.ready();
    return client;
  }

  it("shows who is connected, and closes a connection", async () => {
    using ada = await arrive("ada");
    await ada.actor<ContractOf<Room>>("room", ["lobby"]).hear().ready();
    const shown = await run("connections");
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /1 connected websocket +1 +0 +0 +0\n/);
    assert.match(shown.stdout, /\nroom:lobby +1\n/);
    assert.match(shown.stdout, /user:ada +connected +websocket +127\.0\.0\.1 +1 +0/);
    const answered = await run("connections", "user", "ada", "--channel", "room:lobby", "--json");
    const { connections } = JSON.parse(answered.stdout) as { connections: { client: string }[] };
    assert.equal(connections.length, 1);
    assert.equal((await run("kick", "connection", connections[0]?.client ?? "")).stdout, "1 connection was closed.\n");
    assert.equal((await run("kick", "user", "ada")).stdout, "0 connections were closed.\n");
  });

  it("mutes somebody, lists it, and lets them speak again", async () => {
    using mallory = await arrive("mallory");
    const lobby = mallory.actor<ContractOf<Room>>("room", ["lobby"]);
    const muted = await run("mute", "user", "mallory", "--actor", "room:lobby", "--reason", "spam", "--json");
    const { mute } = JSON.parse(muted.stdout) as { mute: { id: string } };
    await assert.rejects(lobby.send("say", { text: "buy" }), { code: "ACTOR_MUTED" });
    assert.match((await run("mutes")).stdout, new RegExp(`${mute.id} +user:mallory +room:lobby +\\d{4}-.*spam`));
    const lifted = await run("unmute", mute.id);
    assert.equal(lifted.stdout, "user:mallory may speak again at room:lobby.\n");
    await lobby.send("say", { text: "sorry" });
    assert.equal((await run("mutes")).stdout, "Nobody is muted.\n");
  });

  it("broadcasts to a room, and closes it", async () => {
    using ada = await arrive("ada");
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await ada
      .actor<ContractOf<Room>>("room", ["hall"])
      .hear({ event: (_name, data) => resolve(data) })
      .ready();
    const data = { text: "Doors close soon", by: "the house" };
    const told = await run("broadcast", "room:hall", "said", "--payload", JSON.stringify(data));
    assert.equal(told.stdout, "room:hall has emitted said.\n", told.stderr);
    assert.deepEqual(await promise, data);
    assert.equal((await run("close", "room:hall")).stdout, "room:hall is closed.\n");
  });

  it("says what is missing and what does not exist", async () => {
    for (const [words, error] of [
      [["kick"], /Say whom: user ID/],
      [["kick", "robot", "x"], /no principals of a type "robot"/],
      [["mute", "user", "ada"], /Say whom, where and why/],
      [
        ["mute", "user", "ada", "--actor", "room", "--reason", "x", "--minutes", "soon"],
        /--minutes takes a whole number/,
      ],
      [["broadcast", "room:hall", "said", "--payload", "{"], /--payload takes JSON/],
    ] as const) {
      const refused = await run(...words);
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, error);
    }
    for (const [words, error] of [
      [["close", "room:nowhere"], /^There is no actor room:nowhere\.\n$/],
      [["unmute", "nothing"], /^There is no mute nothing\.\n$/],
      [["mute", "user", "ada", "--actor", "rom", "--reason", "x"], /^There is no actor type rom\.\n$/],
      [["kick", "user", "ada", "--channel", "rom:x"], /^There is no channel rom:x\.\n$/],
    ] as const) {
      const denied = await run(...words);
      assert.equal(denied.code, 1);
      assert.match(denied.stderr, error);
    }
  });
});
