import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreUnavailableError, type Store } from "../../kernel/ports/store.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createNodes } from "../../store/sql/realtime/nodes.ts";
import { openTestInstallation } from "../../testing/cluster-kit.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { NodeHeartbeat, type NodeHeartbeatParts } from "./node-heartbeat.ts";

interface Fixture extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly store: Store;
  /** What has happened, in order. */
  readonly lost: string[];
  readonly reported: unknown[];
  /** Lets time go by in steps that are short enough for transactions to end where they began. */
  pass(milliseconds: number): Promise<void>;
  open(id: string, more?: Partial<NodeHeartbeatParts>): Promise<NodeHeartbeat>;
}

const STEP = 100;
const TURNS = 8;

async function openFixture(): Promise<Fixture> {
  const clock = createFakeClock();
  const installation = await openTestInstallation(clock);
  const [lost, reported]: [string[], unknown[]] = [[], []];
  return {
    ...{ clock, store: installation.store, lost, reported },
    async pass(milliseconds) {
      const end = clock.monotonic() + milliseconds;
      while (clock.monotonic() < end) {
        await clock.advance(Math.min(STEP, end - clock.monotonic()));
        for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
      }
    },
    async open(id, more) {
      const heartbeat = new NodeHeartbeat({
        ...{ nodes: createNodes(), store: installation.store, clock, timers: clock, random: systemRandom, id },
        ...{ roles: ["worker"], lost: () => lost.push(id), report: (error: unknown) => void reported.push(error) },
        ...more,
      });
      await heartbeat.open();
      return heartbeat;
    },
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

function ids(heartbeat: NodeHeartbeat): string[] {
  return heartbeat.living.map(({ id }) => id);
}

describe("NodeHeartbeat", () => {
  it("keeps a node alive for the others for as long as it beats", async () => {
    await using fixture = await openFixture();
    const first = await fixture.open("first");
    await using second = await fixture.open("second", { roles: ["gateway"] });
    assert.deepEqual([ids(first), ids(second)], [["first"], ["first", "second"]]);
    await fixture.pass(60_000);
    assert.deepEqual(
      [ids(first), ids(second)],
      [
        ["first", "second"],
        ["first", "second"],
      ],
    );
    assert.ok(first.holds && second.holds && first.isAlive("second"));
    assert.deepEqual(first.living.find(({ id }) => id === "second")?.roles, ["gateway"]);
    await first[Symbol.asyncDispose]();
    await fixture.pass(6_000);
    assert.deepEqual(ids(second), ["second"]);
    assert.deepEqual([fixture.lost, fixture.reported], [[], []]);
  });

  it("takes a node for dead when its lease has run out, even while the store is away", async () => {
    await using fixture = await openFixture();
    let away = false;
    const store = failing(fixture.store, () => away);
    await using first = await fixture.open("first", { store });
    const second = await fixture.open("second");
    await first.readAgain();
    assert.ok(first.isAlive("second"));
    away = true;
    await fixture.pass(16_000);
    assert.equal(first.isAlive("second"), false);
    away = false;
    await fixture.pass(1_500);
    assert.equal(first.isAlive("second"), true);
    await second[Symbol.asyncDispose]();
  });

  it("says once that a lease has run out: by its own clock while the store is away", async () => {
    await using fixture = await openFixture();
    let away = false;
    await using heartbeat = await fixture.open("cut off", { store: failing(fixture.store, () => away) });
    away = true;
    await fixture.pass(12_000);
    assert.deepEqual([fixture.lost, heartbeat.holds], [[], true]);
    await fixture.pass(60_000);
    assert.deepEqual([fixture.lost, heartbeat.holds], [["cut off"], false]);
    assert.ok(fixture.reported.length > 0);
    away = false;
    await fixture.pass(2_000);
    assert.deepEqual([fixture.lost, heartbeat.holds], [["cut off"], true]);
    away = true;
    await fixture.pass(20_000);
    assert.deepEqual(fixture.lost, ["cut off", "cut off"]);
  });

  it("says that a lease has run out as the store knows it", async () => {
    await using fixture = await openFixture();
    await using heartbeat = await fixture.open("robbed");
    await fixture.store.write((transaction) => createNodes().leave(transaction, "robbed"));
    await fixture.pass(6_000);
    assert.deepEqual([fixture.lost, heartbeat.holds], [["robbed"], true]);
    await fixture.pass(60_000);
    assert.deepEqual(fixture.lost, ["robbed"]);
  });

  it("reads the database's clock, whatever the machine's says", async () => {
    await using fixture = await openFixture();
    await using heartbeat = await fixture.open("first");
    const start = fixture.clock.now();
    assert.equal(Math.round(heartbeat.now()), start);
    await fixture.pass(1_234);
    assert.equal(Math.round(heartbeat.now()), start + 1_234);
  });

  it("tells the others of changed roles at once", async () => {
    await using fixture = await openFixture();
    await using first = await fixture.open("first", { roles: ["gateway", "worker"] });
    await using second = await fixture.open("second");
    await first.setRoles(["gateway"]);
    await second.readAgain();
    assert.deepEqual(second.living.find(({ id }) => id === "first")?.roles, ["gateway"]);
  });

  it("does not beat in step with the others", async () => {
    await using fixture = await openFixture();
    const times = new Map<string, number[]>();
    const timed = (id: string): Store => ({
      ...wrap(fixture.store),
      write: (work) => {
        times.set(id, [...(times.get(id) ?? []), fixture.clock.monotonic()]);
        return fixture.store.write(work);
      },
    });
    for (const id of ["a", "b", "c", "d"]) await fixture.open(id, { store: timed(id) });
    await fixture.pass(60_000);
    const last = [...times.values()].map((all) => Math.round(all.at(-1) ?? 0));
    assert.ok(new Set(last).size > 1, String(last));
    for (const all of times.values()) assert.ok(all.length >= 10 && all.length <= 15, String(all.length));
  });
});

function wrap(store: Store): Store {
  return {
    dialect: store.dialect,
    read: (work) => store.read(work),
    write: (work) => store.write(work),
    health: () => store.health(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function failing(store: Store, isAway: () => boolean): Store {
  const away = (): Promise<never> => Promise.reject(new StoreUnavailableError("store", "away"));
  return {
    ...wrap(store),
    read: (work) => (isAway() ? away() : store.read(work)),
    write: (work) => (isAway() ? away() : store.write(work)),
  };
}
