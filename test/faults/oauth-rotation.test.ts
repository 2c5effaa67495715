import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { askServer, controlSocketPath } from "gatehouse/control";
import { skipWithout, startOwnValkey, type ServiceControl } from "gatehouse/testing";
import type { ServerProcess } from "../support/server-process.ts";
import { createDice, drillTimeout, isFull, Report, sized, unexpectedExceptions, Violations } from "./drill.ts";
import { startIdentityPair, type IdentityPair } from "./identity/pair.ts";
import { Caller } from "./oauth-rotation/caller.ts";
import { ResourceServer } from "./oauth-rotation/resource-server.ts";
import { until } from "./workload.ts";

const missing = (await skipWithout("postgres")) || (await skipWithout("valkey"));
const CALLERS = 6;
/** As short as tokens can be, so that keys are pruned while the drill runs. */
const SHORT_LIVES = {
  GATEHOUSE_IDENTITY_LIFETIMES_ACCESS_TOKEN: "1m",
  GATEHOUSE_IDENTITY_LIFETIMES_ID_TOKEN: "1m",
};
/** Milliseconds for which resource servers keep keys at most, and in which they do not look twice: what jose does. */
const KEPT = 600_000;
const COOLDOWN = 30_000;

// Rotating keys is routine, and an incident is no time to wait. A token that is refused because its key is not known
// yet, or not any more, signs people out of every application at once, so that nobody dares to rotate.
describe("rotating signing keys under load, at two servers", { skip: missing }, () => {
  const report = new Report("oauth-rotation");
  const dice = createDice();
  const results: Record<string, string | number> = {};
  const stack = new AsyncDisposableStack();
  let pair: IdentityPair;
  /** What the servers hear of each other by. */
  let valkey: ServiceControl;
  before(async () => {
    const service = stack.use(await startOwnValkey());
    valkey = service.process;
    pair = stack.use(
      await startIdentityPair({
        ...SHORT_LIVES,
        GATEHOUSE_COUNTERS_ENGINE: "valkey",
        GATEHOUSE_COUNTERS_VALKEY_URL: service.url,
      }),
    );
  });
  after(async () => {
    report.summary({ seed: dice.seed, ...results });
    await stack.disposeAsync();
  });

  interface Load {
    readonly resources: readonly ResourceServer[];
    readonly violations: Violations;
  }

  /** Lets clients get tokens, and resource servers check them, while something is done. */
  async function underLoad(
    name: string,
    habits: { readonly kept: number; readonly cooldown: number },
    work: (load: Load) => Promise<number>,
  ): Promise<void> {
    const violations = new Violations();
    const choose = (): ServerProcess => dice.pick(pair.servers);
    const options = { ...habits, choose, issuer: pair.issuer };
    const resources = Array.from({ length: CALLERS }, () => new ResourceServer(options));
    const callers = resources.map((resource) => new Caller({ servers: pair.servers, resource, dice, violations }));
    const over = new AbortController();
    const calling = callers.map((caller) => caller.callUntil(over.signal));
    const rotations = await work({ resources, violations }).finally(() => over.abort());
    await Promise.all(calling);
    const verified = callers.reduce((sum, caller) => sum + caller.verified, 0);
    const fetches = resources.reduce((sum, resource) => sum + resource.fetches, 0);
    for (const server of pair.servers) {
      violations.expect(server.errors === "", `A server wrote to standard error: ${server.errors}`);
      for (const line of unexpectedExceptions(server)) violations.add(`A server reported: ${line}`);
    }
    results[`${name}: rotations, verifications, key sets`] = `${rotations}, ${verified}, ${fetches}`;
    results[`${name}: violations`] = violations.list.length;
    assert.ok(verified > 0);
    assert.deepEqual(violations.list.slice(0, 10), [], `seed ${dice.seed}`);
  }

  async function rotate({ data }: ServerProcess, now: boolean): Promise<void> {
    const answer = await askServer(controlSocketPath(data), { action: "oauth.keys.rotate", input: { now } });
    assert.ok(answer?.outcome.ok === true, JSON.stringify(answer));
  }

  /** Each server in turn, then both at once. */
  function rotators(number: number): readonly ServerProcess[] {
    const [first, second] = pair.servers;
    return [[first], [second], [first, second]][number % 3] ?? [];
  }

  async function rotateAtOnce(rotations: number): Promise<number> {
    for (let number = 0; number < rotations; number += 1) {
      await delay(dice.integer(50, 1_000));
      await Promise.all(rotators(number).map((server) => rotate(server, true)));
      report.progress(`at once, ${number + 1}/${rotations}`);
    }
    await delay(500);
    return rotations;
  }

  it("at once is noticed by nobody who looks again for keys it does not know", { timeout: drillTimeout }, () =>
    underLoad("at once", { kept: KEPT, cooldown: 0 }, () => rotateAtOnce(sized(6, 150))),
  );

  it("by stages is noticed by nobody who looks when its keys are old", { timeout: drillTimeout }, () =>
    underLoad("by stages", { kept: 1_000, cooldown: KEPT }, async ({ resources }) => {
      const rotations = sized(3, 40);
      for (let number = 0; number < rotations; number += 1) {
        await Promise.all(rotators(number).map((server) => rotate(server, false)));
        const publishedAt = performance.now();
        // Stands for the time for which keys are published before they sign, which is longer than they are kept.
        const isKnown = (): boolean => resources.every(({ fetchedAt }) => fetchedAt > publishedAt);
        await until("everybody's look", isKnown, 60_000);
        await delay(dice.integer(0, 500));
        await rotate(dice.pick(pair.servers), true);
        await delay(dice.integer(0, 500));
        report.progress(`by stages, ${number + 1}/${rotations}`);
      }
      return rotations;
    }),
  );

  // Takes minutes: the rest of a verifier cannot be shortened.
  if (isFull) {
    it("at once, every half minute, is noticed by nobody", { timeout: drillTimeout }, () =>
      underLoad("every half minute", { kept: KEPT, cooldown: COOLDOWN }, async ({ resources }) => {
        const rotations = 5;
        for (let number = 0; number < rotations; number += 1) {
          const isRested = (): boolean => resources.every(({ fetchedAt }) => performance.now() > fetchedAt + COOLDOWN);
          await until("the end of everybody's rest", isRested, 120_000);
          const rotatedAt = performance.now();
          await rotate(dice.pick(pair.servers), true);
          // Everybody meets the new key before the next comes.
          await until("everybody's look", () => resources.every(({ fetchedAt }) => fetchedAt > rotatedAt), 60_000);
          report.progress(`every half minute, ${number + 1}/${rotations}`);
        }
        return rotations;
      }),
    );
  }

  it("at once is noticed by nobody, though the servers do not hear each other", { timeout: drillTimeout }, async () => {
    await valkey.stop();
    await underLoad("unheard", { kept: KEPT, cooldown: 0 }, () => rotateAtOnce(sized(6, 60)));
  });
});
