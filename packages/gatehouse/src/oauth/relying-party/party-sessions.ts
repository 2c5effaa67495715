import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import type { SessionIdentity, SessionScope } from "../../http/session-scope.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { Login } from "./logins.ts";

/** Who has come back from the issuer, and what it says of how they signed in. */
export interface SignedIn {
  readonly identity: SessionIdentity;
  readonly login: Login;
  /** What the browser had until now: another sign-in takes its place. */
  readonly before: string | undefined;
}

/** A session that has begun. */
export interface BegunSession {
  /** What the store knows it by. */
  readonly session: string;
  /** What the browser is to show, where that is not for the edge to say. */
  readonly credential?: string;
}

/**
 * Where those who have signed in have their sessions. By default it is the one session that a browser has at the edge;
 * an application whose sign-ins must not take the place of others' keeps its own.
 */
export interface PartySessions {
  begin(scope: SessionScope, signedIn: SignedIn): Promise<BegunSession | Denial>;
  /** Ends one, by what the store knows it by. */
  end(transaction: WriteTransaction, tenant: string, session: string): Promise<void>;
  /** What the store knows the browser's session by, where it is not the edge's. */
  current(inbound: Inbound): string | undefined;
  /** The cookie for a credential; without one, the end of it. */
  cookie?(inbound: Inbound, credential?: string): string;
}

/** The sessions of the edge. */
export function edgeSessions({ sessions }: Edge): PartySessions {
  return {
    async begin(scope, { identity }) {
      const { session = "" } = await sessions.login(scope, identity);
      return { session };
    },
    end: (transaction, _tenant, session) => sessions.end(transaction, session),
    current: () => undefined,
  };
}
