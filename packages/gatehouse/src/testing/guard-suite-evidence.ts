import assert from "node:assert/strict";
import { it } from "node:test";
import type { SecurityEvent } from "../kernel/event.ts";
import { SUITE_SECRET } from "./guard-suite-actions.ts";
import { actorOf, admitted, expectSource, refused, type Suite } from "./guard-suite-refusal.ts";

const CHANGED = "action_performed";

/** What is known afterwards. Every other test looks at its denials' events, and for secrets in them. */
export function describeEvidence(suite: Suite): void {
  describeChanges(suite);
  describeAnswers(suite);
}

function describeChanges(suite: Suite): void {
  const { under, harness, send } = suite;
  const changes = async (): Promise<readonly SecurityEvent[]> =>
    (await harness().auditRows()).filter(({ name, action }) => name === CHANGED && action === "suite.change");

  it("writes one audit row and one event a change: who, what, whence, which request", async () => {
    const before = (await changes()).length;
    const input = { text: "evidence" };
    const answer = await admitted(send({ input, key: "suite-evidence-key" }));
    const rows = await changes();
    assert.equal(rows.length, before + 1);
    const [row] = rows;
    assert.ok(row !== undefined);
    assert.equal(row.target, under.target ?? "evidence");
    const { type, id } = row.actor;
    assert.deepEqual({ type, id }, actorOf(suite, "ada"));
    expectSource(suite, row, { answer, request: {} });
    const told = harness().events.filter(({ action }) => action === "suite.change");
    assert.deepEqual(
      told.map((event) => [event.id, event.name, event.outcome]),
      [[row.id, row.name, "success"]],
    );
  });

  it("tells of a replay by an event of its own, and writes no second row", async () => {
    await admitted(send({ key: "suite-evidence" }));
    const before = (await changes()).length;
    await admitted(send({ key: "suite-evidence" }));
    assert.equal((await changes()).length, before);
    const names = harness()
      .events.filter(({ action }) => action === "suite.change")
      .map(({ name }) => name);
    assert.deepEqual(names, [CHANGED, "idempotency_replayed"]);
  });

  it("writes no change for an attempt that was refused", async () => {
    const before = (await changes()).length;
    await refused(suite, "PERMISSION_DENIED", { as: "mallory" });
    assert.equal((await changes()).length, before);
  });

  it("keeps credentials, tokens and keys out of the audit trail", async () => {
    await admitted(send({ key: "suite-secret-key" }));
    await refused(suite, "VALIDATION_ERROR", { input: { text: SUITE_SECRET } });
    const rows = JSON.stringify(await harness().auditRows());
    for (const secret of [...harness().secrets, SUITE_SECRET]) assert.ok(!rows.includes(secret), secret.slice(0, 12));
  });
}

function describeAnswers(suite: Suite): void {
  if (suite.under.wire !== "http") return;

  it("answers with the headers that keep browsers from guessing and caches from keeping", async () => {
    const answers = [await admitted(suite.send()), await refused(suite, "PERMISSION_DENIED", { as: "mallory" })];
    for (const { headers, requestId } of answers) {
      assert.equal(headers?.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cache-control"), "no-store");
      assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
      assert.match(requestId ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
    }
  });
}
