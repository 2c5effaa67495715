import { addressKey, createAddressRanges, type AddressRanges } from "../../guards/address.ts";
import { invitationOf, type Attempt, type Principal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { LimitCheck } from "../../kernel/ports/counters.ts";
import type { Problem } from "../../kernel/problem.ts";
import { problems } from "../../kernel/problems.ts";
import { HeldSeats, seatCheck, type HeldSeatsParts } from "../held-seats.ts";
import type { LineSettings } from "./options.ts";
import { lineProblems } from "./problems.ts";

/** What connections are counted with. */
export interface LineCapsParts extends HeldSeatsParts {
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly settings: LineSettings;
  /** Ranges whose callers are not counted by their address. */
  readonly trustedCidrs: readonly string[];
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
/** Seconds after which it makes sense to try again. */
const RETRY_AFTER = 5;

/**
 * Counts connections: of a principal and of an address on all servers, and of this one. A place is taken before anything
 * is waited for, so that callers at once cannot all find the last one free.
 */
export class LineCaps {
  readonly #parts: LineCapsParts;
  readonly #trusted: AddressRanges;
  readonly #seats: HeldSeats;

  constructor(parts: LineCapsParts) {
    this.#parts = parts;
    this.#trusted = createAddressRanges(parts.trustedCidrs);
    this.#seats = new HeldSeats(parts);
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
    const { settings } = this.#parts;
    if (this.#seats.size >= settings.perNode) return excess(lineProblems.CONNECTIONS_EXHAUSTED, NODE_POLICY);
    const seat = this.#seats.begin();
    const take = async (checks: readonly LimitCheck[]): Promise<Denial | undefined> => {
      const policy = await seat.take(checks);
      return policy === undefined ? undefined : excess(problems.TOO_MANY_CONCURRENT, policy);
    };
    const refused = await take([...this.#groupChecks(principal, attempt), ...this.#userCheck(principal)]).catch(
      (error) => {
        seat.release();
        throw error;
      },
    );
    if (refused === undefined) return { claim: (named) => take(this.#userCheck(named)), release: () => seat.release() };
    seat.release();
    return refused;
  }

  /** Resolves when everything that was released has been given back. */
  settle(): Promise<void> {
    return this.#seats.settle();
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
    return seatCheck(policy, limit, this.#parts.keyRing.fingerprint("limit", policy, ...subject));
  }
}

function excess(problem: Problem, policy: string): Denial {
  return deny(problem, { retryAfter: RETRY_AFTER, event: events.excess_concurrency, context: { policy } });
}
