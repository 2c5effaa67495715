import { hash } from "node:crypto";
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from "jose";
import { z } from "zod";
import type { PresentedProof } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import { constantTimeEqual, utf8 } from "../../kernel/codec.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import { CLOCK_LEEWAY, PROOF_ALGORITHMS } from "./algorithms.ts";
import { resourceEvents } from "./events.ts";
import { resourceProblems } from "./problems.ts";
import { comparableAddress } from "./proof-address.ts";
import { ProofNonces } from "./proof-nonces.ts";
import type { ProofReplays } from "./proof-replays.ts";
import { isVerificationError } from "./verification-error.ts";

/** What proofs are checked with. */
export interface ProofsParts {
  readonly keyRing: KeyRing;
  readonly clock: Pick<Clock, "now">;
  readonly replays: ProofReplays;
  /** Whether proofs need a nonce of ours. */
  readonly nonces: boolean;
}

/** The token a proof came with. */
export interface ProvenToken {
  readonly token: string;
  /** Thumbprint of the key the token is bound to. */
  readonly thumbprint: string;
}

/** Milliseconds for which a proof counts, besides what clocks may differ by. */
const LIFETIME = 60_000;

const Claims = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string().max(20),
  htu: z.string().max(8_192),
  iat: z.number(),
  ath: z.string().max(64),
  nonce: z.string().max(256).optional(),
});
type Claims = z.infer<typeof Claims>;

/** Checks that who presents a token has the key it is bound to (RFC 9449 section 4.3). */
export class Proofs {
  readonly #parts: ProofsParts;
  readonly #nonces: ProofNonces;

  constructor(parts: ProofsParts) {
    this.#parts = parts;
    this.#nonces = new ProofNonces(parts);
  }

  /** Admits a proof once, or says why not. */
  async check(presented: PresentedProof, token: ProvenToken): Promise<Denial | undefined> {
    const claims = await this.#read(presented.text, token.thumbprint);
    if (isDenial(claims)) return claims;
    const fault = this.#faultOf(claims, presented, token.token);
    if (fault !== undefined) return refused(fault);
    if (this.#parts.nonces && (claims.nonce === undefined || !this.#nonces.accepts(claims.nonce))) {
      return this.#askForNonce();
    }
    const key = this.#parts.keyRing.fingerprint("oauth-proof", token.thumbprint, claims.jti);
    // The store judges by a clock of its own.
    const until = claims.iat * 1000 + LIFETIME + 2 * CLOCK_LEEWAY;
    if (await this.#parts.replays.first(key, until)) return undefined;
    return refused("used before", resourceEvents.authn_proof_replayed);
  }

  /** Only the key of the token is ever worked with, whatever else a proof brings along. */
  async #read(text: string, thumbprint: string): Promise<Claims | Denial> {
    try {
      const { jwk } = decodeProtectedHeader(text);
      if (jwk === undefined || (await calculateJwkThumbprint(jwk)) !== thumbprint) return refused("another key");
      const { payload } = await jwtVerify(text, EmbeddedJWK, {
        typ: "dpop+jwt",
        algorithms: [...PROOF_ALGORITHMS],
        currentDate: new Date(this.#parts.clock.now()),
      });
      const claims = Claims.safeParse(payload);
      return claims.success ? claims.data : refused("claims");
    } catch (error) {
      if (isVerificationError(error)) return refused("signature");
      throw error;
    }
  }

  #faultOf(claims: Claims, presented: PresentedProof, token: string): string | undefined {
    if (claims.htm !== presented.method) return "another method";
    const address = comparableAddress(claims.htu);
    if (address === undefined || address !== comparableAddress(presented.url)) return "another address";
    if (!constantTimeEqual(utf8(claims.ath), utf8(hash("sha256", token, "base64url")))) return "another token";
    const age = this.#parts.clock.now() - claims.iat * 1000;
    return age < -CLOCK_LEEWAY || age > LIFETIME + CLOCK_LEEWAY ? "another time" : undefined;
  }

  #askForNonce(): Denial {
    return deny(resourceProblems.PROOF_NONCE_REQUIRED, {
      event: resourceEvents.authn_nonce_asked,
      headers: { "dpop-nonce": this.#nonces.current() },
    });
  }
}

function refused(reason: string, event: EventDefinition = resourceEvents.authn_proof_refused): Denial {
  return deny(resourceProblems.PROOF_INVALID, { event, context: { reason } });
}
