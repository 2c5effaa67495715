import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { skipWithout } from "gatehouse/testing";
import type { Answer } from "../support/client.ts";
import { drillTimeout, quantile, Report, sized, unexpectedExceptions, Violations } from "./drill.ts";
import { Crowd, SIXTY, tally } from "./two-processes/crowd.ts";
import { observe, readiness, sign, type Outage, type Try, type WatchedStore } from "./two-processes/outage.ts";
import { COUNTERS_TIME_BOX, startPair, type Pair } from "./two-processes/pair.ts";
import { slowest, type Call } from "./workload.ts";

const missing = (await skipWithout("postgres")) || (await skipWithout("valkey"));
/** What a busy machine may add to any time that is promised, in milliseconds. */
const SLACK = 1_500;
/** A statement's time, what is waited for a server that does not answer at all, and the wait for a connection. */
const STORE_TIME_BOX = 3_000 + 500 + 2_000;
const results: Record<string, string | number> = {};
const report = new Report("two-processes, outages");

// What servers share can fail them all at once, and whoever can make it stumble would get a time without limits, or
// take everything down. Every request must be answered in time and by the configured policy, and nothing done by half.
describe("two servers whose PostgreSQL or Valkey fails", { skip: missing, timeout: drillTimeout }, () => {
  let pair: Pair;
  let crowd: Crowd;

  before(async () => {
    pair = await startPair();
    crowd = await Crowd.gather(pair);
  });
  after(async () => {
    report.summary({ seed: pair.dice.seed, ...results });
    await pair[Symbol.asyncDispose]();
  });

  const faults = ["stopped and started again", "hung", "crashed and started again"] as const;
  type Fault = (typeof faults)[number];

  function outageOf(store: WatchedStore, fault: Fault): Outage {
    const service = store === "counters" ? pair.valkey : pair.postgres;
    const common = { store, length: pair.dice.integer(1_500, sized(2_500, 8_000)) };
    switch (fault) {
      case "hung":
        // Long enough for the time box of a statement to end.
        return { ...common, begin: () => service.pause(), end: () => service.resume(), length: common.length + 4_500 };
      case "stopped and started again":
        return { ...common, begin: () => service.stop(), end: () => service.start() };
      case "crashed and started again":
        return { ...common, begin: () => service.stop("crash"), end: () => service.start() };
    }
  }

  for (const fault of faults) {
    it(`counts strictly on each server while Valkey is ${fault}, and together again afterwards`, async () => {
      const violations = new Violations();
      for (let cycle = 1; cycle <= sized(1, 8); cycle += 1) {
        const outage = outageOf("counters", fault);
        let alone: Answer[] = [];
        const begin = async (): Promise<void> => {
          await outage.begin();
          alone = await crowd.look(pair.nextAddress(), () => pair.first);
          const { status, text } = await readiness(pair.first);
          violations.expect(status === 200, `Without Valkey a server is not ready: ${text}`);
        };
        const { workload, recovery } = await observe(pair, { ...outage, begin }, violations);
        judgeCounted(workload.calls, violations);
        expectSixty("Alone a server", alone, violations);
        const together = await crowd.look(pair.nextAddress(), () => pair.dice.pick(pair.servers));
        expectSixty("After the outage both together", together, violations);
        note(`Valkey ${fault}`, { calls: workload.calls, recovery });
      }
      assert.deepEqual(violations.list, []);
    });

    it(`answers in time and does nothing by half while PostgreSQL is ${fault}`, async () => {
      const violations = new Violations();
      for (let cycle = 1; cycle <= sized(1, 8); cycle += 1) {
        const { workload, recovery } = await observe(pair, outageOf("postgres", fault), violations);
        await judgeStored(workload.calls, violations);
        note(`PostgreSQL ${fault}`, { calls: workload.calls, recovery });
      }
      assert.deepEqual(violations.list, []);
    });
  }

  it("reports nothing but the outages", () => {
    assert.deepEqual(pair.servers.flatMap(unexpectedExceptions), []);
  });

  function expectSixty(who: string, answers: readonly Answer[], violations: Violations): void {
    const text = JSON.stringify(tally(answers));
    violations.expect(text === JSON.stringify(SIXTY), `${who} answered ${text}.`);
  }

  /** Limits without their store decide by themselves: nothing is refused for its sake, and nothing waits long. */
  function judgeCounted(calls: readonly Call<Try>[], violations: Violations): void {
    for (const { result, error, duration } of calls) {
      violations.expect(error === undefined, `A request failed: ${String(error)}`);
      violations.expect(duration < COUNTERS_TIME_BOX + SLACK, `A request took ${duration.toFixed(0)} ms.`);
      violations.expect(result?.answer.status === 200, `A request was answered with ${result?.answer.status}.`);
    }
  }

  /** What is refused says whether it took effect, and tells the truth. */
  async function judgeStored(calls: readonly Call<Try>[], violations: Violations): Promise<void> {
    const { messages, damage } = await pair.readLedger();
    for (const text of damage) violations.add(`The store is damaged: ${text}`);
    const refused: { readonly tried: Try; readonly there: number }[] = [];
    for (const { result, error, duration } of calls) {
      violations.expect(duration < STORE_TIME_BOX + SLACK, `A request took ${duration.toFixed(0)} ms.`);
      if (result === undefined) {
        violations.add(`A request failed: ${String(error)}`);
        continue;
      }
      const there = messages.get(result.text) ?? 0;
      if (result.answer.status !== 200) refused.push({ tried: result, there });
      else violations.expect(there === 1, `An acknowledged entry is there ${there} times.`);
    }
    while (refused.length > 0) {
      const batch = refused.splice(0, 6);
      await Promise.all(batch.map(({ tried, there }) => judgeRefused(tried, there, violations)));
    }
  }

  async function judgeRefused(
    { text, key, client, answer }: Try,
    there: number,
    violations: Violations,
  ): Promise<void> {
    const code: unknown = answer.json?.code;
    violations.expect(answer.status === 503, `A request was answered with ${answer.status} ${String(code)}.`);
    violations.expect(Number(answer.headers["retry-after"]) >= 1, "A refusal came without Retry-After.");
    if (code === "STORE_UNAVAILABLE") violations.expect(there === 0, `An entry is there that was "not changed".`);
    else violations.expect(code === "OUTCOME_UNKNOWN", `A request was answered with ${String(code)}.`);
    const again = await sign(pair, { client, text, key });
    violations.expect(again.status === 200, `The retry of a refused request was answered with ${again.status}.`);
    violations.expect(
      (again.json?.idempotency?.cached === true) === there > 0,
      `An entry was there ${there} times before its retry, which said cached: ${again.json?.idempotency?.cached}.`,
    );
  }

  function note(what: string, { calls, recovery }: { calls: readonly Call<Try>[]; recovery: number }): void {
    const refused = calls.filter(({ result }) => result?.answer.status !== 200).length;
    const times = `slowest ${slowest(calls).toFixed(0)} ms, ready ${recovery.toFixed(0)} ms after it`;
    const median = quantile(
      calls.map(({ duration }) => duration),
      0.5,
    );
    const text = `${calls.length} requests, ${refused} refused, median ${median.toFixed(0)} ms, ${times}`;
    report.progress(`${what}: ${text}`);
    results[what] = text;
  }
});
