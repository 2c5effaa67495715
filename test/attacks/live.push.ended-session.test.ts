// Somebody signs out, is banned, or their session ends in another way, and the stream that was opened before goes on.
// Whoever sits at the machine next, or was thrown out, would hear what happens for as long as the page stays open.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { createSessions } from "gatehouse/store";
import type { Ban, Bans, BanSubject } from "gatehouse/kernel";
import { boardOf, enter, leave, openBoard, refusalOf } from "../support/push-board.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;

/** Bans that a test sets. */
class BanList implements Pick<Bans, "find"> {
  readonly banned = new Set<string>();

  find(subjects: readonly BanSubject[]): Ban | undefined {
    const subject = subjects.find(({ kind, value }) => this.banned.has(`${kind} ${value}`));
    return subject && { id: "1", subject, reason: "test", createdAt: 0, expiresAt: Infinity, violations: 0 };
  }
}

describe("a stream of news", () => {
  it("ends at once when its visitor signs in or out", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await using before = await visitor.follow([await boardOf(visitor)]);
    await enter(visitor, "ada");
    await kit.clock.advance(1);
    assert.equal(before.state, "ended");
    await using after = await visitor.follow([await boardOf(visitor)]);
    await leave(visitor);
    await kit.clock.advance(1);
    assert.equal(after.state, "ended");
    kit.live.publish("default", "board");
    await kit.clock.advance(SECOND);
    assert.deepEqual([before.told, after.told], [[], []]);
  });

  it("of others goes on meanwhile", async () => {
    await using kit = await openBoard();
    const [ada, ben] = [await kit.visit(), await kit.visit()];
    await enter(ada, "ada");
    await enter(ben, "ben");
    await using stream = await ben.follow([await boardOf(ben)]);
    await leave(ada);
    await kit.clock.advance(20 * SECOND);
    assert.equal(stream.state, "open");
  });

  it("ends within a sign of life when its session was ended elsewhere", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    await using stream = await visitor.follow([await boardOf(visitor)]);
    const ada = { tenant: "default", principalType: "user", principalId: "ada" } as const;
    await kit.store.write((transaction) => createSessions().endAll(transaction, ada));
    await kit.clock.advance(15 * SECOND);
    assert.equal(stream.state, "ended");
  });

  it("neither outlives an idle session, nor keeps it from going idle", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    const board = await boardOf(visitor);
    await kit.clock.advance(HOUR - 10_000);
    await using stream = await visitor.follow([board]);
    await kit.clock.advance(5_000);
    assert.equal(stream.state, "open");
    await kit.clock.advance(10_000);
    assert.equal(stream.state, "ended");
  });

  it("ends before it says anything more to whoever is banned: the address, the principal, the session", async () => {
    for (const subject of ["ip", "user", "session"] as const) {
      const bans = new BanList();
      await using kit = await openBoard({ bans });
      const visitor = await kit.visit();
      await enter(visitor, "ada");
      const session = kit.edge.sessions.idOf(visitor.cookie.slice(visitor.cookie.indexOf("=") + 1));
      const [spoken, silent] = [
        await visitor.follow([await boardOf(visitor)]),
        await visitor.follow([await boardOf(visitor)]),
      ];
      await kit.clock.advance(SECOND);
      bans.banned.add(`${subject} ${{ ip: "203.0.113.9", user: "ada", session }[subject]}`);
      kit.live.publish("default", "board");
      await kit.clock.advance(SECOND);
      assert.deepEqual([spoken.told, spoken.state], [[], "ended"], subject);
      assert.equal(silent.state, "ended", subject);
    }
  });

  it("ends within a sign of life where nothing is said to whoever is banned", async () => {
    const bans = new BanList();
    await using kit = await openBoard({ bans });
    const visitor = await kit.visit();
    await using stream = await visitor.follow([await boardOf(visitor)]);
    bans.banned.add("ip 203.0.113.9");
    await kit.clock.advance(15 * SECOND);
    assert.equal(stream.state, "ended");
  });

  it("is given to nobody whom the component is not shown to any more", async () => {
    const shown = { to: new Set(["ada"]) };
    const safe = live("safe", {
      props: z.object({ shelf: z.number() }),
      ...{ state: z.object({}), mount: () => ({}), actions: () => ({}), render: () => html`<p>safe</p>` },
      topics: ({ props }) => [`safe ${props.shelf}`],
      visible: ({ principal, props }) => shown.to.has(principal.id) && props.shelf === 1,
    });
    await using kit = await openBoard({
      components: [safe],
      page: (mounted, inbound) => mounted.mount(safe, { inbound, props: { shelf: 1 } }),
    });
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    const page = await visitor.page();
    await using _stream = await visitor.follow(page);
    shown.to.clear();
    assert.equal(await refusalOf(visitor.follow(page)), "TOPICS_REFUSED");
  });

  it("ends where nobody can tell whether its session has", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    await using stream = await visitor.follow([await boardOf(visitor)]);
    kit.store.read = () => Promise.reject(new Error("The store is away."));
    await kit.clock.advance(15 * SECOND);
    assert.equal(stream.state, "ended");
    assert.equal(kit.errors.length, 1);
  });
});
