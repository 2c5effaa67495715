import { anonymousPrincipal, initiatingPage, type Attempt, type Principal } from "./attempt.ts";
import type { Clock } from "./clock.ts";
import type { EventStream } from "./event-stream.ts";
import type { EventDefinition, SecurityEvent } from "./event.ts";
import { events } from "./events.ts";
import type { Ids } from "./ids.ts";
import type { Denial } from "./outcome.ts";

/** What an event says besides what the attempt says itself. */
export interface EventDetails {
  readonly definition: EventDefinition;
  readonly outcome: SecurityEvent["outcome"];
  readonly context: SecurityEvent["context"];
  readonly principal: Principal;
  /** Default: the action the attempt names. */
  readonly action?: string;
}

/** The event of an attempt, with actor, source and request id filled in. */
export function describe(
  parts: { readonly ids: Ids; readonly clock: Clock },
  attempt: Attempt,
  details: EventDetails,
): SecurityEvent {
  const { definition, outcome, context, principal } = details;
  const actor = { type: principal.type, id: principal.id };
  const source = { entrance: attempt.entrance, ip: attempt.peer.ip };
  const page = initiatingPage(attempt.provenance);
  return {
    id: parts.ids.next(),
    at: parts.clock.now(),
    name: definition.name,
    level: definition.level,
    tenant: attempt.tenant,
    actor: principal.onBehalfOf === undefined ? actor : { ...actor, onBehalfOf: principal.onBehalfOf },
    source: page === undefined ? source : { ...source, page },
    action: details.action ?? attempt.action,
    outcome,
    requestId: attempt.id,
    context,
  };
}

type Emitting = { readonly events: EventStream; readonly ids: Ids; readonly clock: Clock };

/** Emits the one event of an attempt that was denied before anybody was known: what an entrance cannot parse. */
export function recordDenial(parts: Emitting, attempt: Attempt, denial: Denial): void {
  recordRefused(parts, { attempt, principal: anonymousPrincipal(attempt.tenant), action: attempt.action }, denial);
}

/** Who was denied what. */
export interface Refused {
  readonly attempt: Attempt;
  readonly principal: Principal;
  /** Name of the action as it is declared; the attempt's own may be anything. */
  readonly action: string;
}

/** Emits the one event of a denied attempt. */
export function recordRefused(parts: Emitting, { attempt, principal, action }: Refused, denial: Denial): void {
  const definition = denial.event ?? events.request_refused;
  const outcome = denial.problem.status >= 500 ? "error" : "denied";
  const event = describe(parts, attempt, { definition, outcome, context: denial.context ?? {}, principal, action });
  parts.events.emit({ ...event, problem: denial.problem.code });
}
