import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { openLiveKit } from "../testing/live-kit.ts";
import type { LiveVisitor } from "../testing/live-visitor.ts";
import { live, type StateMode } from "./component.ts";

const MINUTE = 60_000;

/** A room that fifty messages have been said in. */
function openRoom(mode: StateMode) {
  const said = Array.from({ length: 50 }, (_, index) => `Message ${index}: ${"words ".repeat(8)}`);
  const room = live("room", {
    mode,
    poll: 2,
    state: z.object({ messages: z.array(z.string()) }),
    contentOnly: ["messages"],
    topics: () => ["room"],
    mount: () => ({ messages: said.slice(-50) }),
    actions: () => ({}),
    render: ({ state }) => html`<ul>
      ${state.messages.map((text) => html`<li>${text}</li>`)}
    </ul>`,
  });
  return { said, room };
}

/** A page that polls, as the browser runtime does. */
class Page {
  readonly #visitor: LiveVisitor;
  known: Record<string, unknown>;

  private constructor(visitor: LiveVisitor, known: Record<string, unknown>) {
    this.#visitor = visitor;
    this.known = known;
  }

  static async open(visitor: LiveVisitor): Promise<Page> {
    const [, seed = ""] = /data-live-seed="([^"]+)"/.exec(await visitor.page()) ?? [];
    const page = new Page(visitor, { component_id: "room:main", base_version: 0, seed });
    await page.poll();
    return page;
  }

  /** The one component of the answer, and the length of the body it came in. */
  async poll() {
    const response = await this.#visitor.request("/api/livecomponents/load", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ components: [this.known], _csrf_token: this.#visitor.csrfToken }),
    });
    const text = await response.text();
    // oxlint-disable-next-line typescript/no-explicit-any -- the test looks into answers of any shape
    const [component]: any[] = JSON.parse(text).components;
    const { content_tag: tag, seed } = component;
    if (tag !== undefined) this.known = { ...this.known, base_tag: tag };
    if (seed !== undefined) this.known = { ...this.known, seed };
    return { component, bytes: Buffer.byteLength(text) };
  }
}

describe("a poll", () => {
  for (const mode of ["store", "sealed", "none"] as const) {
    it(`that finds nothing new is answered with a few bytes (${mode})`, async () => {
      await using kit = await openLiveKit({ components: [openRoom(mode).room] });
      const page = await Page.open(await kit.visit());
      const { component, bytes } = await page.poll();
      assert.deepEqual(component, { component_id: "room:main", unchanged: true, version: 0 });
      assert.ok(bytes < 250, `${bytes} bytes`);
    });

    it(`gets another seed before its own is too old, and lasts (${mode})`, async () => {
      await using kit = await openLiveKit({ components: [openRoom(mode).room], lifetime: 10 * MINUTE });
      const page = await Page.open(await kit.visit());
      let renewed = 0;
      for (let minute = 0; minute < 30; minute += 1) {
        await kit.clock.advance(MINUTE);
        const { component } = await page.poll();
        assert.equal(component.unchanged, true, JSON.stringify(component));
        if (component.seed !== undefined) {
          renewed += 1;
          assert.equal(typeof component.topics, "string");
        }
      }
      assert.equal(renewed, 6);
    });
  }

  it("that finds one new message of fifty is answered with that one, where the page does not keep the state", async () => {
    const { said, room } = openRoom("none");
    await using kit = await openLiveKit({ components: [room] });
    const page = await Page.open(await kit.visit());
    for (const text of ["One more", "And another"]) {
      said.push(text);
      const { component, bytes } = await page.poll();
      assert.equal(component.patch.at(-1).at(-1).includes(text), true);
      assert.ok(bytes < 1_000, `${bytes} bytes`);
    }
  });
});
