import type { AnyAction } from "../kernel/action.ts";
import { UNNAMED, unnamedAction, type Attempt, type Credential } from "../kernel/attempt.ts";
import type { Gate } from "../kernel/gate.ts";
import { isDenial, type Denial, type Outcome } from "../kernel/outcome.ts";
import type { Received } from "../kernel/receive.ts";
import { beginAttempt, buildAttempt, type AttemptOptions } from "./attempt-builder.ts";
import type { Inbound } from "./inbound.ts";
import type { RefusalRecorder, RefusedSubject } from "./refusal-recorder.ts";
import type { EdgeSessions } from "./edge-sessions.ts";

/** What the body of a request says about an attempt. */
export interface Carried {
  readonly value: unknown;
  /** Name of the action, where the entrance's format has it in the body. */
  readonly action?: string;
  /** The header counts first. */
  readonly csrfToken?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** The client the caller says it is. */
  readonly claimedClient?: string | undefined;
  /** What was presented deliberately in a place of the entrance's own. Then nothing counts that browsers attach. */
  readonly credential?: Credential | undefined;
}

/** An attempt whose body has not been read. */
export interface ExpectedAttempt {
  /** Default `http`. No request is a job: jobs are trusted. */
  readonly entrance?: AttemptOptions["entrance"];
  /** Whether pages make it by themselves: then it does not keep their session alive. Default false. */
  readonly passive?: boolean;
  /** The join token the request comes with, found before the attempt begins. */
  readonly invitation?: string | undefined;
  /** Left out where the body names the action. */
  readonly action?: AnyAction | string;
  /** Reads the body and understands it. Called once, when the attempt has been admitted; not at all otherwise. */
  readonly read: () => Promise<Carried | Denial>;
}

/** What attempts are made with. */
export interface AttemptsParts {
  readonly gate: () => Gate;
  readonly sessions: EdgeSessions;
  readonly recorder: RefusalRecorder;
}

/** Takes the attempts of requests through the gate. */
export class EdgeAttempts {
  readonly #parts: AttemptsParts;

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
  }

  /** Takes an attempt whose input is at hand through the gate. */
  async perform(action: AnyAction | string, inbound: Inbound, { input, ...options }: AtHand): Promise<Outcome> {
    const { entrance = "http" } = options;
    const name = nameOf(action);
    const signed = entrance === "webhook" ? await inbound.bytes() : undefined;
    const attempt =
      inbound.refusal ?? (isDenial(signed) ? signed : buildAttempt(inbound, { action: name, input, signed }, options));
    if (isDenial(attempt)) return this.#refuse(inbound, attempt, { action: name, entrance });
    this.#parts.sessions.track(attempt, inbound);
    return this.#parts.gate().attempt(attempt);
  }

  /** Takes an attempt through the gate whose body is read once it has been admitted. */
  async receive(inbound: Inbound, expected: ExpectedAttempt): Promise<Outcome> {
    const { entrance = "http", action } = expected;
    if (inbound.refusal !== undefined) {
      const name = action === undefined ? unnamedAction(entrance) : nameOf(action);
      return this.#refuse(inbound, inbound.refusal, { action: name, entrance });
    }
    const begun = beginAttempt(inbound, action === undefined ? UNNAMED : nameOf(action), expected);
    return this.#parts.gate().attempt(begun, () => this.#complete(inbound, begun, expected));
  }

  async #complete(
    inbound: Inbound,
    begun: Attempt,
    { entrance, read, passive, invitation }: ExpectedAttempt,
  ): Promise<Received | Denial> {
    const carried = await read();
    if (isDenial(carried)) return carried;
    const { action = begun.action, value: input, csrfToken, idempotencyKey, claimedClient, credential } = carried;
    const signed = entrance === "webhook" ? await inbound.bytes() : undefined;
    if (isDenial(signed)) return signed;
    const subject = { action, input, signed };
    const attempt = buildAttempt(inbound, subject, {
      ...{ entrance, csrfToken, idempotencyKey, claimedClient, invitation, credential },
    });
    if (isDenial(attempt)) return { attempt: { ...begun, action }, denial: attempt };
    this.#parts.sessions.track(attempt, inbound, passive);
    return { attempt };
  }

  #refuse(inbound: Inbound, denial: Denial, subject: RefusedSubject): Denial {
    this.#parts.recorder.request(inbound, denial, subject);
    return denial;
  }
}

type AtHand = AttemptOptions & { readonly input: unknown };

function nameOf(action: AnyAction | string): string {
  return typeof action === "string" ? action : action.name;
}
