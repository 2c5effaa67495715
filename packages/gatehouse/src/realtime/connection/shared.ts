import type { Flusher } from "./flusher.ts";
import type { HeldSeats } from "../held-seats.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { ConnectionParts } from "./parts.ts";
import type { Statistics } from "./statistics.ts";
import type { Wheel } from "./wheel.ts";

/** What all connections of a process have in common. */
export interface Shared extends ConnectionParts {
  readonly wheel: Wheel;
  readonly flusher: Flusher;
  /** The places that connections take in actors. */
  readonly seats: HeldSeats;
  readonly statistics: Statistics;
  /** Grows whenever credentials may have become worthless: who was let in meanwhile is looked at again. */
  readonly revocations: () => number;
  /** Finds out whether those who hear an actor are still there, because it is full. */
  readonly probe: (address: ActorAddress) => void;
}
