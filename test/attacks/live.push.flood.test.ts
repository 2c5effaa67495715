// Somebody opens stream after stream and holds on to them, or opens one and reads nothing while news keep coming. The
// server would run out of connections, or of memory for what waits to be sent.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveCallError, type LiveStream, type LiveVisitor } from "gatehouse/testing";
import { boardOf, enter, openBoard, refusalOf } from "../support/push-board.ts";

async function fill(visitor: LiveVisitor, most: number): Promise<{ open: LiveStream[]; refused: LiveCallError[] }> {
  const board = await boardOf(visitor);
  const open: LiveStream[] = [];
  const refused: LiveCallError[] = [];
  for (let count = 0; count < most; count += 1) {
    try {
      open.push(await visitor.follow([board]));
    } catch (error) {
      if (!(error instanceof LiveCallError)) throw error;
      refused.push(error);
    }
  }
  return { open, refused };
}

describe("streams of one session", () => {
  it("are eight at once, and one that is closed makes room", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    const { open, refused } = await fill(visitor, 12);
    assert.equal(open.length, 8);
    assert.deepEqual([...new Set(refused.map(({ code, status }) => `${status} ${code}`))], ["429 TOO_MANY_CONCURRENT"]);
    assert.deepEqual(
      kit.events.filter(({ name }) => name === "excess_concurrency").map(({ context }) => context["policy"]),
      Array.from({ length: 4 }, () => "live.streams-session"),
    );
    await open[0]?.close();
    assert.equal(await refusalOf(visitor.follow([await boardOf(visitor)])), undefined);
  });

  it("are no more when they are asked for at the same moment", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    const board = await boardOf(visitor);
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => visitor.follow([board])));
    assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 8);
  });
});

describe("streams of one address", () => {
  it("are limited, however many sessions are begun for them, and those of all together as well", async () => {
    for (const [push, policy] of [
      [{ perAddress: 20 }, "live.streams-address"],
      [{ streams: 20 }, "live.streams"],
    ] as const) {
      await using kit = await openBoard({ push });
      let open = 0;
      for (let count = 0; count < 5; count += 1) open += (await fill(await kit.visit(), 8)).open.length;
      assert.equal(open, 20);
      assert.equal(kit.events.findLast(({ name }) => name === "excess_concurrency")?.context["policy"], policy);
    }
  });
});

describe("requests for streams", () => {
  it("are limited in number, whether or not the streams stay open", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    const board = await boardOf(visitor);
    const codes: (string | undefined)[] = [];
    for (let count = 0; count < 125; count += 1) codes.push(await refusalOf(visitor.follow([board])));
    assert.deepEqual(codes.slice(118), [
      undefined,
      undefined,
      ...Array.from({ length: 5 }, () => "RATE_LIMIT_EXCEEDED"),
    ]);
  });

  it("name 200 components at most, each once", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    const board = await boardOf(visitor);
    const many = Array.from({ length: 201 }, (_, index) => ({ ...board, component_id: `board:${index}` }));
    for (const components of [[], many, [board, board]])
      assert.equal(await refusalOf(visitor.follow(components)), "MALFORMED_REQUEST");
  });

  it("need a security token of the session, from a page of the same origin", async () => {
    await using kit = await openBoard();
    const [visitor, other] = [await kit.visit(), await kit.visit()];
    const board = await boardOf(visitor);
    for (const token of ["", "forged", other.csrfToken])
      assert.equal(await refusalOf(visitor.follow([board], { token })), "CSRF_TOKEN_INVALID");
    const foreign = await visitor.request("/api/livecomponents/stream", {
      method: "POST",
      headers: {
        ...{ "content-type": "application/json", accept: "application/json" },
        ...{ origin: "https://evil.example", "sec-fetch-site": "cross-site" },
      },
      body: JSON.stringify({ components: [board], _csrf_token: visitor.csrfToken }),
    });
    assert.equal(foreign.status, 403);
  });
});

describe("a reader that takes nothing", () => {
  it("is cut off once as much waits for it as may, and hears of it all when it comes back", async () => {
    await using kit = await openBoard({ push: { buffer: 4_096 } });
    const visitor = await kit.visit();
    const board = await boardOf(visitor);
    const slow = await visitor.follow([board], { reading: false });
    await using quick = await visitor.follow([board]);
    for (let count = 0; count < 100; count += 1) {
      kit.live.publish("default", "board");
      await kit.clock.advance(250);
    }
    await slow.read();
    assert.equal(slow.state, "cut");
    assert.deepEqual([quick.state, quick.told.length], ["open", 100]);
    await using again = await visitor.follow([board], { lastEventId: "x.0" });
    await kit.clock.advance(1);
    assert.deepEqual(again.told, [{ event: "reset", components: ["board:main"] }]);
  });
});
