import { invitationOf, type Principal } from "../../kernel/attempt.ts";
import { isDenial, type Denial, type Outcome, type Success } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { Admitted } from "../admitted.ts";
import { DISCONNECT, type Disconnect } from "../protocol/codes.ts";
import type { AttemptEvidence, ConnectionAttempts } from "./attempts.ts";
import { CONNECT, RENEW, type Admission, type ConnectInput } from "./connect-action.ts";
import { TICKET_PREFIX, toldOrigin } from "../ticket-subject.ts";
import type { Shared } from "./shared.ts";

/** What came of looking again. */
export type StandingVerdict =
  | { readonly kind: "same" }
  /** It may do other things than before. */
  | { readonly kind: "changed" }
  | { readonly kind: "ended"; readonly disconnect: Disconnect };

/** How often in a row nobody can tell before a connection is closed. */
const MOST_UNDECIDED = 3;
/** Milliseconds before it expires, at most, from when on a token is replaced rather than looked at. */
const LEAD = 10_000;

/** What a connection came with, and what that is worth. */
export class Standing {
  readonly #shared: Shared;
  readonly #admitted: Admitted;
  readonly #attempts: ConnectionAttempts;
  #credentials: Admitted["credentials"];
  #token: string | undefined;
  #expiresAt = Infinity;
  #undecided = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #next: Promise<StandingVerdict> | undefined;
  /** Whether somebody has done something since the last look: then the session is in use. */
  used = false;

  constructor(shared: Shared, admitted: Admitted, attempts: ConnectionAttempts) {
    this.#shared = shared;
    this.#admitted = admitted;
    this.#credentials = admitted.credentials;
    this.#attempts = attempts;
  }

  /** The token that the connection goes by, or a ticket that was not good. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Epoch milliseconds at which the token expires; `Infinity` where nothing does by itself. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** Whether a token has expired and not been replaced. */
  get isExpired(): boolean {
    return this.#shared.clock.now() >= this.#expiresAt;
  }

  /** What clients are told: to bring a new token a little before the old one expires. */
  get lifetime(): { readonly expires?: true; readonly ttl?: number } {
    const left = this.#expiresAt - this.#shared.clock.now();
    if (left === Infinity) return {};
    return { expires: true, ttl: Math.max(1, Math.floor((left - Math.min(LEAD, left / 10)) / 1_000)) };
  }

  /** Finds out who is there: by what the line was opened with, by a token, or by a ticket in the place of one. */
  async begin(shown: string | undefined, input: ConnectInput): Promise<Outcome> {
    const refused = await this.#take(shown);
    if (refused !== undefined) return refused;
    const outcome = await this.#attempts.show(CONNECT, input, this.#evidence(this.#token));
    if (!outcome.ok) return outcome;
    const admission = admissionOf(outcome);
    // A line is counted for whom it was opened by; who is named only now has not been counted.
    const excess = await this.#admitted.claim?.(admission.principal);
    if (excess !== undefined) return excess;
    this.#accept(admission);
    return outcome;
  }

  /** Takes a newer token instead; it has to be of whoever the connection belongs to. */
  refresh(token: string): Promise<Outcome | "other"> {
    return this.#inTurn(async () => {
      const outcome = await this.#renew(token, false);
      if (!outcome.ok) return outcome;
      const admission = admissionOf(outcome);
      if (!isSamePrincipal(this.#attempts.principal, admission.principal)) return "other";
      this.#token = token;
      this.#accept(admission);
      return outcome;
    });
  }

  /** Looks again at what the connection came with. Looks that are asked for while one waits are that one. */
  look(): Promise<StandingVerdict> {
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#look();
    });
    return this.#next;
  }

  async #take(shown: string | undefined): Promise<Denial | undefined> {
    this.#token = shown;
    if (shown?.startsWith(TICKET_PREFIX) !== true) return undefined;
    const { tenant, provenance } = this.#admitted;
    const place = { tenant, origin: provenance.kind === "browser" ? toldOrigin(provenance) : undefined };
    const ticket = await this.#shared.redeemTicket(shown.slice(TICKET_PREFIX.length), place);
    if (isDenial(ticket)) return ticket;
    this.#token = undefined;
    this.#credentials = [ticket.credential];
    if (ticket.actor !== undefined) this.#attempts.bind(ticket.actor);
    return undefined;
  }

  async #look(): Promise<StandingVerdict> {
    // A token about to expire has its own timer, and a grace.
    if (this.#shared.clock.now() >= this.#expiresAt - LEAD / 2) return { kind: "same" };
    const passive = !this.used;
    this.used = false;
    const outcome = await this.#renew(this.#token, passive);
    if (!outcome.ok) return this.#judge(outcome);
    this.#undecided = 0;
    const before = this.#attempts.principal;
    const admission = admissionOf(outcome);
    const { principal } = admission;
    if (!isSamePrincipal(before, principal) || before?.session !== principal.session) return ended("badToken");
    this.#accept(admission);
    return { kind: before !== undefined && isSameSet(before.grants, principal.grants) ? "same" : "changed" };
  }

  #judge({ problem }: Extract<Outcome, { readonly ok: false }>): StandingVerdict {
    if (problem === problems.SOURCE_BANNED) return ended("forced");
    if (problem.status === 401 || problem === problems.SESSION_EXPIRED) return ended("badToken");
    if (problem.status === 403) return ended("denied");
    this.#undecided += 1;
    return this.#undecided < MOST_UNDECIDED ? { kind: "same" } : ended("internal");
  }

  #accept({ principal, expiresAt }: Admission): void {
    this.#attempts.principal = principal;
    this.#expiresAt = expiresAt ?? Infinity;
  }

  #renew(token: string | undefined, passive: boolean): Promise<Outcome> {
    const evidence = this.#evidence(token);
    return this.#attempts.show(RENEW, {}, passive ? { ...evidence, passive } : evidence);
  }

  #evidence(token: string | undefined): AttemptEvidence {
    const { provenance } = this.#admitted;
    const credentials = this.#credentials;
    if (token === undefined) return { credentials, provenance };
    const others = credentials.filter(({ kind }) => kind !== "bearer");
    return { credentials: [...others, { kind: "bearer", token }], provenance };
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** Whether somebody came in by an invitation: what they may do ends with it, and their session says nothing of that. */
export function isInvited(principal: Principal | undefined): boolean {
  return principal !== undefined && invitationOf({}, principal) !== undefined;
}

/** Whether two principals are one. */
function isSamePrincipal(left: Principal | undefined, right: Principal): boolean {
  return (
    left !== undefined &&
    left.type === right.type &&
    left.id === right.id &&
    left.tenant === right.tenant &&
    left.onBehalfOf === right.onBehalfOf
  );
}

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && left.isSubsetOf(right);
}

function ended(why: keyof typeof DISCONNECT): StandingVerdict {
  return { kind: "ended", disconnect: DISCONNECT[why] };
}

function admissionOf(outcome: Success<unknown>): Admission {
  // Attempts at the two actions of connections that succeed result in admissions.
  return outcome.value as Admission;
}
