import { after, afterEach, before, beforeEach, describe } from "node:test";
import assert from "node:assert/strict";
import { createSuiteActions, SUITE_SECRET } from "./guard-suite-actions.ts";
import { describeAdmission } from "./guard-suite-admission.ts";
import { describeChecks } from "./guard-suite-checks.ts";
import type { EntranceHarness, EntranceUnderTest } from "./guard-suite-entrance.ts";
import { describeEvidence } from "./guard-suite-evidence.ts";
import { describeLimits } from "./guard-suite-limits.ts";
import { describeProvenance } from "./guard-suite-provenance.ts";
import type { Suite } from "./guard-suite-refusal.ts";
import { describeRepetition } from "./guard-suite-repetition.ts";

const SUITE_ADDRESS = "198.51.100.7";

/**
 * The guards every entrance has to pass, as a `node:test` suite: bans, limits, origin, CSRF, signatures, validation,
 * authorisation, idempotency, events and the audit trail. An entrance that builds attempts of its own passes it when
 * nothing it adds or leaves out gets past a guard.
 */
export function describeGuardsOn(name: string, under: EntranceUnderTest): void {
  describe(`guards at ${name}`, () => {
    const actions = createSuiteActions(under.entrance);
    let opened: EntranceHarness | undefined;
    const harness = (): EntranceHarness => opened ?? assert.fail("the entrance is not open");

    before(async () => {
      opened = await under.open(actions);
    });
    beforeEach(async () => {
      actions.forget();
      await harness().reset();
      harness().events.length = 0;
    });
    afterEach(() => expectNothingSecret(harness()));
    after(async () => {
      await opened?.[Symbol.asyncDispose]();
    });

    const send: Suite["send"] = (more = {}) =>
      harness().send({
        action: "suite.change",
        input: { text: "tea" },
        as: "ada",
        ip: SUITE_ADDRESS,
        tenant: "own",
        page: "own",
        message: "genuine",
        ...more,
      });
    const suite: Suite = { under, harness, send, actions, address: SUITE_ADDRESS };
    describeAdmission(suite);
    describeProvenance(suite);
    describeLimits(suite);
    describeChecks(suite);
    describeRepetition(suite);
    describeEvidence(suite);
  });
}

/** Nothing that was sent in confidence may be in an event or in the log, whatever the test was about. */
function expectNothingSecret({ events, secrets, log = [] }: EntranceHarness): void {
  const written = [JSON.stringify(events), ...log].join("\n");
  for (const secret of [...secrets, SUITE_SECRET]) {
    assert.ok(!written.includes(secret), `a secret was written: ${secret.slice(0, 12)}`);
  }
}
