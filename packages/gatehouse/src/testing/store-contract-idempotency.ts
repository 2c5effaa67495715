import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IdempotencyClaim } from "../kernel/ports/idempotency.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const records = createIdempotencyRecords();
let numbers = 0;

/** A claim on a key no other test has used. */
function freshClaim(more: Partial<IdempotencyClaim> = {}): IdempotencyClaim {
  numbers += 1;
  return { id: `key ${numbers}`, fingerprint: "input", owner: "first", ttl: 60_000, lease: 30_000, ...more };
}

/** What idempotency records promise on any transactional store. */
export function describeIdempotencyContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: idempotency records`, () => {
    const current = useStore(create);
    describeClaims(current);
    describeOwnership(current);
  });
}

function describeClaims(current: () => Store): void {
  const claimed = (claim: IdempotencyClaim) => current().write((writing) => records.claim(writing, claim));

  it("claims a new key, replays its result and refuses another input", async () => {
    const claim = freshClaim();
    const first = await claimed(claim);
    assert.equal(first.kind, "claimed");
    assert.equal(first.kind === "claimed" && first.attempt, 1);
    assert.equal(await current().write((writing) => records.complete(writing, claim, "result")), true);
    const second = await claimed({ ...claim, owner: "second" });
    assert.equal(second.kind, "done");
    if (first.kind === "claimed" && second.kind === "done") {
      const { createdAt, expiresAt } = first;
      assert.deepEqual(second.result, { body: "result", createdAt, expiresAt });
      assert.equal(expiresAt - createdAt, claim.ttl);
    }
    assert.deepEqual(await claimed({ ...claim, fingerprint: "other" }), {
      kind: "mismatch",
      fingerprint: claim.fingerprint,
    });
  });

  it("executes concurrent duplicates once", async () => {
    const claim = freshClaim();
    let executions = 0;
    const attempts = Array.from({ length: 24 }, (_, index) =>
      current().write(async (writing) => {
        const answer = await records.claim(writing, { ...claim, owner: `owner ${index}`, lease: 0 });
        if (answer.kind !== "claimed") return answer;
        writing.afterCommit(() => (executions += 1));
        await records.complete(writing, { ...claim, owner: `owner ${index}` }, "result");
        return answer;
      }),
    );
    const answers = await Promise.all(attempts);
    assert.equal(executions, 1);
    assert.equal(answers.filter((answer) => answer.kind === "done").length, 23);
  });

  it("leaves no trace of a transaction that failed", async () => {
    const claim = freshClaim();
    const failing = current().write(async (writing) => {
      await records.claim(writing, claim);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    const again = await claimed({ ...claim, fingerprint: "other" });
    assert.equal(again.kind === "claimed" && again.attempt, 1);
  });

  it("says how long a running execution may take", async () => {
    const claim = freshClaim();
    await claimed(claim);
    const answer = await claimed({ ...claim, owner: "second" });
    assert.equal(answer.kind, "running");
    assert.ok(answer.kind === "running" && answer.retryAfter > 0 && answer.retryAfter <= claim.lease);
  });

  it("frees a key whose record has expired, whatever the input", async () => {
    const claim = freshClaim({ ttl: 1, lease: 0 });
    await claimed(claim);
    await current().write((writing) => records.complete(writing, claim, "old"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const answer = await claimed({ ...claim, fingerprint: "other" });
    assert.equal(answer.kind === "claimed" && answer.attempt, 1);
  });

  it("prunes expired records, a limited number at once", async () => {
    const claims = Array.from({ length: 3 }, () => freshClaim({ ttl: 1, lease: 0 }));
    await Promise.all(claims.map(claimed));
    await new Promise((resolve) => setTimeout(resolve, 10));
    let pruned = 0;
    for (let round = 0; round < 3; round += 1) {
      const count = await current().write((writing) => records.prune(writing, 2));
      assert.ok(count <= 2);
      pruned += count;
    }
    assert.ok(pruned >= 3);
  });
}

function describeOwnership(current: () => Store): void {
  const claimed = (claim: IdempotencyClaim) => current().write((writing) => records.claim(writing, claim));

  it("lets the next attempt take over an abandoned execution at once, and counts it", async () => {
    const first = freshClaim();
    const second = { ...first, owner: "second" };
    await claimed(first);
    await current().write((writing) => records.abandon(writing, first));
    assert.deepEqual(await claimed({ ...second, fingerprint: "other" }), {
      kind: "mismatch",
      fingerprint: second.fingerprint,
    });
    const answer = await claimed(second);
    assert.equal(answer.kind === "claimed" && answer.attempt, 2);
    assert.equal(await current().write((writing) => records.complete(writing, first, "late")), false);
    assert.equal(await current().write((writing) => records.complete(writing, second, "result")), true);
  });

  it("lets the next attempt take over an execution that outlived its lease", async () => {
    const first = freshClaim({ lease: 1 });
    await claimed(first);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const second = { ...first, owner: "second", lease: 30_000 };
    const answer = await claimed(second);
    assert.equal(answer.kind === "claimed" && answer.attempt, 2);
    assert.equal(await current().write((writing) => records.renew(writing, first)), false);
    await current().write((writing) => records.forget(writing, first));
    await current().write((writing) => records.abandon(writing, first));
    assert.equal((await claimed({ ...first, owner: "third" })).kind, "running");
  });

  it("keeps a renewed lease", async () => {
    const first = freshClaim({ lease: 40, ttl: 1 });
    await claimed(first);
    assert.equal(await current().write((writing) => records.renew(writing, { ...first, lease: 30_000 })), true);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal((await claimed({ ...first, owner: "second" })).kind, "running");
  });

  it("frees a key that is forgotten by its owner", async () => {
    const claim = freshClaim();
    await claimed(claim);
    await current().write((writing) => records.forget(writing, claim));
    const answer = await claimed({ ...claim, fingerprint: "other", owner: "second" });
    assert.equal(answer.kind === "claimed" && answer.attempt, 1);
  });

  it("never forgets or abandons a result", async () => {
    const claim = freshClaim();
    await claimed(claim);
    await current().write((writing) => records.complete(writing, claim, "result"));
    await current().write((writing) => records.forget(writing, claim));
    await current().write((writing) => records.abandon(writing, claim));
    assert.equal((await claimed(claim)).kind, "done");
  });
}
