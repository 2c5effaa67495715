/**
 * Whoever can make the decoder throw ends the process of everybody; whoever can make it understand something else than
 * what stands there gets past every guard behind it. So it is fed what nobody would write.
 */
import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Command, Request } from "./command.ts";
import { decodeCommand, splitFrame } from "./decode.ts";

const METHODS = [
  "connect",
  "subscribe",
  "rpc",
  "publish",
  "history",
  "presence",
  "refresh",
  "sub_refresh",
  "ping",
  "x",
];
const params = fc.record(
  {
    channel: fc.oneof(fc.string(), fc.constantFrom("room:a", "room:a:b", "room::", "room")),
    method: fc.oneof(fc.string(), fc.constantFrom("room.say", "room.__proto__", "__proto__.x")),
    data: fc.oneof(fc.jsonValue(), fc.record({ key: fc.array(fc.string()), input: fc.jsonValue() })),
    recover: fc.boolean(),
    offset: fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger()),
    epoch: fc.string(),
    token: fc.string(),
    limit: fc.integer(),
    flag: fc.integer(),
    since: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const command = fc
  .tuple(fc.oneof(fc.nat(), fc.jsonValue()), fc.constantFrom(...METHODS), fc.oneof(params, fc.jsonValue()))
  .map(([id, method, said]) => ({ id, [method]: said }));

/** What a command says, written down again. */
function encoded(id: number, request: Request): string {
  const { method, ...members } = request;
  if (request.method === "rpc") {
    const { call, key, input, id: key2 } = request;
    return JSON.stringify({ id, rpc: { method: call, data: { key, input, id: key2 } } });
  }
  if (request.method === "subscribe") {
    const { since, rejectUnrecovered, ...others } = request;
    const recovery = since === undefined ? {} : { recover: true, ...since };
    return JSON.stringify({
      id,
      subscribe: { ...others, method: undefined, ...recovery, flag: rejectUnrecovered ? 2 : 0 },
    });
  }
  return JSON.stringify({ id, [method]: members });
}

function checkUnderstood(understood: Command): void {
  if (understood.kind !== "request") return;
  const again = decodeCommand(encoded(understood.id, understood.request));
  // `-0` is written as 0, and what is undefined not at all.
  deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(understood)));
}

describe("hostile frames", () => {
  it("never make the decoder throw, whatever characters they are of", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.json()), (frame) => {
        for (const line of splitFrame(frame) ?? []) checkUnderstood(decodeCommand(line));
      }),
      { numRuns: 2_000 },
    );
  });

  it("are never understood as anything that would be written differently", () => {
    let requests = 0;
    fc.assert(
      fc.property(command, (said) => {
        const understood = decodeCommand(JSON.stringify(said));
        if (understood.kind === "request") requests += 1;
        checkUnderstood(understood);
      }),
      { numRuns: 5_000 },
    );
    equal(requests > 200, true, `only ${requests} of them were commands`);
  });

  it("do not reach a prototype", () => {
    for (const said of [
      '{"id":1,"rpc":{"method":"room.say","data":{"key":["a"],"input":{"__proto__":{"admin":true}}}}}',
      '{"id":1,"publish":{"channel":"room:a","data":{"constructor":{"prototype":{"admin":true}}}}}',
      '{"id":1,"__proto__":{"channel":"room:a"}}',
      '{"id":1,"connect":{"__proto__":{"token":"t"}}}',
    ])
      equal(decodeCommand(said).kind, "garbage", said);
    for (const method of ["toString", "constructor", "hasOwnProperty", "valueOf"])
      deepEqual(decodeCommand(`{"id":1,"${method}":{}}`), { kind: "unknown", id: 1 });
    equal("admin" in {}, false);
  });
});
