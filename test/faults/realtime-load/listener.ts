import { Centrifuge, State, type PublicationContext } from "centrifuge";
import { z } from "zod";
import type { Violations } from "../drill.ts";
import { Link } from "./link.ts";

/** Where there is something to be heard, and what is wrong with it. */
export interface Hearing {
  /** The server's. */
  readonly origin: string;
  readonly rooms: readonly string[];
  readonly violations: Violations;
}

/** What a room says. `at` is the time at which it was said, by the clock of this process. */
const said = z.object({ data: z.object({ number: z.number(), at: z.number() }) });

/** Delays between tries: those of a client that wants back soon. */
const RETRY = { minReconnectDelay: 50, maxReconnectDelay: 500 } as const;
const PATIENCE = 60_000;

/** Somebody who hears rooms with the protocol's client, and counts. */
export class Listener implements Disposable {
  readonly name: string;
  /** How often the connection was lost. */
  losses = 0;
  /** How often there was no connection any more, for whatever reason. */
  interruptions = 0;
  /** Why subscriptions were refused for a while and tried again, and how often. */
  readonly refused = new Map<string, number>();
  /** For each event that was missed: milliseconds until it was heard, from when the link was there again and it was said. */
  replays: number[] = [];
  /** For each other event: milliseconds from when it was said. */
  readonly delays: number[] = [];
  readonly #hearing: Hearing;
  readonly #link = new Link();
  readonly #client: Centrifuge;
  readonly #heard = new Map<string, number>();
  #foundAt = 0;
  /** The room of which what was missed is heard now. */
  #replaying: string | undefined;

  constructor(name: string, hearing: Hearing) {
    this.name = name;
    this.#hearing = hearing;
    const endpoint = `${hearing.origin.replace("http", "ws")}/connection/websocket`;
    this.#client = new Centrifuge([{ transport: "websocket", endpoint }], {
      ...RETRY,
      token: `user-${name}`,
      websocket: this.#link.WebSocket,
      timeout: 20_000,
    });
    this.#client.on("connecting", () => (this.interruptions += 1));
    this.#client.on("disconnected", ({ code, reason }) => {
      if (code >= 3000) this.#blame(`was disconnected for good: ${code} ${reason}`);
    });
  }

  /** Begins to hear all rooms from where they are. */
  async connect(): Promise<void> {
    this.#client.connect();
    await Promise.all(this.#hearing.rooms.map((room) => this.#hear(room)));
  }

  get isConnected(): boolean {
    return this.#client.state === State.Connected;
  }

  /** How many events of a room were heard. */
  heard(room: string): number {
    return this.#heard.get(room) ?? 0;
  }

  /** The newest number of every room that there is. */
  hasHeard(newest: ReadonlyMap<string, number>): boolean {
    return this.#hearing.rooms.every((room) => this.heard(room) >= (newest.get(room) ?? 0));
  }

  loseLink(): void {
    this.losses += 1;
    this.#link.lose();
  }

  findLink(): void {
    this.#foundAt = performance.now();
    this.#link.find();
  }

  [Symbol.dispose](): void {
    this.#client.disconnect();
  }

  async #hear(room: string): Promise<void> {
    const subscription = this.#client.newSubscription(`room:${room}`, { recoverable: true, positioned: true });
    subscription.on("publication", (publication) => this.#take(room, publication));
    subscription.on("subscribed", ({ wasRecovering, recovered }) => {
      // What was missed comes in the same breath.
      this.#replaying = room;
      queueMicrotask(() => (this.#replaying = undefined));
      if (wasRecovering && !recovered) this.#blame(`could not recover ${room}`);
    });
    subscription.on("error", ({ error: { code, message } }) => {
      const why = `${code} ${message}`;
      this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
    });
    subscription.on("unsubscribed", ({ code, reason }) => {
      if (code >= 2000) this.#blame(`hears ${room} no more: ${code} ${reason}`);
    });
    subscription.subscribe();
    await subscription.ready(PATIENCE);
  }

  #take(room: string, publication: PublicationContext): void {
    const { number, at } = said.parse(publication.data).data;
    const expected = this.heard(room) + 1;
    if (number !== expected) this.#blame(`heard ${number} of ${room} where ${expected} comes next`);
    this.#heard.set(room, Math.max(number, expected - 1));
    const now = performance.now();
    if (this.#replaying === room) this.replays.push(now - Math.max(at, this.#foundAt));
    else this.delays.push(now - at);
  }

  #blame(text: string): void {
    this.#hearing.violations.add(`${this.name} ${text}.`);
  }
}
