// A page was saved, or its token written down, and is shown again long after. What somebody could once see must not
// be heard of for ever, nor may a token from before a sign-out be used after it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { boardOf, enter, leave, openBoard, refusalOf } from "../support/push-board.ts";

const HOUR = 3_600_000;

describe("an old token of topics", () => {
  it("is refused once it has outlived the state of its page", async () => {
    await using kit = await openBoard({ lifetime: HOUR });
    const visitor = await kit.visit();
    const board = await boardOf(visitor);
    await kit.clock.advance(HOUR);
    assert.equal(await refusalOf(visitor.follow([board])), undefined);
    await kit.clock.advance(1);
    assert.equal(await refusalOf(visitor.follow([board])), "TOPICS_REFUSED");
    assert.equal(await refusalOf(visitor.follow([await boardOf(visitor)])), undefined);
  });

  it("is refused after its session, whoever has it", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    const board = await boardOf(visitor);
    const { cookie, csrfToken } = visitor;
    await leave(visitor);
    assert.equal(await refusalOf(visitor.follow([board])), "TOPICS_REFUSED");
    const copy = await visitor.request("/api/livecomponents/stream", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", cookie },
      body: JSON.stringify({ components: [board], _csrf_token: csrfToken }),
    });
    assert.equal(copy.status, 409);
  });
});
