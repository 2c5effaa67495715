import { addressKey } from "../../guards/address.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Counters, LimitCheck, LimitRule, Reservation } from "../../kernel/ports/counters.ts";
import { problems } from "../../kernel/problems.ts";
import { identityEvents } from "../events.ts";

/** What can be guessed at. Each is counted by itself, so that a known password gives nobody further tries at a code. */
export type GuessKind = "password" | "totp" | "recovery";

/** One try. */
export interface GuessAttempt {
  readonly kind: GuessKind;
  readonly tenant: string;
  /** Whose secret is guessed at, whether there is such an account or not: a keyed hash or an `id`. */
  readonly subject: string;
  readonly ip: string;
  /** The device of the account's owner from which it comes, where it is known. */
  readonly device: string | undefined;
}

/** A try that may be made. */
export interface Guess {
  /** Gives the try back: it was right. Tries that went wrong from the same source are forgotten. */
  right(): Promise<void>;
  /** Gives the try back without more: nothing was compared. */
  untried(): Promise<void>;
}

/** What guesses are counted with. */
export interface GuessThrottleParts {
  readonly counters: Counters;
  readonly keyRing: KeyRing;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Wrong tries in a row before the first wait. */
const FREE_TRIES = 3;
const FIRST_WAIT = 30 * SECOND;
/** From here on a source has ten tries in about an hour. */
const DOUBLINGS = 7;

/**
 * One more wrong try each time the trailing window doubles: after three quick ones the next is admitted after half a
 * minute, then after one, two, four ... until 64.
 */
const DELAYS: readonly LimitRule[] = Array.from({ length: DOUBLINGS + 1 }, (_, step) => ({
  kind: "window",
  limit: FREE_TRIES + step,
  window: FIRST_WAIT * 2 ** step,
}));

/** Wrong tries at one account from all strange sources together: against many addresses that guess at one account. */
const ACCOUNT_LIMIT: LimitRule = { kind: "window", limit: 100, window: 60 * MINUTE };
/** Wrong tries at one account from all its known devices together: whoever has its mailbox can make any number known. */
const DEVICES_LIMIT: LimitRule = ACCOUNT_LIMIT;
/** Wrong tries from one address at all accounts together: against one password tried at many accounts. */
const ADDRESS_LIMIT: LimitRule = { kind: "window", limit: 50, window: 10 * MINUTE };

/**
 * Slows down guessing, before anything is hashed. Wrong tries alone count: by account and source with a delay that
 * doubles, by account, and by address. The owner of an account comes from a device that is known and has a delay of its
 * own there, so nobody else's tries keep them out.
 */
export class GuessThrottle {
  readonly #parts: GuessThrottleParts;

  constructor(parts: GuessThrottleParts) {
    this.#parts = parts;
  }

  /** Asks for a try; of many at once none more is admitted than one after another. */
  async take(attempt: GuessAttempt): Promise<Guess | Denial> {
    const { counters } = this.#parts;
    const delays = this.#delays(attempt);
    const around = attempt.device === undefined ? this.#ofStrangers(attempt) : [this.#ofDevices(attempt)];
    const checks = [...delays, ...around];
    const { states, reservation } = await counters.take(checks);
    if (reservation === undefined) {
      const wait = Math.max(...states.map(({ retryAfter }) => retryAfter));
      return deny(problems.RATE_LIMIT_EXCEEDED, {
        retryAfter: Math.max(1, Math.ceil(wait / SECOND)),
        event: identityEvents.authn_login_fail_max,
        context: { factor: attempt.kind, subject: attempt.subject },
      });
    }
    return {
      right: () => this.#forget(reservation, delays),
      untried: async () => counters.release(reservation),
    };
  }

  async #forget(reservation: Reservation, delays: readonly LimitCheck[]): Promise<void> {
    const { counters } = this.#parts;
    await counters.release(reservation);
    await counters.reset(delays.map(({ key }) => key));
  }

  #delays({ kind, tenant, subject, ip, device }: GuessAttempt): LimitCheck[] {
    const source = device === undefined ? ["source", addressKey(ip)] : ["device", device];
    return DELAYS.map((rule, step) => {
      const policy = `guess-${kind}-${step}`;
      return { policy, key: this.#key(policy, tenant, subject, ...source), rule, cost: 1 };
    });
  }

  #ofStrangers({ kind, tenant, subject, ip }: GuessAttempt): LimitCheck[] {
    const [account, address] = [`guess-${kind}-account`, `guess-${kind}-address`];
    return [
      { policy: account, key: this.#key(account, tenant, subject), rule: ACCOUNT_LIMIT, cost: 1 },
      { policy: address, key: this.#key(address, tenant, addressKey(ip)), rule: ADDRESS_LIMIT, cost: 1 },
    ];
  }

  #ofDevices({ kind, tenant, subject }: GuessAttempt): LimitCheck {
    const policy = `guess-${kind}-devices`;
    return { policy, key: this.#key(policy, tenant, subject), rule: DEVICES_LIMIT, cost: 1 };
  }

  #key(policy: string, ...parts: string[]): string {
    return this.#parts.keyRing.fingerprint("guess", policy, ...parts);
  }
}
