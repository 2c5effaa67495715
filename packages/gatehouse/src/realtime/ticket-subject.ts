import type { Credential, Principal } from "../kernel/attempt.ts";

/** In front of a ticket where it is shown as a subprotocol, or as the token of a connect frame. */
export const TICKET_PREFIX = "ticket.";

/** What a ticket stands for. */
export interface TicketSubject {
  /** What its holder proved to be by, which is looked at again when the ticket is shown. */
  readonly credential: Credential;
  readonly principal: Pick<Principal, "type" | "id">;
  /** The only origin it can be shown from; absent where no page asked for it. */
  readonly origin?: string | undefined;
  /** The only actor it is good for, as a channel. */
  readonly actor?: string | undefined;
}

/** Where a ticket is shown. */
export interface TicketPlace {
  readonly tenant: string;
  /** As the browser tells it; absent for programs. */
  readonly origin: string | undefined;
}

/** What a browser tells of the page that makes a request, and where the request is addressed to. */
export interface ToldOrigin {
  readonly origin?: string | undefined;
  readonly fetchSite?: string | undefined;
  readonly target: string;
}

/** The origin of a page as its browser tells it; of its own server's pages some requests say only that they are. */
export function toldOrigin({ origin, fetchSite, target }: ToldOrigin): string | undefined {
  return origin ?? (fetchSite === "same-origin" ? target : undefined);
}
