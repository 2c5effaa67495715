import type { Clock } from "../../kernel/clock.ts";
import { base64url, constantTimeEqual, utf8 } from "../../kernel/codec.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";

/** Milliseconds in which the same nonce is given; it counts for as long again. */
const PERIOD = 300_000;
const BYTES = 16;
const PURPOSE = "oauth-proof-nonce";

/**
 * Nonces for proofs (RFC 9449 section 9), so that nobody can make proofs in advance, with a key that is to be had for a
 * moment. A nonce is a keyed hash of its time: nothing is kept, and every server of an installation knows those of the
 * others.
 */
export class ProofNonces {
  readonly #keyRing: KeyRing;
  readonly #clock: Pick<Clock, "now">;

  constructor({ keyRing, clock }: { readonly keyRing: KeyRing; readonly clock: Pick<Clock, "now"> }) {
    this.#keyRing = keyRing;
    this.#clock = clock;
  }

  /** The nonce to use now. */
  current(): string {
    return nonceOf(this.#keyRing.current(PURPOSE), this.#period());
  }

  /** Whether a nonce is the present one or its neighbour: that of a server whose clock is ahead counts, too. */
  accepts(nonce: string): boolean {
    const given = utf8(nonce);
    const now = this.#period();
    const known = this.#keyRing
      .all(PURPOSE)
      .flatMap((key) => [now, now - 1, now + 1].map((period) => nonceOf(key, period)));
    return known.some((candidate) => constantTimeEqual(utf8(candidate), given));
  }

  #period(): number {
    return Math.floor(this.#clock.now() / PERIOD);
  }
}

function nonceOf({ mac }: Pick<ReturnType<KeyRing["current"]>, "mac">, period: number): string {
  return base64url(mac(String(period)).subarray(0, BYTES));
}
