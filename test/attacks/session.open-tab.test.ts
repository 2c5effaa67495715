// Somebody signs in, leaves a page open that asks for news by itself, and goes home. If what pages do by themselves were
// a use of the session, it would never end by idleness, and whoever sits down next would find it signed in.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LiveKit, LiveVisitor } from "gatehouse/testing";
import { boardOf, enter, openBoard } from "../support/push-board.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Asks for the board anew, as polling, deferred loading and push do. */
async function load(visitor: LiveVisitor): Promise<number> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const components = [{ component_id: "board:main", base_version: 0 }];
  const body = JSON.stringify({ components, _csrf_token: visitor.csrfToken });
  const response = await visitor.request("/api/livecomponents/load", { method: "POST", headers, body });
  await response.body?.cancel();
  return response.status;
}

async function isSignedIn(kit: LiveKit, visitor: LiveVisitor): Promise<boolean> {
  return kit.edge.sessions.isCurrent(visitor.cookie.slice(visitor.cookie.indexOf("=") + 1));
}

const BY_ITSELF: Readonly<Record<string, (visitor: LiveVisitor) => Promise<unknown>>> = {
  "components that poll": load,
  "security tokens that are fetched anew": (visitor) => visitor.request("/api/csrf/refresh"),
  "streams of news that are opened again": async (visitor) => {
    const stream = await visitor.follow([{ component_id: "board:main", topics: await kept(visitor) }]);
    await stream[Symbol.asyncDispose]();
  },
};

const boards = new WeakMap<LiveVisitor, string>();

/** The token of the board from when the page was opened: reading the page again would be a use. */
async function kept(visitor: LiveVisitor): Promise<string> {
  const topics = boards.get(visitor) ?? (await boardOf(visitor)).topics;
  boards.set(visitor, topics);
  return topics;
}

describe("a tab that was left open", () => {
  for (const [what, ask] of Object.entries(BY_ITSELF)) {
    it(`does not keep its session from going idle: ${what}`, async () => {
      await using kit = await openBoard();
      const visitor = await kit.visit();
      await enter(visitor, "ada");
      await kept(visitor);
      for (let passed = 0; passed + 5 * MINUTE < HOUR; passed += 5 * MINUTE) {
        assert.equal(await isSignedIn(kit, visitor), true);
        await ask(visitor);
        await kit.clock.advance(5 * MINUTE);
      }
      await kit.clock.advance(5 * MINUTE);
      assert.equal(await isSignedIn(kit, visitor), false);
      assert.equal(await load(visitor), 403);
    });
  }

  it("stays signed in for as long as somebody does something in it, or opens a page", async () => {
    await using kit = await openBoard();
    const visitor = await kit.visit();
    await enter(visitor, "ada");
    for (const use of [() => visitor.page(), () => visitor.callAction(visitor.mountComponent("door:main"), "knock")]) {
      await kit.clock.advance(50 * MINUTE);
      await use();
      assert.equal(await isSignedIn(kit, visitor), true);
    }
    await kit.clock.advance(50 * MINUTE);
    assert.equal(await isSignedIn(kit, visitor), true);
    assert.equal(await load(visitor), 200);
  });
});
