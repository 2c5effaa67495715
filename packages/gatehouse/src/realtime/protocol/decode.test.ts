import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeCommand, MOST_COMMANDS, splitFrame } from "./decode.ts";

const line = (value: object): string => JSON.stringify(value);

describe("decodeCommand", () => {
  it("reads what the clients of the protocol send", () => {
    const since = { offset: 7, epoch: "e" };
    const read = [
      [
        { id: 1, connect: { token: "t", name: "js", subs: {} } },
        { method: "connect", token: "t", name: "js" },
      ],
      [
        { id: 1, subscribe: { channel: "room:a", recover: true, offset: 7, epoch: "e", positioned: true, flag: 3 } },
        { method: "subscribe", channel: "room:a", rejectUnrecovered: true, since },
      ],
      [
        { id: 1, subscribe: { channel: "room:a", recover: true, flag: 1 } },
        { method: "subscribe", channel: "room:a", rejectUnrecovered: false, since: { offset: 0, epoch: "" } },
      ],
      [
        { id: 1, unsubscribe: { channel: "room:a" } },
        { method: "unsubscribe", channel: "room:a" },
      ],
      [
        { id: 1, history: { channel: "room:a", limit: 3, since, reverse: true } },
        { method: "history", channel: "room:a", limit: 3, since, reverse: true },
      ],
      [
        { id: 1, history: { channel: "room:a", limit: -1 } },
        { method: "history", channel: "room:a", limit: Number.MAX_SAFE_INTEGER, reverse: false },
      ],
      [
        { id: 1, rpc: { method: "room.say", data: { key: ["a"], input: { text: "x" }, id: "k" } } },
        { method: "rpc", call: "room.say", key: ["a"], input: { text: "x" }, id: "k" },
      ],
      [
        { id: 1, refresh: { token: "t" } },
        { method: "refresh", token: "t" },
      ],
      [{ id: 1, ping: {} }, { method: "ping" }],
    ] as const;
    for (const [sent, request] of read) deepEqual(decodeCommand(line(sent)), { kind: "request", id: 1, request });
    deepEqual(decodeCommand("{}"), { kind: "pong" });
  });

  it("tells what does not exist, what is not put as it has to be, and what is nothing of the protocol", () => {
    deepEqual(decodeCommand(line({ id: 1, fly: {} })), { kind: "unknown", id: 1 });
    deepEqual(decodeCommand(line({ send: { data: {} } })), { kind: "unknown", id: 0 });
    for (const said of [
      { id: 1 },
      { id: 1, ping: {}, rpc: {} },
      { id: 1, subscribe: { channel: "room a" } },
      { id: 1, subscribe: { channel: "x".repeat(201) } },
      { id: 1, subscribe: { channel: "room:a", recover: true, offset: 2 ** 53 } },
      { id: 1, subscribe: { channel: "room:a", recover: true, offset: -1 } },
      { id: 1, rpc: { method: "room.say", data: { key: ["a:b"] } } },
      { id: 1, rpc: { method: "room.say", data: { key: "a" } } },
      { id: 1, rpc: { method: "room.say", data: { key: [], more: 1 } } },
      { id: 1, rpc: { method: "say", data: {} } },
      { id: 1, connect: [] },
    ])
      deepEqual(decodeCommand(line(said)), { kind: "malformed", id: 1 }, line(said));
    for (const said of ["", "[]", "null", "1", "{", '{"id":-1}', '{"id":1.5,"ping":{}}', '{"ping":{}}', '{"id":"1"}'])
      deepEqual(decodeCommand(said), { kind: "garbage" }, said);
  });

  it("refuses nesting, many members and repeated names before anything is made of them", () => {
    const nested = `${'{"a":'.repeat(40)}1${"}".repeat(40)}`;
    equal(decodeCommand(`{"id":1,"rpc":{"method":"room.say","data":${nested}}}`).kind, "garbage");
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`m${index}`, 1]));
    equal(decodeCommand(line({ id: 1, publish: { channel: "room:a", data: many } })).kind, "garbage");
    equal(decodeCommand('{"id":1,"subscribe":{"channel":"room:a","channel":"room:b"}}').kind, "garbage");
  });
});

describe("splitFrame", () => {
  it("takes a frame apart at its lines, and no more of them than a client that comes back sends", () => {
    deepEqual(splitFrame("{}\n\n{}\n"), ["{}", "{}"]);
    equal(splitFrame("{}\n".repeat(MOST_COMMANDS))?.length, MOST_COMMANDS);
    equal(splitFrame("{}\n".repeat(MOST_COMMANDS + 1)), undefined);
  });
});
