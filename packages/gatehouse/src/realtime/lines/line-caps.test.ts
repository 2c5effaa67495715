import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anonymousPrincipal, type Principal } from "../../kernel/attempt.ts";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { createKeyRing } from "../../kernel/key-ring.ts";
import { isDenial } from "../../kernel/outcome.ts";
import type { Counters } from "../../kernel/ports/counters.ts";
import { systemRandom } from "../../kernel/random.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { createMemoryCounters } from "../../store/memory/memory-counters.ts";
import { createSqlCounters } from "../../store/sql/sql-counters.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { eventually, upgrade } from "../../testing/line-client.ts";
import { GOOD_TOKEN, openLineKit } from "../../testing/line-kit.ts";
import { LineCaps, type Seat } from "./line-caps.ts";
import { lineSettings, type LineOptions } from "./options.ts";

const keyRing = createKeyRing(generateKeyMaterial(systemRandom, createFakeClock()));
const anna: Principal = { type: "user", id: "anna", tenant: "default", grants: new Set() };
const stranger = anonymousPrincipal("default");
const peer = (ip: string) => ({ ip, tls: true });

/** The places of one server; several with the same counters are an installation. */
function server(clock: FakeClock, counters: Counters, options: LineOptions, trustedCidrs: readonly string[] = []) {
  const report = (error: unknown): void => assert.fail(String(error));
  return new LineCaps({ counters, keyRing, timers: clock, settings: lineSettings(options), trustedCidrs, report });
}

async function seats(caps: LineCaps, count: number, ip = "192.0.2.1", principal = anna): Promise<Seat[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => caps.reserve(principal, { peer: peer(ip) })));
  return answers.flatMap((answer) => (isDenial(answer) ? [] : [answer]));
}

/*
 * A thousand connections are opened at once, so that each finds the others not yet counted; or from as many addresses as
 * one network has, or as many servers as there are. A cap that is checked before it is taken holds none of them back.
 */
describe("A race for the last places", () => {
  it("gives out exactly as many as there are, with counters here and elsewhere", async () => {
    const clock = createFakeClock();
    const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
    for (const counters of [createMemoryCounters({ clock }), createSqlCounters({ store, clock })]) {
      const servers = [1, 2].map(() => server(clock, counters, { perAddress: 10_000 }));
      const taken = await Promise.all(servers.map((caps) => seats(caps, 500)));
      assert.equal(taken.flat().length, 20);
      for (const seat of taken.flat()) seat.release();
      await Promise.all(servers.map((caps) => caps.settle()));
      assert.equal((await seats(server(clock, counters, {}), 30)).length, 20, "all are free again");
    }
    await store[Symbol.asyncDispose]();
  });

  it("gives out exactly twenty to a thousand upgrades at once", { timeout: 60_000 }, async () => {
    await using kit = await openLineKit({
      lines: { options: { perUser: 20, perAddress: 10_000 } },
      listen: { limits: { connectionsPerAddress: 10_000 } },
    });
    const headers = { authorization: `Bearer ${GOOD_TOKEN}` };
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => upgrade(kit.port, { headers })));
    const open = answers.filter(({ status }) => status === 101);
    assert.equal(open.length, 20);
    assert.ok(answers.every(({ status }) => status === 101 || status === 429));
    assert.equal(kit.lines.size, 20);
    for (const { socket, status } of answers) {
      if (status === 101) socket.resetAndDestroy();
      else socket.destroy();
    }
    await eventually(() => kit.lines.size === 0, "all have gone");
  });

  it("counts a network of IPv6 as one address, and known venues not at all", async () => {
    const clock = createFakeClock();
    const counters = createMemoryCounters({ clock });
    const caps = server(clock, counters, { perAddress: 3 }, ["198.51.100.0/24"]);
    for (const ip of ["2001:db8::1", "2001:db8::2:1", "2001:db8:0:0:ffff::1"]) await seats(caps, 1, ip, stranger);
    assert.equal((await seats(caps, 1, "2001:db8::3", stranger)).length, 0);
    assert.equal((await seats(caps, 1, "2001:db8:0:1::3", stranger)).length, 1);
    assert.equal((await seats(caps, 50, "198.51.100.7", stranger)).length, 50);
  });

  it("counts who is named by the connect frame alone, once", async () => {
    const clock = createFakeClock();
    const caps = server(clock, createMemoryCounters({ clock }), { perUser: 2 });
    const places = await seats(caps, 3, "192.0.2.1", stranger);
    const claims = await Promise.all(places.map((seat) => seat.claim(anna)));
    assert.deepEqual(
      claims.map((denial) => denial?.problem.status),
      [undefined, undefined, 429],
    );
    assert.equal(await places[0]?.claim(anna), undefined, "whoever has a place does not take another");
    places[0]?.release();
    assert.equal(await places[2]?.claim(anna), undefined);
  });
});

describe("LineCaps", () => {
  it("holds places for as long as their connections are open, and frees those of a server that has died", async () => {
    const clock = createFakeClock();
    const counters = createMemoryCounters({ clock });
    const options = { perUser: 2 };
    const living = server(clock, counters, options);
    const dyingClock = createFakeClock();
    const dying = server(dyingClock, counters, options);
    assert.deepEqual([(await seats(living, 1)).length, (await seats(dying, 1)).length], [1, 1]);
    for (let minute = 0; minute < 3; minute += 1) {
      assert.equal((await seats(living, 1)).length, minute < 2 ? 0 : 1, `minute ${minute}`);
      for (let step = 0; step < 60; step += 1) await clock.advance(1_000);
    }
    assert.equal((await seats(living, 5)).length, 0, "the one that lives is still counted");
    assert.equal(living.taken, 2);
  });

  it("gives back once, and says which bound it was", async () => {
    const clock = createFakeClock();
    const caps = server(clock, createMemoryCounters({ clock }), { perUser: 5, perNode: 2 });
    const [first, second] = await seats(caps, 2);
    first?.release();
    first?.release();
    assert.equal(caps.taken, 1);
    const [third] = await seats(caps, 1);
    const full = await caps.reserve(anna, { peer: peer("192.0.2.1") });
    assert.ok(isDenial(full));
    assert.deepEqual([full.problem.status, full.context?.["policy"]], [503, "realtime.connections-server"]);
    second?.release();
    third?.release();
    assert.equal((await seats(caps, 2)).length, 2);
  });

  it("gives a place back where its counters fail", async () => {
    const clock = createFakeClock();
    const counters: Counters = Object.assign(createMemoryCounters({ clock }), {
      take: () => Promise.reject(new Error("away")),
    });
    const caps = server(clock, counters, {});
    await assert.rejects(caps.reserve(anna, { peer: peer("192.0.2.1") }), /away/);
    assert.equal(caps.taken, 0);
  });
});

describe("Caps of connections", () => {
  it("answer 429 for a user or an address and 503 for the server, with a time to come back", async () => {
    const cases = [
      [{ perUser: 1 }, 429],
      [{ perAddress: 1 }, 429],
      [{ perNode: 1 }, 503],
    ] as const;
    for (const [options, status] of cases) {
      await using kit = await openLineKit({ lines: { options } });
      const headers = { authorization: `Bearer ${GOOD_TOKEN}` };
      await using first = await upgrade(kit.port, { headers });
      await using second = await upgrade(kit.port, { headers });
      assert.deepEqual([first.status, second.status], [101, status], JSON.stringify(options));
      assert.ok(Number(second.headers.get("retry-after")) > 0);
      // However it ends.
      first.socket.resetAndDestroy();
      await eventually(() => kit.lines.size === 0);
      await using third = await upgrade(kit.port, { headers });
      assert.equal(third.status, 101);
    }
  });

  it("hold back who opens too often from one address, however connections end", async () => {
    await using kit = await openLineKit({ lines: { options: { opening: { limit: 3, window: 60_000, atOnce: 10 } } } });
    const statuses: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await using answer = await upgrade(kit.port, {
        headers: { origin: round === 0 ? "https://evil.example" : undefined },
      });
      statuses.push(answer.status);
    }
    assert.deepEqual(statuses, [403, 101, 101, 101, 429], "what a foreign page causes is counted apart");
    await kit.setup.clock.advance(60_001);
    await using later = await upgrade(kit.port);
    assert.equal(later.status, 101);
  });

  // Whoever could choose their own address would have the places of as many as they like.
  it("are not escaped by forged forwarded headers, and follow those of named proxies", async () => {
    const forged = (index: number) => ({
      "x-forwarded-for": `198.51.100.${index}`,
      "x-real-ip": `198.51.100.${index}`,
      forwarded: `for=198.51.100.${index};proto=https`,
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
      "cf-connecting-ip": `198.51.100.${index}`,
    });
    const opened = async (trusted: readonly string[]) => {
      await using kit = await openLineKit({ edge: { trusted }, lines: { options: { perAddress: 2 } } });
      const answers = await Promise.all([1, 2, 3, 4].map((index) => upgrade(kit.port, { headers: forged(index) })));
      const peers = kit.connections.map(
        ({
          admitted: {
            peer: { ip, tls },
          },
        }) => `${ip} ${tls}`,
      );
      for (const answer of answers) await answer[Symbol.asyncDispose]();
      return { statuses: answers.map(({ status }) => status).sort(), peers: peers.sort() };
    };
    assert.deepEqual(await opened([]), {
      statuses: [101, 101, 429, 429],
      peers: ["127.0.0.1 false", "127.0.0.1 false"],
    });
    assert.deepEqual(await opened(["127.0.0.1/32"]), {
      statuses: [101, 101, 101, 101],
      peers: [1, 2, 3, 4].map((index) => `198.51.100.${index} true`),
    });
  });
});
