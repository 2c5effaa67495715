import { addressKey, createAddressRanges, type AddressRanges } from "../../guards/address.ts";
import { invitationOf, type Attempt, type Principal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Counters, LimitCheck, Reservation } from "../../kernel/ports/counters.ts";
import type { Problem } from "../../kernel/problem.ts";
import { problems } from "../../kernel/problems.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { LineSettings } from "./options.ts";
import { lineProblems } from "./problems.ts";

/** What connections are counted with. */
export interface LineCapsParts {
  /** Shared by all servers. */
  readonly counters: Counters;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly timers: Timers;
  readonly settings: LineSettings;
  /** Ranges whose callers are not counted by their address. */
  readonly trustedCidrs: readonly string[];
  readonly report: (error: unknown) => void;
}

/** What of an attempt tells who is to be counted. */
export type LineCaller = Pick<Attempt, "peer" | "known">;

/** The place of one connection. */
export interface Seat {
  /** Counts it for a principal besides; a denial where that one has too many. */
  claim(principal: Principal): Promise<Denial | undefined>;
  /** Gives it back. Once is enough. */
  release(): void;
}

const USER_POLICY = "realtime.connections-user";
const ADDRESS_POLICY = "realtime.connections-address";
const INVITATION_POLICY = "realtime.connections-invitation";
const NODE_POLICY = "realtime.connections-server";
/** How many times as many connections the guests of one join token may have together as one address. */
const GUESTS = 10;
/** Milliseconds after which the place of a connection is free whose server has died. */
const LIFETIME = 120_000;
/** Milliseconds between two rounds in which the places of open connections are held. */
const ROUND = LIFETIME / 3;
/** Places that are held at once. */
const SLICE = 100;
/** Seconds after which it makes sense to try again. */
const RETRY_AFTER = 5;

/**
 * Counts connections: of a principal and of an address on all servers, and of this one. A place is taken before anything
 * is waited for, so that callers at once cannot all find the last one free.
 */
export class LineCaps {
  readonly #parts: LineCapsParts;
  readonly #trusted: AddressRanges;
  readonly #seats = new Set<CountedSeat>();
  readonly #returning = new Set<Promise<void>>();
  #round: Disposable | undefined;

  constructor(parts: LineCapsParts) {
    this.#parts = parts;
    this.#trusted = createAddressRanges(parts.trustedCidrs);
  }

  /** Places that are taken on this server. */
  get taken(): number {
    return this.#seats.size;
  }

  /**
   * Takes a place. Strangers are counted by their address alone; guests of one join token together, since all of an event
   * may be at one address; whoever has signed in by themselves.
   */
  async reserve(principal: Principal, attempt: LineCaller): Promise<Seat | Denial> {
    const { counters, settings, report } = this.#parts;
    if (this.#seats.size >= settings.perNode) return excess(lineProblems.CONNECTIONS_EXHAUSTED, NODE_POLICY);
    const seat = new CountedSeat({
      counters,
      report,
      userCheck: (one) => this.#userCheck(one),
      released: (returning) => {
        this.#seats.delete(seat);
        this.#returning.add(returning);
        void returning.then(() => this.#returning.delete(returning));
      },
    });
    this.#seats.add(seat);
    this.#round ??= this.#schedule();
    const refused = await seat
      .take([...this.#groupChecks(principal, attempt), ...this.#userCheck(principal)])
      .catch((error) => {
        seat.release();
        throw error;
      });
    if (refused === undefined) return seat;
    seat.release();
    return refused;
  }

  /** Resolves when everything that was released has been given back. */
  async settle(): Promise<void> {
    await Promise.all(this.#returning);
  }

  #groupChecks(principal: Principal, attempt: LineCaller): LimitCheck[] {
    const { ip } = attempt.peer;
    const { perAddress } = this.#parts.settings;
    const invitation = invitationOf(attempt, principal);
    if (invitation !== undefined)
      return [this.#check(INVITATION_POLICY, perAddress * GUESTS, [principal.tenant, invitation])];
    if (this.#trusted.has(ip) || attempt.known?.by === "session") return [];
    return [this.#check(ADDRESS_POLICY, perAddress, [addressKey(ip)])];
  }

  #userCheck({ type, id, tenant }: Principal): LimitCheck[] {
    if (type === "anonymous") return [];
    return [this.#check(USER_POLICY, this.#parts.settings.perUser, [tenant, type, id])];
  }

  #check(policy: string, limit: number, subject: readonly string[]): LimitCheck {
    const key = this.#parts.keyRing.fingerprint("limit", policy, ...subject);
    return { policy, key, rule: { kind: "concurrency", limit, window: LIFETIME }, cost: 1 };
  }

  #schedule(): Disposable {
    return this.#parts.timers.after(ROUND, () => void this.#hold(), "background");
  }

  async #hold(): Promise<void> {
    const seats = [...this.#seats];
    for (let start = 0; start < seats.length; start += SLICE) {
      await Promise.all(seats.slice(start, start + SLICE).map((seat) => seat.renew()));
    }
    this.#round = this.#seats.size === 0 ? undefined : this.#schedule();
  }
}

interface SeatParts {
  readonly counters: Counters;
  readonly report: (error: unknown) => void;
  readonly userCheck: (principal: Principal) => LimitCheck[];
  /** Told when it is free here, and what has to end until it is free everywhere. Never rejects. */
  readonly released: (returning: Promise<void>) => void;
}

class CountedSeat implements Seat {
  readonly #parts: SeatParts;
  readonly #held: Reservation[] = [];
  #released = false;

  constructor(parts: SeatParts) {
    this.#parts = parts;
  }

  async take(checks: readonly LimitCheck[]): Promise<Denial | undefined> {
    if (checks.length === 0) return undefined;
    const { admitted, states, reservation } = await this.#parts.counters.take(checks);
    const refusing = states.find(({ retryAfter }) => retryAfter > 0);
    if (!admitted) return excess(problems.TOO_MANY_CONCURRENT, refusing?.policy ?? USER_POLICY);
    if (reservation === undefined) return undefined;
    if (this.#released) await this.#giveBack(reservation);
    else this.#held.push(reservation);
    return undefined;
  }

  claim(principal: Principal): Promise<Denial | undefined> {
    const checks = this.#parts.userCheck(principal);
    const known = new Set(this.#held.flatMap((reservation) => reservation.checks.map(({ key }) => key)));
    return this.take(checks.filter(({ key }) => !known.has(key)));
  }

  async renew(): Promise<void> {
    try {
      for (const reservation of this.#held) await this.#parts.counters.renew(reservation);
    } catch (error) {
      // It is taken again in the next round.
      this.#parts.report(error);
    }
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    const returned = this.#held.splice(0).map((reservation) => this.#giveBack(reservation));
    this.#parts.released(Promise.all(returned).then(() => undefined));
  }

  async #giveBack(reservation: Reservation): Promise<void> {
    try {
      await this.#parts.counters.release(reservation);
    } catch (error) {
      // It frees itself after its lifetime.
      this.#parts.report(error);
    }
  }
}

function excess(problem: Problem, policy: string): Denial {
  return deny(problem, { retryAfter: RETRY_AFTER, event: events.excess_concurrency, context: { policy } });
}
