// Text with line breaks gets into a field of the event stream: from the name of a component, a topic, or the position
// a browser says it has. Whoever manages that writes messages of their own into somebody's stream.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { openLiveKit } from "gatehouse/testing";
import { z } from "zod";
import { boardOf, openBoard, refusalOf } from "../support/push-board.ts";

const BREAKS = ["\n", "\r", "\r\n", "\n\n", "\0", "\u2028"];

describe("line breaks in what a stream is asked for", () => {
  it("make no component", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    const { topics } = await boardOf(visitor);
    for (const text of BREAKS) {
      for (const id of [`board:main${text}`, `board:ma${text}in`, `${text}board:main`, `board:${text}data: x`]) {
        const answer = await refusalOf(visitor.follow([{ component_id: id, topics }]));
        assert.equal(answer, "MALFORMED_REQUEST", JSON.stringify(id));
      }
    }
  });

  it("in a position come back to nobody", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    const board = await boardOf(visitor);
    // A body with U+0000 in it is not read any further.
    for (const text of BREAKS.filter((breaking) => breaking !== "\0")) {
      await using stream = await visitor.follow([board], { lastEventId: `x${text}data: forged${text}.1` });
      await kit.clock.advance(1_000);
      assert.deepEqual(stream.told, [{ event: "reset", components: ["board:main"] }]);
      assert.doesNotMatch(stream.text, /forged/);
    }
  });

  it("in a topic stay on the server", async () => {
    const topics = BREAKS.map((text) => `a${text}data: {"components":["forged:x"]}${text}${text}event: stale`);
    const odd = live("odd", {
      ...{ state: z.object({}), mount: () => ({}), actions: () => ({}), render: () => html`<p>odd</p>` },
      topics: () => topics,
    });
    await using kit = await openLiveKit({ components: [odd] });
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    for (const topic of topics) {
      kit.live.publish("default", topic);
      await kit.clock.advance(1_000);
    }
    assert.deepEqual(
      stream.told,
      topics.map(() => ({ event: "stale", components: ["odd:main"] })),
    );
    assert.match(
      stream.text,
      /^(?:(?:: open|(?:id: [\w-]+\.\d+)|event: stale|data: \{"components":\["odd:main"\]\})?\n)+$/,
    );
  });
});
