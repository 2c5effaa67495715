import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { openPostgresBus } from "../../store/postgres/postgres-bus.ts";
import { openValkeyBus } from "../../store/valkey/valkey-bus.ts";
import { openValkeyConnection } from "../../store/valkey/valkey-connection.ts";
import { skipWithout, startPostgres, startValkey } from "../../testing/services.ts";
import { WorkBell } from "./work-bell.ts";

const report = (error: unknown): never => assert.fail(String(error));

function describeBell(name: string, open: () => Promise<{ readonly buses: readonly Bus[] } & AsyncDisposable>): void {
  it(`is heard on another server over ${name}, by those who wait for the tenant`, async () => {
    await using opened = await open();
    const [here, there] = [opened.buses[0], opened.buses.at(-1)];
    assert.ok(here !== undefined && there !== undefined);
    const [ringing, waiting] = [here, there].map((bus) => new WorkBell({ bus, timers: systemTimers, report }));
    assert.ok(ringing !== undefined && waiting !== undefined);
    await using _listening = await waiting.listen();
    let heardByOther = false;
    using _other = waiting.hear("other", () => (heardByOther = true));
    // A wait that is renewed hears each of them; what comes in a moment is told once.
    for (let round = 0; round < 3; round += 1) {
      const { promise: heard, resolve } = Promise.withResolvers<void>();
      using _hearing = waiting.hear("acme", resolve);
      for (let item = 0; item < 20; item += 1) ringing.ring("acme");
      await heard;
    }
    assert.equal(heardByOther, false);
  });
}

describe("a bell for work", async () => {
  describeBell("the bus of one process", async () => {
    const bus = createMemoryBus();
    return { buses: [bus], [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
  });

  describe("on servers", { skip: await skipWithout("postgres") }, () => {
    describeBell("PostgreSQL", async () => {
      const stack = new AsyncDisposableStack();
      const service = stack.use(await startPostgres());
      const { url } = stack.use(await service.createDatabase());
      const buses = [
        stack.use(await openPostgresBus({ url, report })),
        stack.use(await openPostgresBus({ url, report })),
      ];
      return { buses, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    });
  });

  describe("on servers", { skip: await skipWithout("valkey") }, () => {
    describeBell("Valkey", async () => {
      const stack = new AsyncDisposableStack();
      const service = stack.use(await startValkey());
      const prefix = service.freshPrefix();
      const connection = stack.use(await openValkeyConnection({ url: service.url, clock: systemClock }));
      const open = () => openValkeyBus({ connection, prefix, report });
      return {
        buses: [stack.use(await open()), stack.use(await open())],
        [Symbol.asyncDispose]: () => stack.disposeAsync(),
      };
    });
  });

  it("sends one message where many items come at once", async () => {
    const sent: string[] = [];
    const bus = { publish: async (_topic: string, message: string) => void sent.push(message) };
    const timers = { after: () => ({ [Symbol.dispose]: () => undefined }) };
    const memory = createMemoryBus();
    const bell = new WorkBell({ bus: { ...memory, ...bus }, timers, report });
    for (let item = 0; item < 1000; item += 1) bell.ring(`tenant-${item % 7}`);
    assert.deepEqual(sent, ['["tenant-0"]']);
  });
});
