import { z } from "zod";
import type { Timers } from "../../kernel/timers.ts";
import { LastingTopic } from "./lasting-topic.ts";
import { isCarried } from "./message-parts.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import type { NodeMessage, SignedBus } from "./signed-bus.ts";

/** What a node has answered; `undefined` where nothing came in time. */
export interface NodeAnswer {
  readonly node: string;
  readonly answer: unknown;
}

/** What asking every node needs. */
export interface EverywhereParts {
  /** Absent where this node is the only one. */
  readonly bus: SignedBus | undefined;
  readonly heartbeat: NodeHeartbeat;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** Milliseconds that nodes have to answer. Default 2000. */
  readonly patience?: number;
}

const PATIENCE = 2_000;
/** Milliseconds after which a question is sent once more. */
const RESEND = 400;
/** Answers that are kept for those who ask again because they were lost. */
const MOST_KEPT = 100;

const Message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("question"), id: z.number(), question: z.unknown() }),
  z.object({ kind: z.literal("answer"), id: z.number(), answer: z.unknown() }),
]);
type Message = z.infer<typeof Message>;

interface Waiting {
  readonly node: string;
  readonly settle: (answer: unknown) => void;
}

/** Questions that every node is asked: what operators want to know, and what they have done. */
export class Everywhere implements AsyncDisposable {
  readonly #parts: EverywhereParts;
  readonly #waiting = new Map<number, Waiting>();
  readonly #kept = new Map<string, Promise<unknown>>();
  readonly #topic: LastingTopic | undefined;
  #answer: (question: unknown) => unknown = () => undefined;
  #asked = 0;

  constructor(parts: EverywhereParts) {
    this.#parts = parts;
    const { bus, heartbeat } = parts;
    const receive = (message: NodeMessage): void => this.#receive(message);
    this.#topic = bus && new LastingTopic({ ...parts, bus, topic: topicOf(heartbeat.id), receive });
  }

  /** Listens; where the bus is away, as soon as it is there. */
  async open(): Promise<void> {
    await this.#topic?.open();
  }

  /** Says how this node answers. A question that is asked again gets the same answer. */
  serve(answer: (question: unknown) => unknown): void {
    this.#answer = answer;
  }

  /** Asks every node that lives, this one first. Rejects only where this node cannot answer. */
  async ask(question: unknown): Promise<readonly NodeAnswer[]> {
    const { bus, heartbeat } = this.#parts;
    const own = { node: heartbeat.id, answer: await this.#answer(question) };
    if (bus === undefined) return [own];
    await heartbeat.refresh();
    const others = heartbeat.living.map(({ id }) => id).filter((id) => id !== heartbeat.id);
    return [own, ...(await Promise.all(others.map((node) => this.#askOne(bus, node, question))))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { settle } of this.#waiting.values()) settle(undefined);
    await this.#topic?.[Symbol.asyncDispose]();
  }

  #askOne(bus: SignedBus, node: string, question: unknown): Promise<NodeAnswer> {
    const { timers, patience = PATIENCE } = this.#parts;
    const id = (this.#asked += 1);
    const { promise, resolve } = Promise.withResolvers<NodeAnswer>();
    let resend: Disposable | undefined;
    const settle = (answer: unknown): void => {
      if (!this.#waiting.delete(id)) return;
      end[Symbol.dispose]();
      resend?.[Symbol.dispose]();
      resolve({ node, answer });
    };
    const send = (): void => {
      this.#send(bus, node, { kind: "question", id, question });
      // A bus may bring the answer at once.
      if (this.#waiting.has(id)) resend = timers.after(RESEND, send);
    };
    this.#waiting.set(id, { node, settle });
    const end = timers.after(patience, () => settle(undefined));
    send();
    return promise;
  }

  #receive({ from, body }: NodeMessage): void {
    const message = read(body);
    if (message === undefined) return;
    if (message.kind === "question") return void this.#reply(from, message).catch(this.#parts.report);
    const waiting = this.#waiting.get(message.id);
    // Nobody but the node that was asked may answer.
    if (waiting?.node === from) waiting.settle(message.answer);
  }

  async #reply(from: string, { id, question }: Extract<Message, { readonly kind: "question" }>): Promise<void> {
    const { bus, heartbeat } = this.#parts;
    // A key of the installation is not enough: whoever asks has to be a node that lives.
    if (!heartbeat.isAlive(from)) await heartbeat.refresh();
    if (bus === undefined || !heartbeat.isAlive(from)) return;
    const answer = await this.#once(`${from} ${id}`, question);
    this.#send(bus, from, { kind: "answer", id, answer });
  }

  #once(name: string, question: unknown): Promise<unknown> {
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const answer = Promise.resolve(this.#answer(question));
    this.#kept.set(name, answer);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return answer;
  }

  #send(bus: SignedBus, to: string, message: Message): void {
    const text = JSON.stringify(message);
    if (!isCarried(text)) return this.#parts.report(new RangeError("What a node was to be told is too long."));
    bus.publish(topicOf(to), text).catch(this.#parts.report);
  }
}

function topicOf(node: string): string {
  return `gatehouse.realtime.everywhere.${node}`;
}

function read(text: string): Message | undefined {
  try {
    const parsed = Message.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
