import type { Entrance } from "./attempt.ts";

/** How loud an event is, after the OWASP Logging Vocabulary. */
export type EventLevel = "info" | "warn" | "critical";

/** Who did something. `anonymous` is an actor too: denials of strangers are events like any other. */
export interface Actor {
  readonly type: "user" | "guest" | "agent" | "client" | "system" | "anonymous";
  readonly id: string;
  /** Set when one principal acts for another: impersonation, delegation. */
  readonly onBehalfOf?: string;
}

/** Where an attempt came from. */
export interface EventSource {
  readonly entrance: Entrance;
  /** Client address as resolved through trusted proxies; `undefined` for the system's own acts. */
  readonly ip?: string;
  /** For browsers: whose page made it send the attempt, see `initiatingPage`. Not kept in the trail. */
  readonly page?: "own" | "foreign";
}

/** Values an event may carry besides its fixed members. Secrets never belong here, fingerprints do. */
export type EventContext = Readonly<Record<string, string | number | boolean | undefined>>;

/** One kind of event. */
export interface EventDefinition {
  /** Name in the OWASP Logging Vocabulary style, `snake_case`. */
  readonly name: string;
  readonly level: EventLevel;
  /** What happened, for the reference page and the console. */
  readonly description: string;
}

/** Something that happened and is worth remembering. */
export interface SecurityEvent {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly name: string;
  readonly level: EventLevel;
  readonly tenant: string;
  readonly actor: Actor;
  readonly source: EventSource;
  /** Name of the action that was attempted, or of the operation of the system. */
  readonly action: string;
  /** What it was done to. */
  readonly target?: string;
  readonly outcome: "success" | "denied" | "error";
  /** Problem code where the outcome is not a success. */
  readonly problem?: string;
  readonly requestId: string;
  readonly context: EventContext;
  /** Set when the audit trail already holds this event, written in the transaction of the change. Never stored. */
  readonly recorded?: true;
}

type EventInput = { readonly level: EventLevel; readonly description: string };

/** Declares a set of events. Each module has one set in its `events.ts`; the reference page is generated from all of them. */
export function defineEvents<const Definitions extends Readonly<Record<string, EventInput>>>(
  definitions: Definitions,
): { readonly [Name in keyof Definitions]: EventDefinition } {
  const events: Record<string, EventDefinition> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) throw new TypeError(`The event name "${name}" is not snake_case.`);
    events[name] = Object.freeze({ name, ...definition });
  }
  // The loop above filled exactly the keys of `definitions`.
  return events as { readonly [Name in keyof Definitions]: EventDefinition };
}
