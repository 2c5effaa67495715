import { anonymousPrincipal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import { problems } from "../../kernel/problems.ts";
import { channelName } from "../channel-name.ts";
import { seatCheck, type HeldSeat } from "../held-seats.ts";
import type { ConnectionAttempts } from "./attempts.ts";
import type { Shared } from "./shared.ts";

/** Whose places they are. */
export interface ActorPlacesParts {
  readonly shared: Shared;
  readonly attempts: ConnectionAttempts;
  /** Identifier of the connection. */
  readonly client: string;
}

interface Place {
  readonly seat: HeldSeat;
  /** The policy that refuses it, once that is known. */
  readonly refused: Promise<string | undefined>;
  holders: number;
}

const POLICY = "realtime.connections-actor";
/** Seconds after which it makes sense to try again. */
const RETRY_AFTER = 5;

/** The places that one connection takes in actors: one in each, however many of its channels it hears. */
export class ActorPlaces {
  readonly #parts: ActorPlacesParts;
  readonly #byActor = new Map<string, Place>();

  constructor(parts: ActorPlacesParts) {
    this.#parts = parts;
  }

  /** Takes a place, or shares the one there is. Disposing the result, once, gives it back. */
  async take(address: ActorAddress): Promise<Disposable | Denial> {
    const name = channelName(address);
    const place = this.#byActor.get(name) ?? this.#open(name, address);
    place.holders += 1;
    const leave = (): void => {
      place.holders -= 1;
      if (place.holders > 0) return;
      this.#byActor.delete(name);
      place.seat.release();
    };
    try {
      if ((await place.refused) === undefined) return { [Symbol.dispose]: leave };
    } catch (error) {
      leave();
      throw error;
    }
    leave();
    return this.#refuse(address);
  }

  #open(name: string, { tenant, type, key }: ActorAddress): Place {
    const { seats, keyRing, actors } = this.#parts.shared;
    const seat = seats.begin();
    const check = seatCheck(
      POLICY,
      actors.capacityOf(type),
      keyRing.fingerprint("limit", POLICY, tenant, type, ...key),
    );
    const place = { seat, refused: seat.take([check]), holders: 0 };
    this.#byActor.set(name, place);
    return place;
  }

  #refuse(address: ActorAddress): Denial {
    const { shared, attempts, client } = this.#parts;
    const { tenant } = attempts;
    shared.probe(address);
    const { type, id } = attempts.principal ?? anonymousPrincipal(tenant);
    const { name, level } = events.excess_concurrency;
    shared.events.emit({
      ...{ id: shared.ids.next(), at: shared.clock.now(), name, level, tenant },
      actor: { type, id },
      source: { entrance: "realtime", ip: attempts.ip },
      action: `${address.type}.subscribe`,
      target: channelName(address),
      outcome: "denied",
      requestId: client,
      context: { policy: POLICY },
    });
    return deny(problems.TOO_MANY_CONCURRENT, { retryAfter: RETRY_AFTER });
  }
}
