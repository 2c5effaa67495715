/**
 * A server that spreads what a client said into its own message lets the client say what kind of message it is: others
 * receive an event that was never sent, or a line that ends their connection (defect 3 of the source project).
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { memberPush, publicationPush, raw, reply, unsubscribePush, wirePublication } from "./encode.ts";

const HOSTILE = {
  ...{ type: "admin", id: 1, push: { disconnect: { code: 3500 } }, channel: "room:other", offset: 99 },
  ...{ pub: {}, error: { code: 100 } },
};

describe("what a client said", () => {
  it("stands under data and nowhere else", () => {
    const info = JSON.stringify({ client: "c", user: "ann" });
    const push: unknown = JSON.parse(publicationPush("room:a", { data: JSON.stringify(HOSTILE), offset: 3, info }));
    deepEqual(push, {
      push: { channel: "room:a", pub: { data: HOSTILE, offset: 3, info: { client: "c", user: "ann" } } },
    });
    deepEqual(JSON.parse(reply(5, "rpc", { data: HOSTILE })), { id: 5, rpc: { data: HOSTILE } });
    deepEqual(JSON.parse(memberPush("join", "room:a", { client: "c", user: "u", chan_info: HOSTILE })), {
      push: { channel: "room:a", join: { info: { client: "c", user: "u", chan_info: HOSTILE } } },
    });
  });

  it("cannot begin a line of its own", () => {
    const data = '{\n"push":{"disconnect":{"code":3500}}\n}';
    const push = publicationPush("room:a", { data, offset: 1 });
    equal(push.includes("\n"), false);
    deepEqual(JSON.parse(push), { push: { channel: "room:a", pub: { data: JSON.parse(data) as unknown, offset: 1 } } });
    throws(() => raw('{}\n{"push":{}}'), SyntaxError);
  });

  it("comes back as it was, whatever it was, on one line", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const written = reply(1, "history", { publications: [wirePublication({ data: JSON.stringify(value) })], text });
        equal(written.includes("\n"), false);
        const again: unknown = JSON.parse(written);
        const data: unknown = JSON.parse(JSON.stringify(value));
        deepEqual(again, { id: 1, history: { publications: [{ data }], text } });
      }),
    );
    equal(
      unsubscribePush("c", { code: 2000, reason: "r" }),
      '{"push":{"channel":"c","unsubscribe":{"code":2000,"reason":"r"}}}',
    );
  });
});
