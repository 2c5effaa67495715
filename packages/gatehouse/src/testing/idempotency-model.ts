import type { ClaimAnswer, IdempotencyClaim } from "../kernel/ports/idempotency.ts";

interface ModelRecord {
  readonly claim: IdempotencyClaim;
  readonly state: "started" | "done" | "unknown";
  readonly attempt: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly leaseUntil: number;
  readonly body: string;
}

/** What idempotency records should do, written to be read: an oracle for property tests, one step at a time. */
export class IdempotencyModel {
  readonly #records = new Map<string, ModelRecord>();

  claim(claim: IdempotencyClaim, now: number): ClaimAnswer {
    const record = this.#records.get(claim.id);
    if (record === undefined || record.expiresAt <= now) return this.#start(claim, now, { attempt: 1, createdAt: now });
    if (record.claim.fingerprint !== claim.fingerprint)
      return { kind: "mismatch", fingerprint: record.claim.fingerprint };
    const { state, attempt, createdAt, expiresAt, leaseUntil, body } = record;
    if (state === "done") return { kind: "done", result: { body, createdAt, expiresAt } };
    if (state === "started" && leaseUntil > now) return { kind: "running", retryAfter: leaseUntil - now };
    return this.#start(claim, now, { attempt: attempt + 1, createdAt });
  }

  renew(claim: IdempotencyClaim, now: number): boolean {
    const record = this.#owned(claim);
    if (record === undefined) return false;
    const leaseUntil = now + claim.lease;
    this.#records.set(claim.id, { ...record, leaseUntil, expiresAt: Math.max(record.expiresAt, leaseUntil) });
    return true;
  }

  complete(claim: IdempotencyClaim, body: string): boolean {
    const record = this.#owned(claim);
    if (record === undefined) return false;
    this.#records.set(claim.id, { ...record, state: "done", body });
    return true;
  }

  forget(claim: IdempotencyClaim): void {
    if (this.#owned(claim) !== undefined) this.#records.delete(claim.id);
  }

  abandon(claim: IdempotencyClaim): void {
    const record = this.#owned(claim);
    if (record !== undefined) this.#records.set(claim.id, { ...record, state: "unknown" });
  }

  prune(now: number): number {
    const expired = [...this.#records].filter(([, record]) => record.expiresAt <= now);
    for (const [id] of expired) this.#records.delete(id);
    return expired.length;
  }

  #start(claim: IdempotencyClaim, now: number, origin: { attempt: number; createdAt: number }): ClaimAnswer {
    const expiresAt = now + Math.max(claim.ttl, claim.lease);
    const record = { claim, state: "started", expiresAt, leaseUntil: now + claim.lease, body: "", ...origin } as const;
    this.#records.set(claim.id, record);
    return { kind: "claimed", expiresAt, ...origin };
  }

  #owned(claim: IdempotencyClaim): ModelRecord | undefined {
    const record = this.#records.get(claim.id);
    return record?.state === "started" && record.claim.owner === claim.owner ? record : undefined;
  }
}
