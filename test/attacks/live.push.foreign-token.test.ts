// Somebody shows the token of another visitor's page, of another component, or one they have made up, to hear when
// something happens that is none of their business. When a mailbox fills is worth knowing even without its contents.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { boardOf, enter, openBoard, refusalOf } from "../support/push-board.ts";

const REFUSED = "TOPICS_REFUSED";

describe("a token of topics", () => {
  it("is of no use to another session, nor to the same browser once somebody else has signed in", async () => {
    await using kit = await openBoard();
    const [ada, mallory] = [await kit.visit(), await kit.visit()];
    await enter(ada, "ada");
    await enter(mallory, "mallory");
    const stolen = await boardOf(ada);
    assert.equal(await refusalOf(mallory.follow([stolen])), REFUSED);
    assert.equal(await refusalOf(ada.follow([stolen])), undefined);
    await enter(ada, "somebody else");
    assert.equal(await refusalOf(ada.follow([stolen])), REFUSED);
  });

  it("is of no use for another component or instance", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    const { topics } = await boardOf(visitor);
    for (const id of ["board:other", "door:main", "nothing:main", "board:main.x"])
      assert.equal(await refusalOf(visitor.follow([{ component_id: id, topics }])), REFUSED, id);
  });

  it("cannot be made up or altered, and topics cannot be named in its place", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    const { topics, component_id } = await boardOf(visitor);
    const session = visitor.cookie.slice(visitor.cookie.indexOf("=") + 1);
    const owner = kit.edge.sessions.idOf(session);
    const text = JSON.stringify({ topics: ["mail of ada"], at: kit.clock.now(), by: "x" });
    const forged = [
      "",
      "board",
      JSON.stringify(["board"]),
      text,
      Buffer.from(text).toString("base64"),
      `${topics.slice(0, -4)}AAA=`,
      topics.slice(0, 40),
      // What this server seals for this very visitor, for something else.
      kit.sealer.seal(text, { purpose: "live-seed", context: ["default", "board", "main", owner] }),
      kit.sealer.seal(text, { purpose: "live-topics", context: ["other", "board", "main", owner] }),
    ];
    for (const token of forged)
      assert.equal(await refusalOf(visitor.follow([{ component_id, topics: token }])), REFUSED, token);
    for (const body of [["board"], { board: true }, 1, null]) {
      // What an attacker sends has no type.
      const nonsense = body as unknown as string;
      assert.equal(await refusalOf(visitor.follow([{ component_id, topics: nonsense }])), "MALFORMED_REQUEST");
    }
  });

  it("opens nothing of its own where it stands among others that are good, and is named", async () => {
    await using kit = await openBoard();
    const [visitor, other] = [await kit.visit(), await kit.visit()];
    const [own, stolen] = [await boardOf(visitor), await boardOf(other)];
    const both = [own, { ...stolen, component_id: "board:other" }];
    await assert.rejects(visitor.follow(both), ({ document }: { document: { components: unknown } }) => {
      assert.deepEqual(document.components, ["board:other"]);
      return true;
    });
    const refused = kit.events.filter(({ name }) => name === "request_refused");
    assert.deepEqual(
      refused.map(({ context }) => context),
      [{ what: "topics", components: 1 }],
    );
  });

  it("tells nobody of another tenant", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await using stream = await visitor.follow([await boardOf(visitor)]);
    kit.live.publish("other", "board");
    kit.live.publish('default","board"],["', "board");
    await kit.clock.advance(1_000);
    assert.deepEqual(stream.told, []);
  });
});
