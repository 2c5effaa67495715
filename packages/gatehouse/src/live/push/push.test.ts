import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "../../html/html.ts";
import { openLiveKit, type LiveKit } from "../../testing/live-kit.ts";
import { LiveCallError } from "../../testing/live-visitor.ts";
import { live } from "../component.ts";

const board = live("board", {
  state: z.object({ note: z.string() }),
  mount: ({ previous }) => previous ?? { note: "" },
  topics: () => ["board"],
  actions: (action) => ({
    write: action(
      { input: z.object({ note: z.string(), fails: z.boolean().optional() }), authorise: "public", commutes: true },
      ({ publish }, { note, fails }) => {
        publish("board");
        if (fails === true) throw new Error("after publishing");
        return { note };
      },
    ),
  }),
  render: ({ state }) => html`<p>${state.note}</p>`,
});

const clock = live("clock", {
  state: z.object({}),
  mount: () => ({}),
  topics: () => ["clock", "time"],
  actions: () => ({}),
  render: () => html`<p>tick</p>`,
});

const quiet = live("quiet", {
  state: z.object({}),
  mount: () => ({}),
  actions: () => ({}),
  render: () => html`<p>quiet</p>`,
});

const BOARD = { event: "stale", components: ["board:main"] };
const CLOCK = { event: "stale", components: ["clock:main"] };
const TENANT = "default";
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function open(options: Partial<Parameters<typeof openLiveKit>[0]> = {}): Promise<LiveKit> {
  return openLiveKit({ components: [board, clock, quiet], ...options });
}

/** Lets what is under way arrive. */
function arrived({ clock: time }: LiveKit): Promise<void> {
  return time.advance(SECOND);
}

describe("components that follow topics", () => {
  it("carry a sealed token, and no others do", async () => {
    await using kit = await open();
    const page = await (await kit.visit()).page();
    assert.equal(page.match(/data-live-topics/g)?.length, 2);
    assert.doesNotMatch(page, /"board"|clock,/);
  });

  it("refuse topics without a name, and too many", async () => {
    for (const topics of [[""], ["x".repeat(201)], Array.from({ length: 17 }, String)]) {
      const faulty = live("faulty", {
        ...{ state: z.object({}), mount: () => ({}), actions: () => ({}), render: () => html`` },
        topics: () => topics,
      });
      await using kit = await openLiveKit({ components: [faulty] });
      assert.equal((await (await kit.visit()).request("/")).status, 500);
    }
  });

  it("get a fresh token when they are loaded", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const [, seed] = /data-live="clock:main"[^>]*?data-live-seed="([^"]+)"/.exec(await visitor.page()) ?? [];
    const body = {
      components: [{ component_id: "clock:main", base_version: 0, seed }],
      _csrf_token: visitor.csrfToken,
    };
    const response = await visitor.request("/api/livecomponents/load", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { components } = z
      .object({ components: z.array(z.object({ component_id: z.string(), topics: z.string() })) })
      .parse(await response.json());
    await visitor.refreshToken();
    await using stream = await visitor.follow(components);
    kit.live.publish(TENANT, "time");
    await arrived(kit);
    assert.deepEqual(stream.told, [CLOCK]);
  });
});

describe("the stream of news", () => {
  it("is an event stream that nothing stores or changes on its way", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    const { headers } = stream.response;
    assert.equal(headers.get("content-type"), "text/event-stream");
    assert.equal(headers.get("cache-control"), "no-store, no-transform");
    assert.equal(headers.get("content-encoding"), null);
    await arrived(kit);
    assert.match(stream.text, /^: open\nid: [A-Za-z0-9_-]+\.0\n\n$/);
  });

  it("names the components that follow a topic, once however many of their topics have news", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    kit.live.publish(TENANT, "board");
    await arrived(kit);
    assert.deepEqual(stream.told, [BOARD]);
    kit.live.publish(TENANT, "clock");
    kit.live.publish(TENANT, "time");
    kit.live.publish(TENANT, "nobody's");
    kit.live.publish("other", "board");
    await arrived(kit);
    assert.deepEqual(stream.told, [BOARD, CLOCK, CLOCK]);
  });

  it("gathers a flood of news", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    for (let count = 0; count < 1_000; count += 1) kit.live.publish(TENANT, "board");
    await arrived(kit);
    assert.deepEqual(stream.told, [BOARD, BOARD]);
  });

  it("hears of an action once it is durable, and never of one that failed", async () => {
    await using kit = await open();
    const [writer, reader] = [await kit.visit(), await kit.visit()];
    await using stream = await reader.follow(await reader.page());
    const page = writer.mountComponent("board:main", { note: "" });
    await assert.rejects(writer.callAction(page, "write", { note: "no", fails: true }), LiveCallError);
    await arrived(kit);
    assert.deepEqual(stream.told, []);
    await writer.callAction(page, "write", { note: "yes" });
    await arrived(kit);
    assert.deepEqual(stream.told, [BOARD]);
  });

  it("gives a sign of life every 15 seconds, and where it is", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    kit.live.publish(TENANT, "nobody's");
    await kit.clock.advance(61 * SECOND);
    assert.equal(stream.text.match(/^: beat$/gm)?.length, 4);
    assert.match(stream.position, /\.1$/);
  });

  it("ends after five minutes, so that everything is authorised again", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    await kit.clock.advance(4 * MINUTE);
    assert.equal(stream.state, "open");
    await kit.clock.advance(MINUTE);
    assert.equal(stream.state, "ended");
  });

  it("ends when the server stops, which begins none any more", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const page = await visitor.page();
    await using stream = await visitor.follow(page);
    kit.handler.stop?.();
    await arrived(kit);
    assert.equal(stream.state, "ended");
    await assert.rejects(visitor.follow(page), { code: "SERVER_STOPPING" });
  });
});

describe("a browser that comes back", () => {
  it("is told what it has missed, and nothing else", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const page = await visitor.page();
    const first = await visitor.follow(page);
    kit.live.publish(TENANT, "board");
    await arrived(kit);
    await first.close();
    kit.live.publish(TENANT, "clock");
    await using second = await visitor.follow(page, { lastEventId: first.position });
    await arrived(kit);
    assert.deepEqual(second.told, [CLOCK]);
  });

  it("is told to load everything where nobody knows what it has missed", async () => {
    await using kit = await open({ push: { remembered: 2 } });
    const visitor = await kit.visit();
    const page = await visitor.page();
    const first = await visitor.follow(page);
    await arrived(kit);
    await first.close();
    for (const topic of ["1", "2", "3"]) kit.live.publish(TENANT, topic);
    for (const lastEventId of [first.position, "another.3", "nonsense", first.position.replace(/\d+$/, "99")]) {
      await using second = await visitor.follow(page, { lastEventId });
      await arrived(kit);
      assert.deepEqual(second.told, [{ event: "reset", components: ["board:main", "clock:main"] }], lastEventId);
    }
  });

  it("is told what became stale between its page and its stream", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    await kit.clock.advance(MINUTE);
    kit.live.publish(TENANT, "clock");
    await kit.clock.advance(MINUTE);
    const page = await visitor.page();
    await arrived(kit);
    kit.live.publish(TENANT, "board");
    await using stream = await visitor.follow(page);
    await arrived(kit);
    assert.deepEqual(stream.told, [BOARD]);
  });

  it("is told of components that join what became stale since their page, and of the others since the last stream", async () => {
    await using kit = await open();
    const visitor = await kit.visit();
    const page = await visitor.page();
    await kit.clock.advance(MINUTE);
    kit.live.publish(TENANT, "board");
    kit.live.publish(TENANT, "clock");
    const first = await visitor.follow(page);
    await arrived(kit);
    await first.close();
    const components = [...page.matchAll(/data-live="(\w+:main)"[^>]*data-live-topics="([^"]+)"/g)].map(
      ([, id = "", topics = ""]) => ({ component_id: id, topics, joining: id === "clock:main" }),
    );
    await using second = await visitor.follow(components, { lastEventId: first.position });
    await arrived(kit);
    assert.deepEqual(second.told, [CLOCK]);
  });
});
