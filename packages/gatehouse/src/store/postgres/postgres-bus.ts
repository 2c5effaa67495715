import { createHash } from "node:crypto";
import type { ClientConfig } from "pg";

import { base64url } from "../../kernel/codec.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { systemRandom, type Random } from "../../kernel/random.ts";
import { pauseAfter } from "../backoff.ts";
import { assertMessage, BusSubscriptions, type Receiver } from "../bus-subscriptions.ts";
import { withinTime } from "../time-box.ts";
import { FrameAssembler, toFrames } from "./bus-frames.ts";
import { PostgresClient } from "./postgres-client.ts";
import { connectionFailure } from "./postgres-errors.ts";
import { connectionConfig, describeAddress, type PostgresSettings } from "./postgres-settings.ts";

/** How a bus on PostgreSQL is opened. */
export interface PostgresBusOptions extends PostgresSettings {
  /** Spreads reconnects and tells publishers apart. Default: the operating system's generator. */
  readonly random?: Random;
  /** Told of receivers that throw and of lost connections. */
  readonly report?: (error: unknown) => void;
  /** Milliseconds between checks that the server still answers. Default 5000. */
  readonly heartbeat?: number;
  /** Milliseconds an answer may take, and a call may wait for a lost connection. Default 2000. */
  readonly timeout?: number;
}

interface Outgoing {
  readonly channel: string;
  readonly frames: readonly string[];
  readonly sent: PromiseWithResolvers<void>;
}

const BUS = "bus";
const BATCH = 64;
const FIRST_RECONNECT = 50;
const LONGEST_RECONNECT = 2000;
const ID_BYTES = 9;
const NOTIFY = "SELECT pg_notify(channel, frame) FROM unnest($1::text[], $2::text[]) AS outgoing(channel, frame)";

/**
 * A bus on PostgreSQL's LISTEN and NOTIFY, over one connection of its own that is replaced when it is lost. What was
 * published meanwhile is not delivered later. For installations without Valkey: all publishers of a database take
 * turns at its notification queue.
 * @throws {StoreUnavailableError} when the server cannot be reached now.
 */
export async function openPostgresBus(options: PostgresBusOptions): Promise<Bus> {
  const bus = new PostgresBus(connectionConfig(options), options);
  await bus.open();
  return bus;
}

class PostgresBus implements Bus {
  readonly #config: ClientConfig;
  readonly #address: string;
  readonly #random: Random;
  readonly #timeout: number;
  readonly #report: (error: unknown) => void;
  readonly #subscriptions: BusSubscriptions;
  readonly #assembler = new FrameAssembler();
  readonly #publisher: string;
  readonly #topics = new Map<string, string>();
  readonly #heartbeat: NodeJS.Timeout;
  #client: PostgresClient | undefined;
  #connected = Promise.withResolvers<void>();
  #turn: Promise<unknown> = Promise.resolve();
  #outgoing: Outgoing[] = [];
  #sending = false;
  #published = 0;
  #attempts = 0;
  #reconnect: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: ClientConfig, options: PostgresBusOptions) {
    this.#config = config;
    this.#address = describeAddress(config);
    this.#random = options.random ?? systemRandom;
    this.#timeout = options.timeout ?? 2000;
    this.#report = options.report ?? (() => undefined);
    this.#subscriptions = new BusSubscriptions(options.report);
    this.#publisher = base64url(this.#random.bytes(ID_BYTES));
    this.#heartbeat = setInterval(() => void this.#beat(), options.heartbeat ?? 5000).unref();
    this.#connected.promise.catch(() => undefined);
  }

  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async publish(topic: string, message: string): Promise<void> {
    assertMessage(message);
    if (this.#client === undefined) throw this.#away();
    this.#published += 1;
    const frames = toFrames(`${this.#publisher}-${this.#published}`, message);
    const sent = Promise.withResolvers<void>();
    this.#outgoing.push({ channel: channelOf(topic), frames, sent });
    if (!this.#sending) void this.#send();
    return sent.promise;
  }

  async subscribe(topic: string, receive: Receiver): Promise<AsyncDisposable> {
    if (this.#closed) throw this.#away();
    const channel = channelOf(topic);
    this.#topics.set(channel, topic);
    const remove = this.#subscriptions.add(topic, receive);
    const leave = async (): Promise<void> => {
      if (!remove()) return;
      this.#topics.delete(channel);
      // A connection that is gone listens to nothing.
      if (this.#client !== undefined) await this.#query(`UNLISTEN ${channel}`).catch(() => undefined);
    };
    try {
      await withinTime(this.#connected.promise, this.#timeout);
      await this.#query(`LISTEN ${channel}`);
    } catch (error) {
      await leave();
      throw error;
    }
    return { [Symbol.asyncDispose]: leave };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#reconnect);
    this.#connected.reject(this.#away());
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    await withinTime(client.end(), this.#timeout).catch(() => undefined);
    client.socket.destroy();
  }

  async #connect(): Promise<void> {
    const client = new PostgresClient({ ...this.#config, connectionTimeoutMillis: this.#timeout });
    client.on("notification", ({ channel, payload = "" }) => this.#receive(channel, payload));
    client.once("end", () => this.#lost(client));
    try {
      await client.connect();
      // Nobody may use the connection before it listens to everything again.
      const channels = this.#subscriptions.topics.map((topic) => `LISTEN ${channelOf(topic)}`);
      await withinTime(client.query(channels.join("; ")), this.#timeout);
    } catch (error) {
      client.socket.destroy();
      throw connectionFailure(error, this.#address);
    }
    if (this.#closed) return void client.socket.destroy();
    this.#attempts = 0;
    this.#client = client;
    this.#connected.resolve();
  }

  #lost(client: PostgresClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#connected = Promise.withResolvers<void>();
    this.#connected.promise.catch(() => undefined);
    this.#assembler.clear();
    this.#report(this.#away());
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    this.#attempts += 1;
    const backoff = { first: FIRST_RECONNECT, limit: LONGEST_RECONNECT, random: this.#random };
    this.#reconnect = setTimeout(
      () => {
        this.#connect().catch(() => this.#reconnectLater());
      },
      pauseAfter(this.#attempts, backoff),
    ).unref();
  }

  #receive(channel: string, frame: string): void {
    const topic = this.#topics.get(channel);
    const message = this.#assembler.add(frame);
    if (topic !== undefined && message !== undefined) this.#subscriptions.deliver(topic, message);
  }

  /** Sends what has gathered while the last batch was under way, as one statement. */
  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#outgoing.length > 0) {
      const batch = this.#outgoing.splice(0, BATCH);
      const channels = batch.flatMap(({ channel, frames }) => frames.map(() => channel));
      const frames = batch.flatMap((outgoing) => outgoing.frames);
      const outcome = await this.#query(NOTIFY, [channels, frames]).catch((error: unknown) => ({ error }));
      for (const { sent } of batch) {
        if (outcome === undefined) sent.resolve();
        else sent.reject(outcome.error);
      }
    }
    this.#sending = false;
  }

  async #beat(): Promise<void> {
    if (this.#client !== undefined) await this.#query("SELECT 1").catch(() => undefined);
  }

  /** One statement after the other; a connection that does not answer in time is given up. */
  #query(text: string, values: readonly unknown[] = []): Promise<void> {
    const run = async (): Promise<void> => {
      const client = this.#client;
      if (client === undefined) throw this.#away();
      try {
        await withinTime(client.query(text, [...values]), this.#timeout);
      } catch (error) {
        client.socket.destroy();
        throw connectionFailure(error, this.#address);
      }
    };
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #away(): StoreUnavailableError {
    const reason = this.#closed ? "has been closed" : "has lost its connection and is making a new one";
    return new StoreUnavailableError(BUS, `The bus on PostgreSQL at ${this.#address} ${reason}.`);
  }
}

function channelOf(topic: string): string {
  // The name of a channel holds 63 bytes; a topic may be any text.
  return `gatehouse_${createHash("sha256").update(topic).digest("hex").slice(0, 40)}`;
}
