import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Centrifuge } from "centrifuge";
import { z } from "zod";
import { WebSocket } from "ws";
import type { Hearing } from "./listener.ts";

const reply = z.object({ number: z.number() });
/** Milliseconds until a command is sent again under the same id. */
const PATIENCE = 5_000;
const PAUSE = 100;
/** Milliseconds after which something is wrong for good. */
const LONGEST = 90_000;

/** What is said in one room. */
export interface Speech {
  readonly room: string;
  /** Milliseconds between two events. */
  readonly every: number;
  /** Bytes of each. Default: next to none. */
  readonly bytes?: number;
}

/** Says something in rooms again and again, and knows what was confirmed. */
export class Speaker implements AsyncDisposable {
  /** The newest confirmed number by room. */
  readonly confirmed = new Map<string, number>();
  /** How often a command was sent once more. */
  repeated = 0;
  readonly #hearing: Hearing;
  readonly #client: Centrifuge;
  readonly #ended = new AbortController();
  readonly #speeches: Promise<void>[];

  constructor(hearing: Hearing, speeches: readonly Speech[]) {
    this.#hearing = hearing;
    const endpoint = `${hearing.origin.replace("http", "ws")}/connection/websocket`;
    this.#client = new Centrifuge([{ transport: "websocket", endpoint }], {
      token: "user-speaker",
      websocket: WebSocket,
      timeout: PATIENCE,
    });
    this.#client.connect();
    this.#speeches = speeches.map((speech) => this.#speak(speech));
  }

  /** Says nothing more; what is under way is confirmed first. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#speeches);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await Promise.allSettled(this.#speeches);
    this.#client.disconnect();
  }

  async #speak({ room, every, bytes = 0 }: Speech): Promise<void> {
    for (let next = performance.now(); !this.#ended.signal.aborted; next += every) {
      const wait = next - performance.now();
      if (wait > 0) await delay(wait);
      const number = await this.#say(room, bytes);
      const expected = (this.confirmed.get(room) ?? 0) + 1;
      if (number !== expected)
        this.#hearing.violations.add(`${number} of ${room} was confirmed instead of ${expected}.`);
      this.confirmed.set(room, number);
    }
  }

  async #say(room: string, bytes: number): Promise<number> {
    const data = { key: [room], id: randomUUID(), input: { at: performance.now(), bytes } };
    for (;;) {
      try {
        const { data: answer } = await this.#client.rpc("room.say", data);
        return reply.parse(answer).number;
      } catch (error) {
        if (performance.now() - data.input.at > LONGEST) throw error;
        this.repeated += 1;
        await delay(PAUSE);
      }
    }
  }
}
