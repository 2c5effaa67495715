import type { TrustedProxies } from "../guards/address.ts";
import { describe, recordDenial } from "../kernel/attempt-event.ts";
import { anonymousPrincipal, type Attempt } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import type { Denial } from "../kernel/outcome.ts";
import { httpEvents } from "./events.ts";
import type { Connection, Inbound } from "./inbound.ts";
import type { ProblemFrame } from "./problem-page.ts";

interface Parts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly events: EventStream;
  readonly proxies: TrustedProxies;
}

type Place = Pick<Inbound, "requestId" | "tenant" | "receivedAt" | "peer">;
/** What a refused request was about, where that is known. */
export type RefusedSubject = Pick<Attempt, "action" | "entrance">;

/** What a refusal is recorded and answered with. */
export interface RefuseOptions extends Partial<RefusedSubject> {
  /** Makes the page that people see. Default: one of its own. */
  readonly frame?: ProblemFrame | undefined;
}

/** Records what was refused before an attempt existed. */
export interface RefusalRecorder {
  /** One event for a refused request. */
  request(inbound: Place, denial: Denial, subject?: Partial<RefusedSubject>): void;
  /** One event for a connection on which no request could be read. */
  connection(connection: Connection, denial: Denial): void;
  /** Says once that browsers keep no session on the address a page was asked for. */
  sessionless(inbound: Inbound): void;
}

const REQUEST: RefusedSubject = { action: "http.request", entrance: "http" };

/** A recorder on an event stream. */
export function createRefusalRecorder(parts: Parts): RefusalRecorder {
  let warned = false;
  return {
    request: (inbound, denial, { action = REQUEST.action, entrance = REQUEST.entrance } = {}) =>
      recordDenial(parts, attemptAt(inbound, { action, entrance }), denial),
    connection({ address, encrypted }, denial) {
      const peer = parts.proxies.resolve({ address, encrypted }, new Headers());
      const place = { requestId: parts.ids.next(), tenant: "-", receivedAt: parts.clock.now(), peer };
      recordDenial(parts, attemptAt(place, { action: "http.connection", entrance: "http" }), denial);
    },
    sessionless(inbound) {
      if (warned) return;
      warned = true;
      const event = describe(parts, attemptAt(inbound, { action: "http.page", entrance: "http" }), {
        definition: httpEvents.session_without_encryption,
        outcome: "success",
        context: { host: inbound.url.host, advice: "Serve https (--tls), or open the page as localhost." },
        principal: anonymousPrincipal(inbound.tenant),
      });
      parts.events.emit(event);
    },
  };
}

/** An attempt that never reached the gate, for its event alone. */
function attemptAt({ requestId: id, tenant, receivedAt, peer }: Place, { action, entrance }: RefusedSubject): Attempt {
  const provenance = { kind: "internal" } as const;
  return { id, entrance, action, tenant, receivedAt, peer, provenance, credentials: [], input: undefined };
}
