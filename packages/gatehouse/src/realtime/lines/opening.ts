import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import { defineAction, type AnyAction, type Authorise, type LimitPolicy } from "../../kernel/action.ts";
import { events } from "../../kernel/events.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { TokenDemand } from "../../kernel/token-demand.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { Admitted } from "../admitted.ts";
import type { TransportKind } from "../transport.ts";
import type { LineCaps, Seat } from "./line-caps.ts";
import type { LineSettings } from "./options.ts";
import type { TicketSubject } from "../ticket-subject.ts";

/** Name of the action that opens connections. */
export const OPEN = "realtime.open";

/** Who wants a connection. */
export interface LineRequest {
  readonly principal: Principal;
  readonly attempt: Attempt;
  readonly transport: TransportKind;
  /** The actor its ticket is for, as a channel. */
  readonly actor: string | undefined;
  readonly read: Store["read"];
}

/** Whether somebody may have a connection at all; what it may do over it is decided by what it does. */
export type LinePolicy = (request: LineRequest) => boolean | Denial | Promise<boolean | Denial>;

/** What openings are decided by. */
export interface OpeningParts {
  readonly caps: LineCaps;
  readonly settings: LineSettings;
  /** Default: everybody may. */
  readonly policy: LinePolicy | undefined;
  /** What tokens have to be, where those of an issuer count. */
  readonly demand: TokenDemand | undefined;
}

type Context = Pick<Parameters<Authorise<Opening>>[0], "principal" | "attempt" | "read">;

/** What a request shows besides the credentials of its attempt. */
export interface Shown {
  /** What its ticket stands for, or why it is not good. */
  readonly ticket?: TicketSubject | Denial | undefined;
  /** Whether it has a session cookie that is none of ours. */
  readonly forgedCookie?: boolean;
}

/** A line that is being opened, from its request to the place it takes. */
export class Opening {
  readonly transport: TransportKind;
  readonly #shown: Shown;
  #attempt: Attempt | undefined;
  #principal: Principal | undefined;
  #seat: Seat | undefined;
  #abandoned = false;

  constructor(transport: TransportKind, shown: Shown = {}) {
    this.transport = transport;
    this.#shown = shown;
  }

  /**
   * Decides in order: the credential, the number of connections, the application's policy. Whoever asks has to release
   * what is not opened then.
   */
  async decide({ caps, settings, policy }: OpeningParts, context: Context): Promise<boolean | Denial> {
    const { principal, attempt, read } = context;
    const unproven = judgeCredentials({ principal, attempt, settings, ...this.#shown });
    if (unproven !== undefined) return unproven;
    const seat = await caps.reserve(principal, attempt);
    if (isDenial(seat)) return seat;
    this.#take(context, seat);
    const { transport } = this;
    return (await policy?.({ principal, attempt, transport, actor: this.#actor, read })) ?? true;
  }

  /** What the connection is told about who has opened it; the place is its own from now on. */
  admitted(): Admitted {
    const [attempt, principal, seat] = [this.#attempt, this.#principal, this.#seat];
    if (attempt === undefined || principal === undefined || seat === undefined)
      throw new TypeError("Only a line that was admitted can be opened.");
    const { tenant, peer, provenance, credentials, known } = attempt;
    const actor = this.#actor;
    return {
      ...{ tenant, peer, provenance, credentials, principal },
      ...(known === undefined ? {} : { known }),
      ...(actor === undefined ? {} : { actor }),
      claim: (named) => seat.claim(named),
      release: () => seat.release(),
    };
  }

  /** Gives the place back, or gives back at once what it gets later. */
  release(): void {
    this.#abandoned = true;
    this.#seat?.release();
  }

  get #actor(): string | undefined {
    const { ticket } = this.#shown;
    return ticket === undefined || isDenial(ticket) ? undefined : ticket.actor;
  }

  #take({ attempt, principal }: Context, seat: Seat): void {
    this.#attempt = attempt;
    this.#principal = principal;
    this.#seat = seat;
    if (this.#abandoned) seat.release();
  }
}

/** What a place is asked for with; built by the entrance alone. */
export function passedOn<Input>(): StandardSchemaV1<unknown, Input> {
  // Nothing else reaches these actions: their entrances build the input themselves.
  return { "~standard": { version: 1, vendor: "gatehouse", validate: (value) => ({ value: value as Input }) } };
}

/** A rule with what it demands of tokens. Sessions open lines beside them: whether they connect is decided then. */
export function demanding<Input>(rule: Authorise<Input>, demand: TokenDemand | undefined): Authorise<Input> {
  return demand === undefined ? rule : Object.assign(rule, { demand: { ...demand, sessions: true } });
}

/** Opens a connection: bans, origin, credential, limits and audit events are those of every attempt. */
export function openAction(parts: OpeningParts): AnyAction {
  return defineAction({
    name: OPEN,
    entrances: ["realtime"],
    input: passedOn<Opening>(),
    effects: "none",
    authorise: demanding((context) => context.input.decide(parts, context), parts.demand),
    anonymous: true,
    perAddress: parts.settings.opening,
    limits: [openingLimit(OPEN, parts.settings)],
    run: async () => undefined,
  });
}

/** How often somebody may open or ask; strangers as often as their address, by which alone they are known. */
export function openingLimit(name: string, { opening, openingPerUser }: LineSettings): LimitPolicy {
  const anonymousLimit = Math.max(opening.limit, openingPerUser.limit);
  return { name, by: ["principal"], rule: { kind: "window", ...openingPerUser }, anonymousLimit };
}

interface Presented extends Shown {
  readonly principal: Principal;
  readonly attempt: Attempt;
  readonly settings: LineSettings;
}

/** Whatever was presented has to be good; an expired session makes no stranger of its bearer here. */
export function judgeCredentials({ principal, attempt, settings, ...shown }: Presented): Denial | undefined {
  const { ticket, forgedCookie = false } = shown;
  if (isDenial(ticket)) return ticket;
  const [credential] = attempt.credentials;
  if (attempt.credentials.some((one) => one.kind === "bearer" && one.proof !== undefined)) return boundToken();
  if (credential === undefined) {
    if (forgedCookie) return invalid("forged", "session");
    return settings.connectTokens
      ? undefined
      : deny(problems.AUTHENTICATION_REQUIRED, { event: events.authn_required });
  }
  if (principal.type === "anonymous" && principal.session === undefined) return invalid("expired", credential.kind);
  const isOther = ticket !== undefined && !isSame(ticket.principal, principal);
  return isOther ? invalid("ticket of another principal", credential.kind) : undefined;
}

/** A token that is bound to a key is proven by each request; what comes over a connection later is none. */
function boundToken(): Denial {
  return deny(problems.CREDENTIAL_INVALID, {
    detail: "A token that is bound to a key opens no connection.",
    event: events.authn_credential_fail,
    context: { reason: "bound token", credential: "bearer" },
  });
}

function isSame(left: TicketSubject["principal"], right: Principal): boolean {
  return left.type === right.type && left.id === right.id;
}

function invalid(reason: string, credential: string): Denial {
  const event = reason === "expired" ? events.session_use_after_expire : events.authn_credential_fail;
  return deny(problems.CREDENTIAL_INVALID, { event, context: { reason, credential } });
}
