import type { Centrifuge, SubscriptionOptions } from "centrifuge";
import type { ActorContract } from "../actor/contract.ts";
import { HeardChannel, type ChannelNews } from "./channel.ts";
import { Effort } from "./effort.ts";
import { RealtimeError, realtimeError } from "./realtime-error.ts";

/** How a command is sent. */
export interface CommandOptions {
  /** Names this intent: the same one is carried out once, however often it is sent. Default: a new one for each call. */
  readonly id?: string;
  /** Gives up. The command may have been carried out. */
  readonly signal?: AbortSignal;
}

/** What of an actor is shown, and where its channel was then. */
export interface ActorState<State> {
  readonly state: State;
  readonly position: { readonly offset: number; readonly epoch: string };
}

/** What clients of actors need to know. */
export interface ActorClientParts {
  readonly client: Centrifuge;
  /** Milliseconds for which a command is tried. */
  readonly patience: number;
}

type Inputs<Contract extends ActorContract> = Contract["commands"];

/** Milliseconds between two tries of a command, at first and at most. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

/** A fault of the server, such as a handler that throws. It may be over, but most last until somebody has mended them. */
const FAULT = "INTERNAL_ERROR";
const MOST_FAULTS = 1;

/** One actor, as a client has it. */
export class ActorClient<Contract extends ActorContract> {
  readonly type: Contract["type"];
  readonly key: readonly string[];
  readonly #parts: ActorClientParts;

  constructor(type: Contract["type"], key: readonly string[], parts: ActorClientParts) {
    this.type = type;
    this.key = key;
    this.#parts = parts;
  }

  /**
   * Has the actor carry out a command, once. It is sent again under the same identifier where the connection was lost or
   * the server asks to wait, and once more after a fault of the server.
   * @throws {RealtimeError} where it was refused, or no answer came in time: it may have been carried out then
   */
  async send<Name extends keyof Inputs<Contract> & string>(
    command: Name,
    input: Inputs<Contract>[Name]["input"],
    { id = crypto.randomUUID(), signal }: CommandOptions = {},
  ): Promise<Inputs<Contract>[Name]["output"]> {
    // The reply is made of the same definition as the contract.
    return await this.#call(command, { key: this.key, input, id }, signal);
  }

  /** What the actor shows of its state now. Hear its channel from this position, and nothing is missed. */
  async state(signal?: AbortSignal): Promise<ActorState<Contract["state"]>> {
    const reply = await this.#call("state", { key: this.key, input: {} }, signal);
    // Of the server, as above.
    const { state, offset, epoch } = reply as { state: Contract["state"]; offset: number; epoch: string };
    return { state, position: { offset, epoch } };
  }

  /**
   * Hears a channel. After a lost connection what was missed comes first, in order; `subscribed` says where that is not
   * possible any more.
   */
  hear(
    news: ChannelNews<Contract> = {},
    {
      channel,
      from,
    }: { readonly channel?: Contract["channels"]; readonly from?: ActorState<unknown>["position"] } = {},
  ): HeardChannel<Contract> {
    const { client } = this.#parts;
    const parts = [this.type, ...this.key, ...(channel === undefined || channel === "default" ? [] : [channel])];
    const options: SubscriptionOptions = {
      ...{ recoverable: true, positioned: true, joinLeave: news.joined !== undefined || news.left !== undefined },
      ...(from === undefined ? {} : { since: from }),
    };
    const subscription = client.newSubscription(parts.join(":"), options);
    return new HeardChannel(subscription, news, () => client.removeSubscription(subscription));
  }

  async #call(command: string, data: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const { client, patience } = this.#parts;
    const effort = new Effort(patience, signal);
    let faults = 0;
    try {
      for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
        try {
          // What is given up while there is no connection is not sent when there is one.
          await effort.within(() => client.ready());
          return (await effort.within(() => client.rpc(`${this.type}.${command}`, data))).data;
        } catch (thrown) {
          if (effort.isOver) throw thrown;
          const error = realtimeError(thrown);
          if (!(error instanceof RealtimeError) || !error.temporary) throw error;
          if (error.code === FAULT && ++faults > MOST_FAULTS) throw error;
          const wait = Math.max(error.retryAfter === undefined ? 0 : error.retryAfter * 1000, spread(pause));
          if (wait >= effort.left) throw error;
          await effort.within(() => new Promise((resolve) => setTimeout(resolve, wait)));
        }
      }
    } finally {
      effort.end();
    }
  }
}

/** Clients that were refused together do not come back together. */
function spread(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random() / 2);
}
