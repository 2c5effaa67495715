import { TICKET_PREFIX } from "../ticket-subject.ts";
import type { IncomingMessage } from "node:http";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { malformed } from "../../http/refusal.ts";
import { lineProblems } from "./problems.ts";

/** The protocol that is spoken over WebSocket. */
export const SUBPROTOCOL = "centrifuge-json";

const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = "13";
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What an upgrade request offers. */
export interface UpgradeOffer {
  /** What stands for a credential, where a subprotocol brings it. */
  readonly ticket: string | undefined;
  /** The subprotocol to be chosen, never one that brings a ticket. */
  readonly protocol: string | undefined;
}

/** Whether a request asks for a WebSocket. */
export function asksForWebSocket({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** What is needed to open a WebSocket here. */
export function upgradeRequired(): Denial {
  return deny(lineProblems.UPGRADE_REQUIRED, {
    headers: { upgrade: "websocket", connection: "Upgrade", "sec-websocket-version": VERSION },
  });
}

/** Reads an upgrade request (RFC 6455 section 4.2.1). */
export function readUpgrade(message: IncomingMessage, head: Uint8Array): UpgradeOffer | Denial {
  const { headers, method } = message;
  if (method !== "GET") return deny(problems.METHOD_NOT_ALLOWED, { headers: { allow: "GET" } });
  if (!asksForWebSocket(message) || headers["sec-websocket-version"] !== VERSION) return upgradeRequired();
  if (!KEY.test(headers["sec-websocket-key"] ?? "")) return malformed("The Sec-WebSocket-Key is missing or not valid.");
  // Nothing may follow before the answer: it could be read as a request by one server and as a message by another.
  if (head.length > 0) return malformed("Something was sent behind the upgrade request before it was answered.");
  return readProtocols(headers["sec-websocket-protocol"]);
}

function readProtocols(header: string | undefined): UpgradeOffer | Denial {
  const offered = header?.split(",").map((name) => name.trim()) ?? [];
  if (!offered.every((name) => TOKEN.test(name)) || new Set(offered).size !== offered.length)
    return malformed("The Sec-WebSocket-Protocol header is not valid.");
  const [ticket, another] = offered.filter((name) => name.startsWith(TICKET_PREFIX));
  if (another !== undefined) return malformed("The request shows two tickets.");
  return {
    ticket: ticket?.slice(TICKET_PREFIX.length),
    protocol: offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined,
  };
}
