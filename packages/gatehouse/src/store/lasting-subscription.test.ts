import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "../kernel/ports/bus.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import { subscribeLastingly } from "./lasting-subscription.ts";
import { createMemoryBus } from "./memory/memory-bus.ts";

/** A bus that cannot be subscribed to for so many attempts. */
function createLateBus(failures: number, failure: () => Error): Bus & { readonly attempts: number } {
  const bus = createMemoryBus();
  let attempts = 0;
  return {
    publish: (topic, message) => bus.publish(topic, message),
    subscribe(topic, receive) {
      attempts += 1;
      return attempts <= failures ? Promise.reject(failure()) : bus.subscribe(topic, receive);
    },
    get attempts() {
      return attempts;
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}

const away = (): Error => new StoreUnavailableError("bus", "away");

describe("subscribeLastingly", () => {
  it("hears every message from the start where the bus is there", async () => {
    const bus = createLateBus(0, away);
    let heard = 0;
    await using subscription = await subscribeLastingly(bus, "news", { heard: () => void (heard += 1) });
    await bus.publish("news", "first");
    await bus.publish("news", "second");
    assert.equal(heard, 2);
    void subscription;
  });

  it("waits for a bus that is away without holding anybody up, and then looks at what it missed", async () => {
    const bus = createLateBus(3, away);
    let heard = 0;
    await using subscription = await subscribeLastingly(bus, "news", { heard: () => void (heard += 1), pause: 1 });
    assert.equal(bus.attempts, 1);
    while (heard === 0) await delay(1);
    assert.equal(bus.attempts, 4);
    await bus.publish("news", "first");
    assert.equal(heard, 2);
    void subscription;
  });

  it("does not try again once it is disposed", async () => {
    const bus = createLateBus(Number.POSITIVE_INFINITY, away);
    const subscription = await subscribeLastingly(bus, "news", { heard: () => assert.fail(), pause: 1 });
    while (bus.attempts < 3) await delay(1);
    await subscription[Symbol.asyncDispose]();
    const { attempts } = bus;
    await delay(20);
    assert.equal(bus.attempts, attempts);
  });

  it("hears nothing after it was disposed", async () => {
    const bus = createLateBus(0, away);
    const subscription = await subscribeLastingly(bus, "news", { heard: () => assert.fail() });
    await subscription[Symbol.asyncDispose]();
    await bus.publish("news", "first");
  });

  it("takes anything but an outage for what it is", async () => {
    const bus = createLateBus(1, () => new TypeError("a bug"));
    await assert.rejects(subscribeLastingly(bus, "news", { heard: () => undefined }), TypeError);
  });
});
