/**
 * News of live components travel over a connection that a page has anyway. What it may hear is sealed into the page, for
 * one session and tenant: whoever shows over a connection what was sealed for somebody else, alters it, or keeps it after
 * signing out hears nothing; and whoever asks for too much is bounded as with streams.
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { fetchTicket } from "../../realtime/client/ticket.ts";
import { eventually } from "../../testing/line-client.ts";
import { followedIn, type FollowedComponent } from "../../testing/live-stream.ts";
import { startNewsSite, type NewsSite } from "../../testing/news-site.ts";
import { SignedInPage } from "../../testing/realtime-site.ts";
import type { Told } from "../../testing/realtime-line.ts";
import { RoomConnection } from "../../testing/room-connection.ts";

const NEWS = ":live";
/** Errors of the protocol. */
const [DENIED, ALREADY, BAD_REQUEST, TOO_MANY] = [103, 105, 107, 111];

/** Somebody who has signed in and has a page open. */
class Visitor {
  readonly page: SignedInPage;
  components: readonly FollowedComponent[] = [];

  private constructor(origin: string) {
    this.page = new SignedInPage(origin);
  }

  static async arrive(origin: string, name: string, path = "/board"): Promise<Visitor> {
    const visitor = new Visitor(origin);
    equal(await visitor.page.post("/enter", { name }), 200);
    visitor.components = followedIn(await (await visitor.page.fetch(origin + path)).text());
    ok(visitor.components.length > 0);
    return visitor;
  }

  /** A connection of the page. */
  async connect(): Promise<RoomConnection> {
    const { origin, cookie } = this.page;
    const connection = await RoomConnection.connect(origin, undefined, { headers: { origin, cookie } });
    equal(connection.answer.error, undefined);
    return connection;
  }
}

function follow(connection: RoomConnection, components: readonly object[], last_event_id?: string) {
  return connection.ask({ subscribe: { channel: NEWS, data: { components, last_event_id } } });
}

/** What is followed is not this connection's to hear. */
function refused({ error }: Told): void {
  match(error?.message ?? "", /^TOPICS_REFUSED/);
}

/** What a connection was told of news, without positions. */
function told(connection: RoomConnection): unknown[] {
  return connection.published(NEWS).map((news) => {
    const { id: _, ...rest } = Object(news) as Readonly<Record<string, unknown>>;
    return rest;
  });
}

/** How far a connection has heard. */
function positionOf(connection: RoomConnection): string {
  return String(Object(connection.published(NEWS).at(-1))["id"]);
}

const OPEN = { event: "open" };
const STALE = { event: "stale", components: ["board:main"] };

async function withSite(test: (site: NewsSite) => Promise<void>): Promise<void> {
  await using site = await startNewsSite();
  await test(site);
}

describe("News over a connection", () => {
  it("say which components are stale, and nothing else, beside what actors say", () =>
    withSite(async (site) => {
      const ada = await Visitor.arrive(site.origin, "ada");
      using connection = await ada.connect();
      equal((await follow(connection, ada.components)).error, undefined);
      equal((await connection.ask({ subscribe: { channel: "room:lobby" } })).error, undefined);
      await connection.until(() => told(connection).length === 1);
      site.change();
      await connection.until(() => told(connection).length === 2);
      deepEqual(told(connection), [OPEN, STALE]);
      match(positionOf(connection), /^[\w-]+\.1$/);
      equal((await connection.call({ type: "room", key: ["lobby"] }, "say", { text: "x" })).error, undefined);
      await connection.until(() => connection.published("room:lobby").length === 1);
    }));

  it("go on where another connection, or a stream, had come to", () =>
    withSite(async (site) => {
      const ada = await Visitor.arrive(site.origin, "ada");
      const first = await ada.connect();
      await follow(first, ada.components);
      await first.until(() => told(first).length === 1);
      const position = positionOf(first);
      first[Symbol.dispose]();
      site.change();
      using second = await ada.connect();
      await follow(second, ada.components, position);
      await second.until(() => told(second).length === 1);
      deepEqual(told(second), [STALE]);
      using third = await ada.connect();
      await follow(third, ada.components, positionOf(second));
      await third.until(() => told(third).length === 1);
      deepEqual(told(third), [OPEN]);
      using lost = await ada.connect();
      await follow(lost, ada.components, "another-server.7");
      await lost.until(() => told(lost).length === 1);
      deepEqual(told(lost), [{ event: "reset", components: ["board:main"] }]);
    }));

  it("come no more once the client says so, and may be asked for again", () =>
    withSite(async (site) => {
      const ada = await Visitor.arrive(site.origin, "ada");
      using connection = await ada.connect();
      await follow(connection, ada.components);
      equal((await follow(connection, ada.components)).error?.code, ALREADY);
      equal((await connection.ask({ unsubscribe: { channel: NEWS } })).error, undefined);
      site.change();
      equal((await follow(connection, ada.components, positionOf(connection))).error, undefined);
      await connection.until(() => told(connection).length === 2);
      deepEqual(told(connection), [OPEN, STALE]);
    }));

  it("are not offered unless the configuration says so", async () => {
    await using site = await startNewsSite({ settings: { live: { push: "stream" } } });
    const ada = await Visitor.arrive(site.origin, "ada");
    using connection = await ada.connect();
    equal((await follow(connection, ada.components)).error?.code, BAD_REQUEST);
    const page = await (await ada.page.fetch(`${site.origin}/board`)).text();
    ok(!page.includes("live-push"));
  });
});

describe("Subscriptions to news that were sealed for somebody else", () => {
  it("are refused to another session, to whoever alters them and for another component", () =>
    withSite(async (site) => {
      const [ada, eve] = [await Visitor.arrive(site.origin, "ada"), await Visitor.arrive(site.origin, "eve")];
      const [own] = ada.components;
      ok(own);
      using connection = await eve.connect();
      const last = own.topics.at(-1) === "A" ? "B" : "A";
      for (const components of [
        ada.components,
        [...eve.components, { ...own, component_id: "board:other" }],
        [{ ...own, topics: "forged" }],
      ])
        refused(await follow(connection, components));
      using adas = await ada.connect();
      for (const components of [
        [{ ...own, topics: own.topics.slice(0, -1) + last }],
        [{ ...own, component_id: "board:other" }],
        [{ ...own, component_id: "nothing:main" }],
      ])
        refused(await follow(adas, components));
      site.change();
      equal((await follow(adas, ada.components)).error, undefined);
      deepEqual(told(connection), []);
    }));

  it("are refused to the same person in another session, and by a token", () =>
    withSite(async (site) => {
      const [ada, again] = [await Visitor.arrive(site.origin, "ada"), await Visitor.arrive(site.origin, "ada")];
      using connection = await again.connect();
      refused(await follow(connection, ada.components));
      using bearer = await RoomConnection.connect(site.origin, "user-ada");
      refused(await follow(bearer, ada.components));
    }));

  it("are refused to another tenant, which hears nothing of the same topic", async () => {
    await using site = await startNewsSite({ tenant: ({ host }) => (host.startsWith("localhost") ? "one" : "two") });
    const other = site.origin.replace("localhost", "127.0.0.1");
    const [ada, bob] = [await Visitor.arrive(site.origin, "ada"), await Visitor.arrive(other, "ada")];
    using connection = await bob.connect();
    refused(await follow(connection, ada.components));
    equal((await follow(connection, bob.components)).error, undefined);
    await connection.until(() => told(connection).length === 1);
    site.change("one");
    site.change("two");
    await connection.until(() => told(connection).length === 2);
    match(positionOf(connection), /\.2$/);
    deepEqual(told(connection), [OPEN, STALE]);
  });

  it("are refused to a ticket that is good for one actor alone", () =>
    withSite(async (site) => {
      const ada = await Visitor.arrive(site.origin, "ada");
      const { origin } = ada.page;
      const asked: typeof fetch = (address, init) =>
        ada.page.fetch(
          address,
          init?.method === "POST" ? { ...init, body: JSON.stringify({ actor: "room:lobby" }) } : init,
        );
      const places = { tickets: `${origin}/connection/ticket`, csrf: `${origin}/api/csrf/refresh` };
      const ticket = await fetchTicket(places, asked);
      using connection = await RoomConnection.connect(origin, ticket, { headers: { origin } });
      equal((await connection.ask({ subscribe: { channel: "room:lobby" } })).error, undefined);
      equal((await follow(connection, ada.components)).error?.code, DENIED);
    }));

  it("end at once when somebody signs out, and are no good any more after it", () =>
    withSite(async (site) => {
      const ada = await Visitor.arrive(site.origin, "ada");
      const { cookie } = ada.page;
      using connection = await ada.connect();
      await follow(connection, ada.components);
      await connection.until(() => told(connection).length === 1);
      equal(await ada.page.post("/leave", {}), 204);
      equal(await connection.closed, 3500);
      site.change();
      const { origin } = site;
      await rejects(RoomConnection.open(origin, { headers: { origin, cookie } }), /refused with 401/);
      const again = await Visitor.arrive(origin, "ada");
      using later = await again.connect();
      refused(await follow(later, ada.components));
      deepEqual(told(connection), [OPEN]);
    }));
});

describe("Floods of subscriptions to news", () => {
  it("are bounded by session, whose places are free again when its connections are", () =>
    withSite(async (site) => {
      const ada = await Visitor.arrive(site.origin, "ada");
      const connections = [];
      for (let count = 0; count < 8; count += 1) {
        const connection = await ada.connect();
        equal((await follow(connection, ada.components)).error, undefined);
        connections.push(connection);
      }
      const ninth = await ada.connect();
      const { error } = await follow(ninth, ada.components);
      equal(error?.code, TOO_MANY);
      match(error?.message ?? "", /TOO_MANY_CONCURRENT/);
      connections[0]?.[Symbol.dispose]();
      await eventually(() => site.realtime.connections.stats().open[0]?.connections === 8);
      equal((await follow(ninth, ada.components)).error, undefined);
      for (const connection of [...connections, ninth]) connection[Symbol.dispose]();
    }));

  it("are limited in a minute", async () => {
    await using site = await startNewsSite({
      settings: { limits: {}, realtime: { connection: { commandBurst: 400 } } },
    });
    const ada = await Visitor.arrive(site.origin, "ada");
    using connection = await ada.connect();
    const codes = [];
    for (let count = 0; count < 122; count += 1) {
      codes.push((await follow(connection, ada.components)).error?.code);
      await connection.ask({ unsubscribe: { channel: NEWS } });
    }
    deepEqual([...new Set(codes.slice(0, 120))], [undefined]);
    deepEqual([...new Set(codes.slice(120))], [TOO_MANY]);
  });

  it("are refused where they are malformed or too large, and beyond a frame end the connection", () =>
    withSite(async (site) => {
      const ada = await Visitor.arrive(site.origin, "ada");
      const [own] = ada.components;
      using connection = await ada.connect();
      const many = Array.from({ length: 201 }, (_, index) => ({ component_id: `board:b${index}`, topics: "x" }));
      for (const data of [
        undefined,
        "text",
        [],
        {},
        { components: [] },
        { components: many },
        { components: [own, own] },
        { components: [own], further: 1 },
        { components: [{ ...own, further: 1 }] },
        { components: [own], last_event_id: 1 },
        { components: [{ ...own, component_id: "__proto__" }] },
      ])
        equal((await connection.ask({ subscribe: { channel: NEWS, data } })).error?.code, BAD_REQUEST);
      for (const command of [{ history: { channel: NEWS, limit: 1 } }, { presence: { channel: NEWS } }])
        equal((await connection.ask(command)).error?.code, BAD_REQUEST);
      equal((await connection.ask({ publish: { channel: NEWS, data: STALE } })).error?.code, BAD_REQUEST);
      equal((await connection.ask({ rpc: { method: "live.follow", data: { key: [] } } })).error !== undefined, true);
      equal(connection.code, undefined);
      await follow(connection, [{ ...own, topics: "x".repeat(70_000) }]);
      equal(await connection.closed, 1009);
    }));
});
