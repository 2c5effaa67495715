import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { ConnectionLostError } from "../testing/crash.ts";
import { openLiveKit } from "../testing/live-kit.ts";
import { LiveCallError, type LiveCallResult } from "../testing/live-visitor.ts";
import { parallel } from "../testing/parallel.ts";
import { live } from "./component.ts";

const account = live("account", {
  state: z.object({ balance: z.int() }),
  mount: ({ previous }) => previous ?? { balance: 100 },
  actions: (action) => ({
    withdraw: action({ authorise: "public", input: z.object({ amount: z.int() }) }, ({ state }, { amount }) => ({
      balance: state.balance - amount,
    })),
    deposit: action(
      { authorise: "public", commutes: true, input: z.object({ amount: z.int() }) },
      ({ state }, { amount }) => ({ balance: state.balance + amount }),
    ),
  }),
  render: ({ state }) => html`<output>${state.balance}</output>`,
});

const valuesOf = (results: readonly PromiseSettledResult<LiveCallResult>[]): LiveCallResult[] =>
  results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));

describe("actions at the same time", () => {
  it("take effect one after the other: one on a state that has moved is refused with the current one", async () => {
    await using kit = await openLiveKit({ components: [account] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("account:main", { balance: 100 });
    const calls = [10, 20, 30].map((amount) => () => visitor.callAction(page, "withdraw", { amount }));
    const results = await parallel(...calls);
    const [done, ...others] = valuesOf(results);
    assert.deepEqual([others.length, done?.state.balance], [0, 90]);
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      assert.ok(result.reason instanceof LiveCallError);
      assert.deepEqual([result.reason.code, result.reason.document["version"]], ["STATE_CONFLICT", 1]);
    }
  });

  it("all take effect where the order does not matter", async () => {
    await using kit = await openLiveKit({ components: [account] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("account:main", { balance: 0 });
    const calls = Array.from({ length: 20 }, () => () => visitor.callAction(page, "deposit", { amount: 5 }));
    const balances = valuesOf(await parallel(...calls)).map(({ state }) => state.balance);
    assert.deepEqual(
      balances.toSorted((left, right) => left - right),
      Array.from({ length: 20 }, (_, index) => 5 * (index + 1)),
    );
  });

  it("of one key are executed once, and all answered alike", async () => {
    await using kit = await openLiveKit({ components: [account] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("account:main", { balance: 0 });
    const call = () => visitor.callAction(page, "deposit", { amount: 5, idempotency_key: "once" });
    const results = valuesOf(await parallel(...Array.from({ length: 10 }, () => call)));
    assert.deepEqual(new Set(results.map(({ state }) => state.balance)), new Set([5]));
    assert.equal(results.filter(({ idempotency }) => idempotency?.cached === false).length, 1);
  });
});

// The server dies at the worst moments. Whoever repeats their request under the same key must find it done once.
describe("a crash", () => {
  for (const [point, cached] of [
    ["execute", false],
    ["commit", true],
  ] as const) {
    it(`after ${point} leaves nothing done by half, and a repetition is answered as if it had not been`, async () => {
      await using kit = await openLiveKit({ components: [account] });
      const visitor = await kit.visit();
      const page = visitor.mountComponent("account:main", { balance: 100 });
      const withdraw = () => visitor.callAction(page, "withdraw", { amount: 30, idempotency_key: "the-one" });
      kit.crashAfter(point);
      await assert.rejects(withdraw(), ConnectionLostError);
      const result = await withdraw();
      assert.deepEqual([result.state.balance, result.version, result.idempotency?.cached], [70, 1, cached]);
      assert.equal((await visitor.callAction(result, "deposit", { amount: 1 })).state.balance, 71);
    });
  }
});
