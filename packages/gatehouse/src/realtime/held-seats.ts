import type { Counters, LimitCheck, Reservation } from "../kernel/ports/counters.ts";
import type { Timers } from "../kernel/timers.ts";

/** What seats are held with. */
export interface HeldSeatsParts {
  /** Shared by all servers. */
  readonly counters: Counters;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
}

/** Milliseconds after which a slot is free whose server has died. */
const LIFETIME = 120_000;
/** Milliseconds between two rounds in which slots are held. */
const ROUND = LIFETIME / 3;
/** Seats that are held at once. */
const SLICE = 100;

/** The check of at most so many at once. */
export function seatCheck(policy: string, limit: number, key: string): LimitCheck {
  return { policy, key, rule: { kind: "concurrency", limit, window: LIFETIME }, cost: 1 };
}

/** Slots in shared counters that are taken for as long as something is open. */
export class HeldSeats {
  readonly #parts: HeldSeatsParts;
  readonly #seats = new Set<HeldSeat>();
  readonly #returning = new Set<Promise<void>>();
  #round: Disposable | undefined;

  constructor(parts: HeldSeatsParts) {
    this.#parts = parts;
  }

  /** How many there are on this server. */
  get size(): number {
    return this.#seats.size;
  }

  /** A seat without any slot yet. It counts from now on. */
  begin(): HeldSeat {
    const { counters, report } = this.#parts;
    const seat: HeldSeat = new HeldSeat(counters, report, (returning) => {
      this.#seats.delete(seat);
      this.#returning.add(returning);
      void returning.then(() => this.#returning.delete(returning));
    });
    this.#seats.add(seat);
    this.#round ??= this.#schedule();
    return seat;
  }

  /** Resolves when everything that was released has been given back. */
  async settle(): Promise<void> {
    await Promise.all(this.#returning);
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

/** The slots of one who is there. */
export class HeldSeat {
  readonly #counters: Counters;
  readonly #report: (error: unknown) => void;
  readonly #released: (returning: Promise<void>) => void;
  readonly #held: Reservation[] = [];
  #isReleased = false;

  /** `released` is told when it is free here, and what has to end until it is free everywhere, which never rejects. */
  constructor(counters: Counters, report: (error: unknown) => void, released: (returning: Promise<void>) => void) {
    this.#counters = counters;
    this.#report = report;
    this.#released = released;
  }

  /** Takes slots besides those that it has, all of them or none; the policy that refuses them. */
  async take(wanted: readonly LimitCheck[]): Promise<string | undefined> {
    const known = new Set(this.#held.flatMap((reservation) => reservation.checks.map(({ key }) => key)));
    const checks = wanted.filter(({ key }) => !known.has(key));
    if (checks.length === 0) return undefined;
    const { admitted, states, reservation } = await this.#counters.take(checks);
    if (!admitted) return states.find(({ retryAfter }) => retryAfter > 0)?.policy ?? checks[0]?.policy;
    if (reservation === undefined) return undefined;
    if (this.#isReleased) await this.#giveBack(reservation);
    else this.#held.push(reservation);
    return undefined;
  }

  /** Holds them for another while. */
  async renew(): Promise<void> {
    try {
      for (const reservation of this.#held) await this.#counters.renew(reservation);
    } catch (error) {
      // It is taken again in the next round.
      this.#report(error);
    }
  }

  /** Gives them back. Once is enough. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const returned = this.#held.splice(0).map((reservation) => this.#giveBack(reservation));
    this.#released(Promise.all(returned).then(() => undefined));
  }

  async #giveBack(reservation: Reservation): Promise<void> {
    try {
      await this.#counters.release(reservation);
    } catch (error) {
      // It frees itself after its lifetime.
      this.#report(error);
    }
  }
}
