import type { IncomingMessage } from "node:http";
import { createNodeBridge, type NodeBridge } from "../../http/adapters/node-bridge.ts";
import { connectionOfMessage } from "../../http/connection.ts";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { plainProblem } from "../../http/raw-refusal.ts";
import { malformed } from "../../http/refusal.ts";
import { deny, isDenial, type Denial, type Outcome } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import { OPEN, Opening } from "./opening.ts";
import type { LineSettings } from "./options.ts";
import { LINE_PATHS } from "./paths.ts";
import type { Tickets } from "./tickets.ts";
import { readUpgrade, type UpgradeOffer } from "./upgrade-request.ts";
import { toldOrigin } from "../ticket-subject.ts";

/** What upgrades are decided with. */
export interface UpgradeGateParts {
  readonly edge: Edge;
  readonly tickets: Tickets;
  readonly timers: Timers;
  readonly settings: LineSettings;
  /** Why no line can be opened now. */
  readonly refusal: () => Denial | undefined;
}

/** An upgrade that may be carried out. */
export interface AdmittedUpgrade {
  readonly protocol: string | undefined;
  readonly opening: Opening;
}

/** What a refusal is recorded as. */
export const OPEN_SUBJECT = { action: OPEN, entrance: "realtime" } as const;
/** Seconds after which it makes sense to try again. */
const RETRY_AFTER = 1;

/**
 * Decides upgrade requests before they are answered: path, headers, whether the server is stopping, and then the guards of
 * the action `realtime.open`. A refusal is an answer of HTTP with its own status.
 */
export class UpgradeGate {
  readonly #parts: UpgradeGateParts;
  readonly #bridge: NodeBridge;

  constructor(parts: UpgradeGateParts) {
    this.#parts = parts;
    this.#bridge = createNodeBridge(parts.edge);
  }

  /** Never rejects. */
  async decide(message: IncomingMessage, head: Uint8Array): Promise<AdmittedUpgrade | Response> {
    const { edge, refusal } = this.#parts;
    const inbound = this.#inbound(message);
    if (inbound instanceof Response) return inbound;
    if (inbound.refusal !== undefined) return edge.refuse(inbound, inbound.refusal, OPEN_SUBJECT);
    if (inbound.url.pathname !== LINE_PATHS.websocket)
      return edge.refuse(inbound, deny(problems.NOT_FOUND), OPEN_SUBJECT);
    const offer = readUpgrade(message, head);
    if (isDenial(offer)) return edge.refuse(inbound, offer, OPEN_SUBJECT);
    const stopped = refusal();
    if (stopped !== undefined) return edge.refuse(inbound, stopped, OPEN_SUBJECT);
    return this.#pass(inbound, offer);
  }

  #inbound(message: IncomingMessage): Inbound | Response {
    try {
      return this.#bridge.inbound(message);
    } catch {
      const denial = malformed("The address or Host header is not valid.");
      this.#parts.edge.refuseConnection(connectionOfMessage(message), denial);
      return plainProblem(denial);
    }
  }

  async #pass(inbound: Inbound, offer: UpgradeOffer): Promise<AdmittedUpgrade | Response> {
    const { edge, timers, settings } = this.#parts;
    const late = new AbortController();
    const passing: { opening?: Opening } = {};
    const decided = this.#attempt(inbound, offer, passing);
    const outcome = await Promise.race([decided, pause(timers, settings.openTimeout, { signal: late.signal })]);
    late.abort();
    if (outcome === undefined) {
      // What is decided from now on is decided for nobody.
      void decided.then(() => passing.opening?.release());
      return edge.refuse(inbound, deny(problems.STORE_UNAVAILABLE, { retryAfter: RETRY_AFTER }), OPEN_SUBJECT);
    }
    const { opening } = passing;
    if (outcome.ok && opening !== undefined) return { protocol: offer.protocol, opening };
    opening?.release();
    return edge.respond(inbound, outcome);
  }

  #attempt(inbound: Inbound, { ticket: text }: UpgradeOffer, passing: { opening?: Opening }): Promise<Outcome> {
    const { edge, tickets } = this.#parts;
    return edge.receive(inbound, {
      ...OPEN_SUBJECT,
      read: async () => {
        const place = { tenant: inbound.tenant, origin: pageOrigin(inbound) };
        const ticket = text === undefined ? undefined : await tickets.redeem(text, place);
        const opening = new Opening("websocket", { ticket, forgedCookie: hasForgedCookie(inbound) });
        passing.opening = opening;
        const credential = ticket === undefined || isDenial(ticket) ? undefined : ticket.credential;
        return { value: opening, credential };
      },
    });
  }
}

/** The origin of the page that sends a request; `undefined` for programs. */
export function pageOrigin({ request, target }: Inbound): string | undefined {
  const { headers } = request;
  const [origin, fetchSite] = [headers.get("origin") ?? undefined, headers.get("sec-fetch-site") ?? undefined];
  return toldOrigin({ origin, fetchSite, target });
}

/** Whether a request has a session cookie that was not made here, or is too old. */
export function hasForgedCookie({ cookies, sessionCookieName, sessionCookie }: Inbound): boolean {
  return cookies.has(sessionCookieName) && sessionCookie === undefined;
}
