// A stored result is answered again to whoever repeats its key. Somebody who learns or guesses the key of another
// visitor, or uses one key for many things, must never be answered with content that was made for others.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { LiveCallError, openLiveKit } from "gatehouse/testing";

function diaryOf(name: string) {
  return live(name, {
    state: z.object({ text: z.string() }),
    mount: ({ previous }) => previous ?? { text: "empty" },
    actions: (action) => ({
      write: action(
        { input: z.object({ text: z.string() }), authorise: "public", commutes: true },
        (_, input) => input,
      ),
      read: action({ authorise: "public", commutes: true }, () => undefined),
      peek: action({ authorise: "public", commutes: true }, () => undefined),
    }),
    render: ({ state }) => html`<p>${state.text}</p>`,
  });
}

const components = [diaryOf("diary"), diaryOf("journal")];
const KEY = { idempotency_key: "everybody-knows-this-key" };

describe("the result of another visitor", () => {
  it("is not answered to the same request under the same key", async () => {
    await using kit = await openLiveKit({ components });
    const [ada, eve] = [await kit.visit(), await kit.visit()];
    const private_ = { text: "MY-PRIVATE-THOUGHTS", ...KEY };
    const written = await ada.callAction(ada.mountComponent("diary:main"), "write", private_);
    await ada.callAction(written, "read", KEY);
    const read = await eve.callAction(eve.mountComponent("diary:main"), "read", KEY);
    assert.deepEqual([read.html, read.state, read.idempotency?.cached], ["<p>empty</p>", { text: "empty" }, false]);
    const own = await eve.callAction(eve.mountComponent("diary:main"), "write", private_);
    assert.equal(own.idempotency?.cached, false, "even word for word it is another intent");
    assert.deepEqual((await ada.callAction(written, "read", KEY)).state, { text: "MY-PRIVATE-THOUGHTS" });
  });

  it("is not answered after the session has ended that it was made for", async () => {
    await using kit = await openLiveKit({ components });
    const ada = await kit.visit();
    const text = "MY-PRIVATE-THOUGHTS";
    await ada.callAction(ada.mountComponent("diary:main"), "write", { text, ...KEY });
    await kit.clock.advance(2 * 24 * 60 * 60 * 1000);
    const next = await kit.visit();
    const body = JSON.stringify({ component_id: "diary:main", action: "write", params: { text }, ...KEY });
    const headers = { "content-type": "application/json", "x-csrf-token": next.csrfToken };
    const response = await next.request("/api/livecomponents/action", { method: "POST", headers, body });
    const answer: unknown = await response.json();
    assert.partialDeepStrictEqual(answer, { idempotency: { cached: false } });
  });
});

describe("the result of something else", () => {
  it("is not answered for another instance, component or action of the same visitor", async () => {
    await using kit = await openLiveKit({ components });
    const ada = await kit.visit();
    const text = "MY-PRIVATE-THOUGHTS";
    const written = await ada.callAction(ada.mountComponent("diary:main"), "write", { text });
    await ada.callAction(written, "read", KEY);
    await assert.rejects(ada.callAction(ada.mountComponent("diary:other"), "read", KEY), (error) => {
      assert.ok(error instanceof LiveCallError);
      assert.equal(error.code, "IDEMPOTENCY_KEY_REUSED");
      assert.doesNotMatch(JSON.stringify(error.document), /PRIVATE/);
      return true;
    });
    const journal = await ada.callAction(ada.mountComponent("journal:main"), "read", KEY);
    assert.deepEqual([journal.state, journal.idempotency?.cached], [{ text: "empty" }, false]);
    const peeked = await ada.callAction(ada.mountComponent("diary:other"), "peek", KEY);
    assert.deepEqual([peeked.state, peeked.idempotency?.cached], [{ text: "empty" }, false]);
  });

  it("is stored so that nobody but the server can read it, and belongs to no cache on the way", async () => {
    await using kit = await openLiveKit({ components });
    const ada = await kit.visit();
    const text = "MY-PRIVATE-THOUGHTS";
    const written = await ada.callAction(ada.mountComponent("diary:main"), "write", { text, ...KEY });
    const replayed = await ada.callAction(written, "write", { text, ...KEY });
    for (const { response } of [written, replayed]) assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(replayed.idempotency?.cached, true);
    const all = "SELECT * FROM idempotency_records";
    const rows = await kit.store.read((transaction) => transaction.execute({ sqlite: all, postgres: all }, []));
    assert.ok(rows.length > 0);
    assert.doesNotMatch(JSON.stringify(rows), /PRIVATE|everybody-knows|diary/);
  });
});
