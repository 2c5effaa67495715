import type { Credential, KnownCaller, Peer, Principal, Provenance } from "../kernel/attempt.ts";
import type { Denial } from "../kernel/outcome.ts";

/** What the upgrade gate has found out about whoever opens a line; attempts of the connection are made of it. */
export interface Admitted {
  readonly tenant: string;
  readonly peer: Peer;
  /** The origin was checked; the connect frame may bring a token besides. */
  readonly provenance: Provenance;
  /** The session cookie, an `Authorization` header or a ticket; empty: the connect frame has to bring a token. */
  readonly credentials: readonly Credential[];
  /** Whom the credentials name; anonymous where there are none. */
  readonly principal?: Principal;
  readonly known?: KnownCaller;
  /** Where a ticket was shown: the actor it was issued for, as a channel; other actors are refused. */
  readonly actor?: string;
  /** Counts the line for a principal that the connect frame alone has named; a denial where it has too many. */
  readonly claim?: (principal: Principal) => Promise<Denial | undefined>;
  /** Gives back what the gate has reserved. Called once, when the line has closed. */
  readonly release: () => void;
}
