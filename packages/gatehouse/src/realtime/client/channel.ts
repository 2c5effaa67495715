import type { Subscription } from "centrifuge";
import type { ActorContract } from "../actor/contract.ts";
import { realtimeError, type RealtimeError } from "./realtime-error.ts";

/** A connection that is on a channel. */
export interface ChannelMember {
  /** Identifier of the connection. */
  readonly client: string;
  /** Identifier of who it belongs to. */
  readonly user: string;
  /** What everybody may know of it. */
  readonly info: unknown;
}

/** Where a channel stands after it was (re)subscribed. */
export interface Subscribed {
  /** `missed`: something was published that is not kept any more: load the state anew. */
  readonly verdict: "first" | "recovered" | "missed";
}

/** What a channel tells. */
export interface ChannelNews<Contract extends ActorContract> {
  /** The channel is heard, for the first time or again. */
  subscribed?(subscribed: Subscribed): void;
  /** It is not heard any more; `error` where it was refused. */
  unsubscribed?(reason: { readonly code: number; readonly reason: string }): void;
  joined?(member: ChannelMember): void;
  left?(member: ChannelMember): void;
  /** A subscription was refused for now, and is tried again. */
  refused?(error: RealtimeError | Error): void;
  /** Every event, each once and in order. */
  event?<Name extends keyof Contract["events"] & string>(name: Name, data: Contract["events"][Name]): void;
}

interface Envelope {
  readonly event: string;
  readonly data: unknown;
}

/** A channel of an actor that is being heard. Disposing it ends that. */
export class HeardChannel<Contract extends ActorContract> implements Disposable {
  readonly #subscription: Subscription;
  readonly #handlers = new Map<string, Set<(data: never) => void>>();
  readonly #ended: () => void;
  #heard = false;

  constructor(subscription: Subscription, news: ChannelNews<Contract>, ended: () => void) {
    this.#subscription = subscription;
    this.#ended = ended;
    // Actors send nothing else.
    subscription.on("publication", ({ data }) => this.#hear(data as Envelope, news));
    subscription.on("join", ({ info }) => news.joined?.(memberOf(info)));
    subscription.on("leave", ({ info }) => news.left?.(memberOf(info)));
    subscription.on("error", ({ error }) => news.refused?.(realtimeError(error)));
    subscription.on("unsubscribed", ({ code, reason }) => news.unsubscribed?.({ code, reason }));
    subscription.on("subscribed", ({ wasRecovering, recovered }) => {
      const again = wasRecovering || this.#heard;
      this.#heard = true;
      news.subscribed?.({ verdict: again ? (recovered ? "recovered" : "missed") : "first" });
    });
    subscription.subscribe();
  }

  /** Hears one event. Disposing the result ends that. */
  on<Name extends keyof Contract["events"] & string>(
    name: Name,
    handler: (data: Contract["events"][Name]) => void,
  ): Disposable {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return { [Symbol.dispose]: () => void handlers.delete(handler) };
  }

  /** Resolves once the channel is heard. Rejects where it is refused for good. */
  async ready(): Promise<void> {
    try {
      await this.#subscription.ready();
    } catch (error) {
      throw realtimeError(error);
    }
  }

  /** Who is here, as far as the actor tells. */
  async presence(): Promise<readonly ChannelMember[]> {
    try {
      const { clients } = await this.#subscription.presence();
      return Object.values(clients).map(memberOf);
    } catch (error) {
      throw realtimeError(error);
    }
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
    this.#subscription.removeAllListeners();
    this.#ended();
  }

  #hear({ event, data }: Envelope, news: ChannelNews<Contract>): void {
    // What the server sends is what the contract says: it is made of the same definition.
    news.event?.(event, data as never);
    for (const handler of this.#handlers.get(event) ?? []) handler(data as never);
  }
}

function memberOf({ client, user, connInfo }: { client: string; user: string; connInfo?: unknown }): ChannelMember {
  return { client, user, info: connInfo };
}
