import type { Bus } from "../../kernel/ports/bus.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { assertMessage, BusSubscriptions, type Receiver } from "../bus-subscriptions.ts";
import { withinTime } from "../time-box.ts";
import { closeValkeyClient } from "./valkey-client.ts";
import type { ValkeyConnection } from "./valkey-connection.ts";

/** How a bus on Valkey is opened. */
export interface ValkeyBusOptions {
  /** For publishing; stays open when the bus is closed. Subscriptions have a connection of their own. */
  readonly connection: ValkeyConnection;
  /** In front of every channel. Default `gatehouse:bus:`. Servers that share messages share it. */
  readonly prefix?: string;
  /** Told of receivers that throw and of connection errors. */
  readonly report?: (error: unknown) => void;
  /** Milliseconds between checks that the server still answers. Default 5000. */
  readonly heartbeat?: number;
  /** Milliseconds a subscription may wait for a lost connection. Default 2000. */
  readonly timeout?: number;
}

const BUS = "bus";

/**
 * A bus on Valkey's publish-subscribe. A server that cannot be reached yet is no error; what is published while the
 * connection is lost is not delivered later.
 */
export async function openValkeyBus(options: ValkeyBusOptions): Promise<Bus> {
  const bus = new ValkeyBus(options);
  await bus.open();
  return bus;
}

class ValkeyBus implements Bus {
  readonly #connection: ValkeyConnection;
  readonly #prefix: string;
  readonly #timeout: number;
  readonly #subscriptions: BusSubscriptions;
  readonly #subscriber: ReturnType<ValkeyConnection["createSubscriber"]>;
  readonly #heartbeat: NodeJS.Timeout;
  #listening = Promise.withResolvers<void>();
  #closed = false;

  constructor(options: ValkeyBusOptions) {
    const { connection, report = () => undefined } = options;
    this.#connection = connection;
    this.#prefix = options.prefix ?? "gatehouse:bus:";
    this.#timeout = options.timeout ?? 2000;
    this.#subscriptions = new BusSubscriptions(report);
    this.#listening.promise.catch(() => undefined);
    const subscriber = connection.createSubscriber();
    this.#subscriber = subscriber;
    subscriber.on("error", report);
    subscriber.on("message", (channel: string, message: string) => {
      this.#subscriptions.deliver(channel.slice(this.#prefix.length), message);
    });
    subscriber.on("ready", () => void this.#listenAgain());
    subscriber.on("close", () => this.#lost());
    this.#heartbeat = setInterval(() => void this.#beat(), options.heartbeat ?? 5000).unref();
  }

  async open(): Promise<void> {
    await this.#subscriber.connect().catch(() => undefined);
  }

  async publish(topic: string, message: string): Promise<void> {
    assertMessage(message);
    if (this.#closed) throw this.#away();
    await this.#connection.command("PUBLISH", this.#prefix + topic, message);
  }

  async subscribe(topic: string, receive: Receiver): Promise<AsyncDisposable> {
    if (this.#closed) throw this.#away();
    const remove = this.#subscriptions.add(topic, receive);
    const leave = async (): Promise<void> => {
      // A connection that is gone listens to nothing.
      if (remove()) await this.#subscriber.unsubscribe(this.#prefix + topic).catch(() => undefined);
    };
    try {
      await withinTime(this.#listening.promise, this.#timeout);
      await this.#subscriber.subscribe(this.#prefix + topic);
    } catch (error) {
      await leave();
      throw new StoreUnavailableError(BUS, "The bus on Valkey cannot subscribe: no answer.", { cause: error });
    }
    return { [Symbol.asyncDispose]: leave };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#listening.reject(this.#away());
    await closeValkeyClient(this.#subscriber);
  }

  async #listenAgain(): Promise<void> {
    const channels = this.#subscriptions.topics.map((topic) => this.#prefix + topic);
    try {
      if (channels.length > 0) await this.#subscriber.subscribe(...channels);
      this.#listening.resolve();
    } catch {
      // The connection has been lost again; the next one starts over.
      this.#subscriber.disconnect(true);
    }
  }

  #lost(): void {
    this.#listening = Promise.withResolvers<void>();
    this.#listening.promise.catch(() => undefined);
  }

  async #beat(): Promise<void> {
    // A command without an answer makes the client replace its connection.
    if (this.#subscriber.status === "ready") await this.#subscriber.ping().catch(() => undefined);
  }

  #away(): StoreUnavailableError {
    return new StoreUnavailableError(BUS, "The bus on Valkey has been closed.");
  }
}
