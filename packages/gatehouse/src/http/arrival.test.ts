import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { describe, it, mock, beforeEach, afterEach } from "node:test";
import { allowTime, boundArrival } from "./arrival.ts";

/** A message on its way, as far as its arrival is concerned. */
function messageOf(headers: Record<string, string> = { "content-length": "10" }): IncomingMessage & PassThrough {
  // What is used of a message is what every readable stream has, and these two members.
  return Object.assign(new PassThrough(), { headers, complete: false }) as unknown as IncomingMessage & PassThrough;
}

describe("boundArrival", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  /** Bounds a message, and tells what it was cut off for. */
  function bounded(message: IncomingMessage, timeout = 1_000): string[] {
    const cuts: string[] = [];
    boundArrival(message, timeout, ({ code }) => void cuts.push(code));
    return cuts;
  }

  async function read(message: PassThrough): Promise<void> {
    const begun = once(message, "resume");
    message.resume();
    await begun;
  }

  it("cuts off a body that does not arrive in time", async () => {
    const message = messageOf();
    const cuts = bounded(message);
    await read(message);
    mock.timers.tick(999);
    assert.deepEqual(cuts, []);
    mock.timers.tick(1);
    assert.deepEqual(cuts, ["ERR_HTTP_REQUEST_TIMEOUT"]);
  });

  it("counts from when somebody reads it, however late that is", async () => {
    const message = messageOf();
    const cuts = bounded(message);
    mock.timers.tick(10_500);
    assert.deepEqual(cuts, []);
    await read(message);
    mock.timers.tick(999);
    assert.deepEqual(cuts, []);
    mock.timers.tick(1);
    assert.equal(cuts.length, 1);
  });

  it("does not begin again when reading is interrupted", async () => {
    const message = messageOf();
    const cuts = bounded(message);
    await read(message);
    mock.timers.tick(900);
    message.pause();
    await read(message);
    mock.timers.tick(100);
    assert.equal(cuts.length, 1);
  });

  it("gives more time to one that is allowed it, before it is read or while it is", async () => {
    const early = messageOf();
    const late = messageOf();
    const cuts = [bounded(early), bounded(late)];
    allowTime(early, 5_000);
    await read(early);
    await read(late);
    mock.timers.tick(900);
    allowTime(late, 5_000);
    mock.timers.tick(4_000);
    assert.deepEqual(cuts, [[], []]);
    mock.timers.tick(1_100);
    assert.deepEqual(cuts, [["ERR_HTTP_REQUEST_TIMEOUT"], ["ERR_HTTP_REQUEST_TIMEOUT"]]);
  });

  it("leaves alone what is complete, ended, closed, empty or not bounded", async () => {
    const complete = messageOf();
    const [ended, closed] = [messageOf(), messageOf()];
    const cuts = [complete, ended, closed].map((message) => bounded(message));
    cuts.push(bounded(messageOf({ "content-length": "0" })), bounded(messageOf({})), bounded(messageOf(), 0));
    for (const message of [complete, ended, closed]) await read(message);
    Object.assign(complete, { complete: true });
    ended.end();
    await once(ended, "end");
    closed.destroy();
    await once(closed, "close");
    mock.timers.tick(10_000);
    for (const message of [ended, closed]) allowTime(message, 1);
    mock.timers.tick(10_000);
    assert.deepEqual(cuts.flat(), []);
  });
});
