import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { describeBusContract, Inbox } from "../../testing/bus-contract.ts";
import { skipWithout, startOwnValkey, startValkey, type ValkeyService } from "../../testing/services.ts";
import { openValkeyBus } from "./valkey-bus.ts";
import { openValkeyConnection } from "./valkey-connection.ts";

const skip = await skipWithout("valkey");
let service: ValkeyService;

before(async () => {
  if (skip === false) service = await startValkey();
});
after(async () => {
  if (skip === false) await service[Symbol.asyncDispose]();
});

describeBusContract(
  "Valkey",
  async (report) => {
    const prefix = service.freshPrefix();
    const connection = await openValkeyConnection({ url: service.url, clock: systemClock });
    const here = await openValkeyBus({ connection, prefix, report });
    const there = await openValkeyBus({ connection, prefix, report });
    return {
      here,
      there,
      async [Symbol.asyncDispose]() {
        for (const each of [here, there, connection]) await each[Symbol.asyncDispose]();
      },
    };
  },
  { skip },
);

describe("openValkeyBus", { skip }, () => {
  it("opens while the server is away and listens again by itself after each outage", async () => {
    await using own = await startOwnValkey();
    await own.process.stop();
    await using connection = await openValkeyConnection({ url: own.url, clock: systemClock });
    await using bus = await openValkeyBus({ connection, timeout: 100 });
    const inbox = new Inbox();
    await assert.rejects(bus.subscribe("topic", inbox.receive), StoreUnavailableError);
    await own.process.start();
    await using _subscription = await until(() => bus.subscribe("topic", inbox.receive));
    for (const message of ["1", "2"]) {
      await own.process.stop("crash");
      await assert.rejects(bus.publish("topic", "lost"), StoreUnavailableError);
      await own.process.start();
      await using _probe = await until(() => bus.subscribe("probe", () => undefined));
      await until(() => bus.publish("topic", message));
      await inbox.expect(Number(message));
    }
    assert.deepEqual(inbox.messages, ["1", "2"]);
  });

  it("replaces a subscription whose server is frozen", async () => {
    await using own = await startOwnValkey();
    await using connection = await openValkeyConnection({ url: own.url, clock: systemClock, commandTimeout: 100 });
    await using bus = await openValkeyBus({ connection, heartbeat: 50, timeout: 100 });
    const inbox = new Inbox();
    await using _subscription = await bus.subscribe("topic", inbox.receive);
    await own.process.pause();
    await delay(300);
    await assert.rejects(
      bus.subscribe("other", () => undefined),
      StoreUnavailableError,
    );
    await own.process.resume();
    await using _probe = await until(() => bus.subscribe("probe", () => undefined));
    await until(() => bus.publish("topic", "back"));
    assert.deepEqual(await inbox.expect(1), ["back"]);
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
