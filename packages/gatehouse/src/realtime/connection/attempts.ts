import type { Attempt, Credential, Principal, Provenance } from "../../kernel/attempt.ts";
import { isDenial, deny, type Denial, type Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { Admitted } from "../admitted.ts";
import { isChannelPart, parseChannel, type ChannelParts } from "../channel-name.ts";
import { realtimeProblems } from "../problems.ts";
import type { Shared } from "./shared.ts";

/** How an attempt of a connection is made, besides what it is about. */
export interface AttemptEvidence {
  readonly credentials: readonly Credential[];
  readonly provenance: Provenance;
  /** Set where the server makes it by itself. */
  readonly passive?: true;
  readonly idempotencyKey?: string;
}

const CONNECTION: Provenance = { kind: "connection" };

/** Makes the attempts of one connection. */
export class ConnectionAttempts {
  readonly #shared: Shared;
  readonly #admitted: Admitted;
  readonly #client: string;
  #actor: string | undefined;
  #gone: AbortController | undefined;
  /** Whom the connection belongs to, once that is known. */
  principal: Principal | undefined;

  constructor(shared: Shared, admitted: Admitted, client: string) {
    this.#shared = shared;
    this.#admitted = admitted;
    this.#client = client;
    this.#actor = admitted.actor;
  }

  /** Lets the connection speak to one actor alone, named by its channel. */
  bind(actor: string): void {
    this.#actor = actor;
  }

  /** Whether the connection may speak to one actor alone. */
  get isBound(): boolean {
    return this.#actor !== undefined;
  }

  /** The tenant of everything the connection does. */
  get tenant(): string {
    return this.#admitted.tenant;
  }

  /** The address that the connection comes from. */
  get ip(): string {
    return this.#admitted.peer.ip;
  }

  /** Takes an attempt with evidence of its own through the gate. */
  show(action: string, input: unknown, evidence: AttemptEvidence): Promise<Outcome> {
    return this.#pass(this.#build(action, input, evidence));
  }

  /** Takes an attempt of whoever the connection belongs to through the gate of this server. */
  make(action: string, input: unknown): Promise<Outcome> {
    return this.#pass(this.#build(action, input, this.#own()));
  }

  /** Takes a command to where its actor is. */
  command(action: string, address: ActorAddress, { input, id }: CommandSubject): Promise<Outcome> {
    const own = this.#own();
    const evidence = id === undefined ? own : { ...own, idempotencyKey: id };
    const attempt = this.#build(action, { key: address.key, input }, evidence);
    return this.#shared.desk.perform(address, attempt).then((outcome) => named(outcome, attempt));
  }

  /** Which channel is meant, and whether this connection may mean it. */
  async resolve(channel: string, verb: string): Promise<ChannelParts | Denial> {
    const { actors } = this.#shared;
    const parts = parseChannel(channel, (type) => actors.partsOf(type));
    if (parts !== undefined) return this.mayAddress(parts) ? parts : otherActor();
    const [type = ""] = channel.split(":");
    if (!isChannelPart(type) || actors.partsOf(type) !== undefined) return deny(realtimeProblems.FRAME_MALFORMED);
    return this.refuseUnknown(`${type}.${verb}`);
  }

  /** The denial of an action that does not exist: guessing passes the gate, where it is counted and recorded. */
  async refuseUnknown(action: string): Promise<Denial> {
    // No action has a colon in its name.
    const outcome = await this.make(`unknown:${action}`, undefined);
    return isDenial(outcome) ? outcome : deny(realtimeProblems.METHOD_UNKNOWN);
  }

  /** Whether the ticket that the connection was opened with lets it speak to an actor. */
  mayAddress({ type, key }: Pick<ChannelParts, "type" | "key">): boolean {
    if (this.#actor === undefined) return true;
    const bound = parseChannel(this.#actor, (name) => this.#shared.actors.partsOf(name));
    return bound !== undefined && bound.type === type && isSameKey(bound.key, key);
  }

  /** What waits for this client need not wait any longer. */
  end(): void {
    this.#gone?.abort();
  }

  #pass(attempt: Attempt): Promise<Outcome> {
    return this.#shared.gate.attempt(attempt).then((outcome) => named(outcome, attempt));
  }

  #own(): AttemptEvidence {
    const { principal } = this;
    return {
      credentials: principal === undefined ? [] : [{ kind: "connection", principal }],
      provenance: CONNECTION,
    };
  }

  #build(action: string, input: unknown, evidence: AttemptEvidence): Attempt {
    const { ids, clock, settings } = this.#shared;
    const { tenant, peer, known } = this.#admitted;
    this.#gone ??= new AbortController();
    const receivedAt = clock.now();
    return {
      ...{ id: ids.next(), entrance: "realtime", action, tenant, receivedAt, input },
      peer: { ...peer, connection: this.#client },
      ...evidence,
      ...(known === undefined ? {} : { known }),
      signal: this.#gone.signal,
      deadline: receivedAt + settings.commandTimeout,
    };
  }
}

/** What a command says. */
export interface CommandSubject {
  readonly input: unknown;
  /** What the client calls this intent. */
  readonly id?: string | undefined;
}

/** The denial of whoever speaks to another actor than its ticket was issued for. */
export function otherActor(): Denial {
  return deny(realtimeProblems.TICKET_FOR_ANOTHER);
}

/** With the name by which the attempt is found in the log, where its client has to be told. */
function named(outcome: Outcome, { id }: Attempt): Outcome {
  return outcome.ok ? outcome : { ...outcome, extensions: { ...outcome.extensions, request_id: id } };
}

function isSameKey(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((part, index) => part === right[index]);
}
