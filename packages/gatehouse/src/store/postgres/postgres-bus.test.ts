import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";

import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { describeBusContract, Inbox } from "../../testing/bus-contract.ts";
import {
  skipWithout,
  startOwnPostgres,
  startPostgres,
  type PostgresService,
  type TestDatabase,
} from "../../testing/services.ts";
import { FrameAssembler, toFrames } from "./bus-frames.ts";
import { openPostgresBus } from "./postgres-bus.ts";
import { runStatement } from "./postgres-statement.ts";

const skip = await skipWithout("postgres");
let service: PostgresService;
let database: TestDatabase;

before(async () => {
  if (skip !== false) return;
  service = await startPostgres();
  database = await service.createDatabase();
});
after(async () => {
  if (skip !== false) return;
  await database[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

describeBusContract(
  "PostgreSQL",
  async (report) => {
    const [here, there] = await Promise.all([
      openPostgresBus({ url: database.url, report }),
      openPostgresBus({ url: database.url, report }),
    ]);
    return {
      here,
      there,
      async [Symbol.asyncDispose]() {
        await Promise.all([here[Symbol.asyncDispose](), there[Symbol.asyncDispose]()]);
      },
    };
  },
  { skip },
);

describe("openPostgresBus", { skip }, () => {
  it("listens again by itself after its connection was ended", async () => {
    await using bus = await openPostgresBus({ url: database.url });
    const inbox = new Inbox();
    await using _subscription = await bus.subscribe("resilient", inbox.receive);
    await runStatement(
      database.url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    await delay(20);
    await assert.rejects(bus.publish("resilient", "lost"), StoreUnavailableError);
    await using _later = await bus.subscribe("another", () => undefined);
    await bus.publish("resilient", "found");
    assert.deepEqual(await inbox.expect(1), ["found"]);
  });

  it("notices a server that is frozen and refuses until it answers", async () => {
    await using own = await startOwnPostgres({ durable: false });
    await using bus = await openPostgresBus({ url: own.url, heartbeat: 50, timeout: 150 });
    const inbox = new Inbox();
    await using _subscription = await bus.subscribe("frozen", inbox.receive);
    await own.process.pause();
    await assert.rejects(bus.publish("frozen", "1"), StoreUnavailableError);
    await assert.rejects(
      bus.subscribe("other", () => undefined),
      StoreUnavailableError,
    );
    await own.process.resume();
    await using _later = await until(() => bus.subscribe("back", () => undefined));
    // On a busy machine one answer or another comes later than the short time allowed here.
    await until(() => bus.publish("frozen", "2"));
    await until(async () => assert.ok(inbox.messages.includes("2")));
  });

  it("refuses to open when the server cannot be reached", async () => {
    await assert.rejects(openPostgresBus({ url: "postgres://u@127.0.0.1:1/x" }), StoreUnavailableError);
  });
});

describe("toFrames", () => {
  it("makes frames below PostgreSQL's limit that give the message back", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "é", "€", "😀", "\0", ".", ":"),
      maxLength: 20_000,
      size: "max",
    });
    fc.assert(
      fc.property(text, (message) => {
        const frames = toFrames("publisher-1", message);
        const assembler = new FrameAssembler();
        const results = frames.map((frame) => assembler.add(frame));
        for (const frame of frames) assert.ok(Buffer.byteLength(frame) < 8000 && !frame.includes("\0"));
        assert.equal(results.at(-1), message);
        assert.ok(results.slice(0, -1).every((result) => result === undefined));
      }),
      { numRuns: 60 },
    );
  });
});

async function until<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 100) throw error;
      await delay(30);
    }
  }
}
