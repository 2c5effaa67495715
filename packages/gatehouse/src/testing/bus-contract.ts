import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import type { Bus } from "../kernel/ports/bus.ts";
import { systemClock } from "../kernel/clock.ts";

/** Two servers' buses of one installation; the same one twice where there is only one process. */
export interface BusPair extends AsyncDisposable {
  readonly here: Bus;
  readonly there: Bus;
}

/** How the suite is run. */
export interface BusContractOptions {
  /** Reason not to run, as node:test has it. */
  readonly skip?: string | false;
}

const PATIENCE = 3000;
const LONGEST = 64 * 1024;

/** Collects messages and waits for them. */
export class Inbox {
  readonly messages: string[] = [];

  readonly receive = (message: string): void => void this.messages.push(message);

  /** Waits until `count` messages have arrived. */
  async expect(count: number): Promise<string[]> {
    const deadline = systemClock.monotonic() + PATIENCE;
    while (this.messages.length < count) {
      assert.ok(systemClock.monotonic() < deadline, `${this.messages.length} of ${count} messages arrived`);
      await delay(5);
    }
    return this.messages;
  }
}

/** What every implementation of `Bus` must do, as a suite of node:test. `open` is given a receiver of reports. */
export function describeBusContract(
  name: string,
  open: (report: (error: unknown) => void) => Promise<BusPair>,
  options: BusContractOptions = {},
): void {
  describe(`Bus: ${name}`, { skip: options.skip ?? false }, () => {
    const reported: unknown[] = [];
    let pair: BusPair;
    before(async () => void (pair = await open((error) => void reported.push(error))));
    after(() => pair[Symbol.asyncDispose]());

    it("delivers to the subscribers of a topic on every server, in the order of publishing", async () => {
      const [here, there, elsewhere] = [new Inbox(), new Inbox(), new Inbox()];
      await using _first = await pair.here.subscribe("orders", here.receive);
      await using _second = await pair.there.subscribe("orders", there.receive);
      await using _other = await pair.there.subscribe("orders:other", elsewhere.receive);
      const sent = Array.from({ length: 100 }, (_, index) => `message ${index}`);
      for (const message of sent) await pair.here.publish("orders", message);
      assert.deepEqual(await here.expect(100), sent);
      assert.deepEqual(await there.expect(100), sent);
      assert.deepEqual(elsewhere.messages, []);
    });

    it("keeps the order of messages published without waiting", async () => {
      const inbox = new Inbox();
      await using _subscription = await pair.there.subscribe("hurry", inbox.receive);
      const sent = Array.from({ length: 200 }, (_, index) => String(index));
      await Promise.all(sent.map((message) => pair.here.publish("hurry", message)));
      assert.deepEqual(await inbox.expect(200), sent);
    });

    it("carries any text of up to 64 KiB unchanged, and the same text twice", async () => {
      const inbox = new Inbox();
      await using _subscription = await pair.there.subscribe("texts", inbox.receive);
      const texts = ["", "", "\0 nul \0", "'; DROP TABLE x; --", '{"a":"\\u0000\\\\"}', "ä€😀".repeat(3000)];
      texts.push("x".repeat(LONGEST), "😀".repeat(LONGEST / 4), "\0".repeat(LONGEST));
      for (const text of texts) await pair.here.publish("texts", text);
      assert.deepEqual(await inbox.expect(texts.length), texts);
    });

    it("refuses longer messages", async () => {
      await assert.rejects(pair.here.publish("texts", "x".repeat(LONGEST + 1)), RangeError);
      await assert.rejects(pair.here.publish("texts", "€".repeat(LONGEST / 2)), RangeError);
    });

    it("tells topics apart however they are named", async () => {
      const topics = ["", "a", "A", "a b", 'quote" and ; semicolon', "ü".repeat(500), `${"ü".repeat(500)}x`];
      const inboxes = topics.map(() => new Inbox());
      const subscriptions = await Promise.all(
        topics.map((topic, index) => pair.there.subscribe(topic, (message) => inboxes[index]?.receive(message))),
      );
      for (const topic of topics) await pair.here.publish(topic, topic);
      for (const [index, topic] of topics.entries()) assert.deepEqual(await inboxes[index]?.expect(1), [topic]);
      for (const subscription of subscriptions) await subscription[Symbol.asyncDispose]();
    });

    it("ends one subscription and leaves the others of its topic alone", async () => {
      const [ended, kept] = [new Inbox(), new Inbox()];
      const subscription = await pair.there.subscribe("leaving", ended.receive);
      await using _kept = await pair.there.subscribe("leaving", kept.receive);
      await subscription[Symbol.asyncDispose]();
      await subscription[Symbol.asyncDispose]();
      await pair.here.publish("leaving", "after");
      assert.deepEqual(await kept.expect(1), ["after"]);
      assert.deepEqual(ended.messages, []);
    });

    it("delivers again when a topic was left and joined", async () => {
      for (let round = 0; round < 5; round += 1) {
        const inbox = new Inbox();
        await using _subscription = await pair.there.subscribe("joining", inbox.receive);
        await pair.here.publish("joining", String(round));
        assert.deepEqual(await inbox.expect(1), [String(round)]);
      }
    });

    it("reports a receiver that throws and goes on with the others", async () => {
      const inbox = new Inbox();
      const failure = new Error("receiver failed");
      await using _first = await pair.here.subscribe("failing", () => {
        throw failure;
      });
      await using _second = await pair.here.subscribe("failing", inbox.receive);
      await pair.here.publish("failing", "x");
      await inbox.expect(1);
      assert.ok(reported.includes(failure));
    });

    it("refuses calls once it is closed", async () => {
      await using other = await open(() => undefined);
      await other.here[Symbol.asyncDispose]();
      await assert.rejects(other.here.publish("closed", "x"), { name: "StoreUnavailableError" });
      await assert.rejects(
        other.here.subscribe("closed", () => undefined),
        { name: "StoreUnavailableError" },
      );
    });
  });
}
