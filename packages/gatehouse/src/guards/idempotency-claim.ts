import type { Attempt, Principal } from "../kernel/attempt.ts";
import { base64url } from "../kernel/codec.ts";
import type { Passage } from "../kernel/guard.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { IdempotencyClaim } from "../kernel/ports/idempotency.ts";
import type { Random } from "../kernel/random.ts";
import { addressKey } from "./address.ts";
import { canonicalInput } from "./idempotency-input.ts";

/** What claims are derived from. */
export interface ClaimOptions {
  readonly keyRing: KeyRing;
  readonly random: Random;
  /** Milliseconds. */
  readonly lease: number;
}

/** The claim of an attempt: identifiers are keyed hashes, so that the store knows neither callers nor keys. */
export function claimFor(passage: Passage, key: string, options: ClaimOptions & { ttl: number }): IdempotencyClaim {
  const { keyRing, random, lease, ttl } = options;
  const { attempt, principal, action, input } = passage;
  const scope = scopeOf(principal, attempt, keyRing);
  return {
    id: keyRing.fingerprint("idempotency", attempt.tenant, ...scope, action.name, key),
    fingerprint: keyRing.fingerprint("idempotency-input", action.name, canonicalInput(input)),
    owner: base64url(random.bytes(OWNER_BYTES)),
    ttl: ttl * 1000,
    lease: action.effects === "external" ? lease : 0,
  };
}

const OWNER_BYTES = 16;

/** The step keys of a claim: the same for every execution under it, on any server. */
export function stepKeysOf(claim: IdempotencyClaim, keyRing: KeyRing): (step: string) => string {
  return (step) => keyRing.fingerprint("idempotency-step", claim.id, step);
}

/**
 * Whose key it is. Strangers never share one scope: a key is theirs by session, by what they presented, by
 * connection, and only where nothing else tells them apart by address.
 */
function scopeOf(principal: Principal, attempt: Attempt, keyRing: KeyRing): [string, string, string] {
  const { type, id, onBehalfOf = "" } = principal;
  if (type !== "anonymous") return [type, id, onBehalfOf];
  if (principal.session !== undefined) return [type, "session", principal.session];
  const credential = credentialOf(attempt);
  if (credential !== undefined) return [type, "credential", keyRing.fingerprint("idempotency-scope", credential)];
  const { connection, ip } = attempt.peer;
  return connection === undefined ? [type, "address", addressKey(ip)] : [type, "connection", connection];
}

function credentialOf({ credentials }: Attempt): string | undefined {
  for (const credential of credentials) {
    if (credential.kind === "session") return `session ${credential.id}`;
    if (credential.kind === "bearer") return `bearer ${credential.token}`;
    if (credential.kind === "client") return `client ${credential.id}`;
  }
  return undefined;
}
