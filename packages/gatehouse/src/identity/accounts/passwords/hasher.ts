import { argon2 } from "node:crypto";
import { constantTimeEqual } from "../../../kernel/codec.ts";
import { deny, type Denial } from "../../../kernel/outcome.ts";
import { problems } from "../../../kernel/problems.ts";
import type { Random } from "../../../kernel/random.ts";
import { parsePhc, phcOf, sameCost, type Argon2Cost, type Argon2Hash } from "./phc.ts";

/** What hashing a password costs; of the choices of the OWASP password storage cheat sheet the one with least memory twice over. */
export const PASSWORD_COST: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 };

/** How passwords are hashed. */
export interface HasherOptions {
  readonly random: Random;
  /** Default `PASSWORD_COST`. */
  readonly cost?: Argon2Cost;
  /**
   * Hashes at a time. Default 2: hashing takes threads of the pool in which the embedded store makes transactions
   * durable, and there are four of them.
   */
  readonly parallel?: number;
  /** How many may wait for their turn; more are denied. Default 64. */
  readonly waiting?: number;
}

/** What checking a password came to. */
export interface Verification {
  readonly right: boolean;
  /** The password was right, and its hash was made at another cost than new ones. */
  readonly stale: boolean;
}

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Argon2id, a bounded number of hashes at a time. */
export class PasswordHasher {
  readonly #random: Random;
  readonly #cost: Argon2Cost;
  readonly #parallel: number;
  readonly #waiting: number;
  readonly #queue: (() => void)[] = [];
  readonly #dummy: Argon2Hash;
  #running = 0;

  constructor({ random, cost = PASSWORD_COST, parallel = 2, waiting = 64 }: HasherOptions) {
    this.#random = random;
    this.#cost = cost;
    this.#parallel = parallel;
    this.#waiting = waiting;
    this.#dummy = { cost, salt: random.bytes(SALT_BYTES), hash: random.bytes(HASH_BYTES) };
  }

  /** The PHC string of a password, with a salt of its own; denied while too many wait. */
  async hash(password: string): Promise<string | Denial> {
    const salt = this.#random.bytes(SALT_BYTES);
    return this.#inTurn(async () => {
      const hash = await derive(password, { cost: this.#cost, salt, length: HASH_BYTES });
      return phcOf({ cost: this.#cost, salt, hash });
    });
  }

  /**
   * Whether a password is the one of a PHC string. Without one the same work is done for nothing, so that the time it
   * takes does not tell whether there is such an account.
   */
  async verify(password: string, phc: string | undefined): Promise<Verification | Denial> {
    const known = phc === undefined ? undefined : parsePhc(phc);
    const { cost, salt, hash } = known ?? this.#dummy;
    return this.#inTurn(async () => {
      const derived = await derive(password, { cost, salt, length: hash.byteLength });
      const right = constantTimeEqual(derived, hash) && known !== undefined;
      return { right, stale: right && !sameCost(cost, this.#cost) };
    });
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result | Denial> {
    if (this.#running >= this.#parallel) {
      if (this.#queue.length >= this.#waiting) return deny(problems.TOO_MANY_CONCURRENT, { retryAfter: 1 });
      // Whoever ends hands its place over, so that nobody who comes later gets in between.
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

interface Derivation {
  readonly cost: Argon2Cost;
  readonly salt: Uint8Array;
  readonly length: number;
}

function derive(password: string, { cost, salt, length }: Derivation): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const parameters = { message: password, nonce: salt, tagLength: length, ...cost };
  argon2("argon2id", parameters, (error, key) => (error === null ? resolve(key) : reject(error)));
  return promise;
}
