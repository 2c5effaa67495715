import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { html } from "../../html/html.ts";
import { systemClock } from "../../kernel/clock.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { openPostgresBus } from "../../store/postgres/postgres-bus.ts";
import { openValkeyBus } from "../../store/valkey/valkey-bus.ts";
import { openValkeyConnection } from "../../store/valkey/valkey-connection.ts";
import { systemRandom } from "../../kernel/random.ts";
import { openLiveKit, type LiveKit } from "../../testing/live-kit.ts";
import type { LiveStream } from "../../testing/live-stream.ts";
import { LiveVisitor } from "../../testing/live-visitor.ts";
import {
  skipWithout,
  startPostgres,
  startValkey,
  type PostgresService,
  type ValkeyService,
} from "../../testing/services.ts";
import { live } from "../component.ts";

const board = live("board", {
  state: z.object({}),
  mount: () => ({}),
  topics: () => ["board"],
  actions: () => ({}),
  render: () => html`<p>board</p>`,
});

const door = (kit: () => LiveKit) =>
  live("door", {
    state: z.object({}),
    mount: () => ({}),
    actions: (action) => ({
      leave: action({ authorise: "public" }, async (context) => {
        await kit().edge.sessions.logout(context);
        return {};
      }),
    }),
    render: () => html`<p>door</p>`,
  });

const STALE = { event: "stale", components: ["board:main"] };
const RESET = { event: "reset", components: ["board:main"] };
const BEAT = 15_000;

/** Two servers of one installation, and a visitor who has a page of the first open at the second. */
interface Pair extends AsyncDisposable {
  readonly first: LiveKit;
  readonly second: LiveKit;
  readonly visitor: LiveVisitor;
  readonly stream: LiveStream;
}

async function openPair(here: Bus, there: Bus, inForce: () => Promise<unknown> = () => delay(1)): Promise<Pair> {
  const stack = new AsyncDisposableStack();
  const kits: LiveKit[] = [];
  const components = [
    board,
    door(() => {
      assert.ok(kits[0]);
      return kits[0];
    }),
  ];
  const first = stack.use(await openLiveKit({ components, bus: here }));
  const second = stack.use(await openLiveKit({ components, bus: there, beside: first }));
  kits.push(first);
  await inForce();
  await first.clock.advance(5_001);
  const visitor = await first.visit();
  const page = await visitor.page();
  const elsewhere = await LiveVisitor.arrive({ handler: second.handler, seed: () => "" }, visitor);
  const stream = stack.use(await elsewhere.follow(page));
  await first.clock.advance(1);
  const { move } = stack;
  return { first, second, visitor, stream, [Symbol.asyncDispose]: () => move.call(stack).disposeAsync() };
}

/** A bus that loses what it is told to. */
class LossyBus implements Bus {
  readonly #bus: Bus;
  losing = false;
  away = false;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  async publish(topic: string, message: string): Promise<void> {
    if (this.away) throw new StoreUnavailableError("bus", "away");
    await this.#bus.publish(topic, message);
  }

  async subscribe(topic: string, receive: (message: string) => void): Promise<AsyncDisposable> {
    if (this.away) throw new StoreUnavailableError("bus", "away");
    return this.#bus.subscribe(topic, (message) => {
      if (!this.losing) receive(message);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function openLossy(): Promise<Pair & { readonly here: LossyBus; readonly there: LossyBus }> {
  const bus = createMemoryBus();
  const [here, there] = [new LossyBus(bus), new LossyBus(bus)];
  return Object.assign(await openPair(here, there), { here, there });
}

describe("news between servers", () => {
  it("arrive at the pages that are open elsewhere", async () => {
    await using pair = await openLossy();
    pair.first.live.publish("default", "board");
    await pair.first.clock.advance(1_000);
    assert.deepEqual(pair.stream.told, [STALE]);
  });

  it("that were lost show with the next one", async () => {
    await using pair = await openLossy();
    pair.there.losing = true;
    pair.first.live.publish("default", "board");
    await pair.first.clock.advance(1);
    pair.there.losing = false;
    pair.first.live.publish("default", "something else");
    await pair.first.clock.advance(1);
    assert.deepEqual(pair.stream.told, [RESET]);
  });

  it("that were lost show with a sign of life where none follow", async () => {
    await using pair = await openLossy();
    pair.there.losing = true;
    pair.first.live.publish("default", "board");
    await pair.first.clock.advance(1);
    pair.there.losing = false;
    await pair.first.clock.advance(BEAT);
    assert.deepEqual(pair.stream.told, [RESET]);
  });

  it("that were lost show when the bus was away for long, and forgotten by who told them", async () => {
    await using pair = await openLossy();
    pair.there.losing = true;
    pair.first.live.publish("default", "board");
    await pair.first.clock.advance(80_000);
    pair.there.losing = false;
    await pair.first.clock.advance(BEAT);
    assert.deepEqual(pair.stream.told, [RESET]);
  });

  it("that could not be told show once they can", async () => {
    await using pair = await openLossy();
    pair.here.away = true;
    pair.first.live.publish("default", "board");
    await pair.first.clock.advance(1);
    pair.here.away = false;
    await pair.first.clock.advance(BEAT);
    assert.deepEqual(pair.stream.told, [RESET]);
    assert.deepEqual(pair.first.errors, []);
  });

  it("are not missed for nothing: signs of life alone are no news", async () => {
    await using pair = await openLossy();
    await pair.first.clock.advance(4 * 60_000);
    assert.deepEqual(pair.stream.told, []);
    assert.equal(pair.stream.state, "open");
  });

  it("may have been missed by a server whose bus was away when it began", async () => {
    const bus = new LossyBus(createMemoryBus());
    bus.away = true;
    await using kit = await openLiveKit({ components: [board], bus });
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    bus.away = false;
    await kit.clock.advance(1_000);
    assert.deepEqual(stream.told, [RESET]);
    assert.deepEqual(kit.errors, []);
  });

  it("are none where the bus carries something else", async () => {
    const bus = createMemoryBus();
    await using kit = await openLiveKit({ components: [board], bus });
    const visitor = await kit.visit();
    await using stream = await visitor.follow(await visitor.page());
    for (const text of ["", "{", "null", "[]", '{"from":1}', '{"from":"x","number":1,"tidings":{"kind":"new"}}'])
      await bus.publish("gatehouse.live", text);
    await kit.clock.advance(1_000);
    assert.deepEqual([stream.told, stream.state], [[], "open"]);
  });

  it("end the streams of a session that ended elsewhere, at once", async () => {
    await using pair = await openLossy();
    await pair.visitor.callAction(pair.visitor.mountComponent("door:main"), "leave");
    await pair.first.clock.advance(1);
    assert.equal(pair.stream.state, "ended");
  });
});

const skipValkey = await skipWithout("valkey");
const skipPostgres = await skipWithout("postgres");

/** What every bus must carry, with two servers that have nothing else in common than their keys and their store. */
async function carriesNews(pair: Pair): Promise<void> {
  const deadline = systemClock.monotonic() + 5_000;
  pair.first.live.publish("default", "board");
  while (pair.stream.told.length === 0 && systemClock.monotonic() < deadline) await delay(5);
  await pair.first.clock.advance(1_000);
  assert.deepEqual(pair.stream.told, [STALE]);
  await pair.visitor.callAction(pair.visitor.mountComponent("door:main"), "leave");
  while (pair.stream.state === "open" && systemClock.monotonic() < deadline) await delay(5);
  assert.equal(pair.stream.state, "ended");
}

describe("news between servers on Valkey", { skip: skipValkey }, () => {
  let service: ValkeyService;
  before(async () => void (service = await startValkey()));
  after(() => service[Symbol.asyncDispose]());

  it("arrive, and so does the end of a session", async () => {
    const prefix = service.freshPrefix();
    await using connection = await openValkeyConnection({ url: service.url, clock: systemClock });
    await using here = await openValkeyBus({ connection, prefix });
    await using there = await openValkeyBus({ connection, prefix });
    await using pair = await openPair(here, there, () => delay(200));
    await carriesNews(pair);
  });
});

describe("news between servers on PostgreSQL", { skip: skipPostgres }, () => {
  let service: PostgresService;
  before(async () => void (service = await startPostgres()));
  after(() => service[Symbol.asyncDispose]());

  it("arrive, and so does the end of a session", async () => {
    await using database = await service.createDatabase();
    const common = { url: database.url, random: systemRandom, report: () => undefined };
    await using here = await openPostgresBus(common);
    await using there = await openPostgresBus(common);
    await using pair = await openPair(here, there, () => delay(500));
    await carriesNews(pair);
  });
});
