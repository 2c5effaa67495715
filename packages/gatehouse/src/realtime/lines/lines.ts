import type { IncomingMessage } from "node:http";
import type { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import { httpProblems } from "../../http/problems.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Counters } from "../../kernel/ports/counters.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import type { TokenDemand } from "../../kernel/token-demand.ts";
import type { Timers } from "../../kernel/timers.ts";
import {
  emulateAction,
  OpenStreams,
  type EmulationSender,
  type EmulationVerdict,
  type ForwardCommands,
  type ForwardedCommands,
} from "./emulation.ts";
import type { Encryption } from "./encryption.ts";
import { LineCaps } from "./line-caps.ts";
import { OpenLines, type OpenConnection } from "./open-lines.ts";
import { openAction, type LinePolicy } from "./opening.ts";
import { lineSettings, type LineOptions, type LineSettings } from "./options.ts";
import { lineRoutes } from "./routes.ts";
import { ticketAction } from "./ticket-action.ts";
import { Tickets } from "./tickets.ts";
import type { TicketPlace, TicketSubject } from "../ticket-subject.ts";
import { UpgradeGate, type AdmittedUpgrade } from "./upgrade-gate.ts";

/** What lines are built on. */
export interface LinesParts {
  readonly edge: Edge;
  readonly store: Store;
  readonly documents: Documents;
  /** Shared by all servers. */
  readonly counters: Counters;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly sealer: Pick<Sealer, "seal" | "open">;
  readonly random: Random;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** Makes a connection of a line. */
  readonly open: OpenConnection;
  /** Identifier of this server; clients send commands of their streams back to it. */
  readonly node: string;
  /** Reaches other servers. Default: there is one. */
  readonly forward?: ForwardCommands;
  /** Whether somebody may have a connection at all. Default: everybody may whose credential is good. */
  readonly policy?: LinePolicy;
  /** What tokens have to be, where those of an issuer count: what the rule of connecting demands. */
  readonly demand?: TokenDemand;
  /** Ranges whose callers are not counted by their address. */
  readonly trustedCidrs?: readonly string[];
  readonly encryption: Encryption;
  readonly options?: LineOptions;
}

/** Ways to open connections: WebSocket, HTTP streaming, and server-sent events. Disposing them cuts what is open. */
export interface Lines extends AsyncDisposable {
  /** For the gate. */
  readonly actions: readonly AnyAction[];
  readonly settings: LineSettings;
  readonly encryption: Encryption;
  /** Lines that are open. */
  readonly size: number;
  /** Streams, tickets, and commands of streams. */
  routes(): Hono;
  /** Decides an upgrade request; a refusal is the answer to it. Never rejects. */
  upgrade(message: IncomingMessage, head: Uint8Array): Promise<AdmittedUpgrade | Response>;
  /** Makes a connection of a line that was admitted. */
  begin: OpenLines["begin"];
  /** Takes a ticket that a connect frame has brought. It is good for nothing any more, whatever becomes of it. */
  redeemTicket(text: string, place: TicketPlace): Promise<TicketSubject | Denial>;
  /** Hands commands that another server has forwarded to the line they are for. */
  take(commands: ForwardedCommands, sender: EmulationSender): Promise<EmulationVerdict>;
  /** Opens no more lines. Those that are open stay. */
  drain(): void;
}

/** Seconds after which another server, or this one again, may take a connection. */
const RETRY_AFTER = 1;

/** Lines for an edge. */
export function createLines(parts: LinesParts): Lines {
  return new EdgeLines(parts);
}

class EdgeLines implements Lines {
  readonly actions: readonly AnyAction[];
  readonly settings: LineSettings;
  readonly encryption: Encryption;
  readonly begin: OpenLines["begin"];
  readonly #parts: LinesParts;
  readonly #lines: OpenLines;
  readonly #streams: OpenStreams;
  readonly #tickets: Tickets;
  readonly #caps: LineCaps;
  readonly #gate: UpgradeGate;
  #draining = false;

  constructor(parts: LinesParts) {
    const { edge, timers, policy, demand, trustedCidrs = [] } = parts;
    const settings = lineSettings(parts.options);
    this.#parts = parts;
    this.settings = settings;
    this.encryption = parts.encryption;
    this.#lines = new OpenLines(parts.open);
    this.#streams = new OpenStreams(parts.keyRing);
    this.begin = (transport, admitted) => this.#lines.begin(transport, admitted);
    this.#tickets = new Tickets({ ...parts, lifetime: settings.ticketLifetime });
    this.#caps = new LineCaps({ ...parts, settings, trustedCidrs });
    const deciding = { caps: this.#caps, settings, policy, demand };
    this.actions = [
      openAction(deciding),
      ticketAction({ ...deciding, tickets: this.#tickets }),
      emulateAction(settings, demand),
    ];
    this.#gate = new UpgradeGate({ edge, timers, settings, tickets: this.#tickets, refusal: () => this.#refusal() });
    edge.stopping.addEventListener("abort", () => this.#stop(), { once: true });
  }

  get size(): number {
    return this.#lines.size;
  }

  routes(): Hono {
    const { edge, timers, node, forward } = this.#parts;
    const held = { lines: this.#lines, streams: this.#streams, settings: this.settings };
    return lineRoutes({ edge, timers, node, forward, ...held, refusal: () => this.#refusal() });
  }

  upgrade(message: IncomingMessage, head: Uint8Array): Promise<AdmittedUpgrade | Response> {
    return this.#gate.decide(message, head);
  }

  redeemTicket(text: string, place: TicketPlace): Promise<TicketSubject | Denial> {
    return this.#tickets.redeem(text, place);
  }

  take(commands: ForwardedCommands, sender: EmulationSender): Promise<EmulationVerdict> {
    return this.#streams.take(commands, sender);
  }

  drain(): void {
    this.#draining = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drain();
    await this.#lines.cut();
    await this.#caps.settle();
  }

  /** A server waits for its connections: those that nobody has closed by then are cut. */
  #stop(): void {
    this.drain();
    this.#parts.timers.after(this.settings.stopGrace, () => void this.#lines.cut(), "background");
  }

  #refusal(): Denial | undefined {
    return this.#draining ? deny(httpProblems.SERVER_STOPPING, { retryAfter: RETRY_AFTER }) : undefined;
  }
}
