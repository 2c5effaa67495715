import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { Timers } from "../../kernel/timers.ts";
import { LastingTopic } from "./lasting-topic.ts";
import { isCarried } from "./message-parts.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import { readMessageAs } from "./read-message.ts";
import type { NodeMessage, SignedBus } from "./signed-bus.ts";

/** What a node has answered, or why there is no answer. */
export type Answer =
  | { readonly kind: "answer"; readonly answer: unknown }
  /** The node does not live, or no more. */
  | { readonly kind: "gone" }
  /** Nothing came in time. What was asked for may have been done. */
  | { readonly kind: "late" }
  /** Nothing was sent: too many wait for answers already, or it is too long. */
  | { readonly kind: "unsent"; readonly reason: "full" | "too long" };

/** What asking nodes needs. */
export interface NodeQuestionsParts {
  readonly bus: SignedBus;
  readonly heartbeat: Pick<NodeHeartbeat, "id" | "isAlive" | "refresh" | "onRead">;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** What the questions are about: each node is asked on a topic of this name and its own. */
  readonly about: string;
  /** Milliseconds that a node has to answer. */
  readonly patience: number;
  /** Questions of this node that may wait at once. */
  readonly most: number;
  /** Answers of this node that are kept for those who ask again; beyond them nothing is taken until some are old. */
  readonly mostKept: number;
}

/** Milliseconds after which a question is sent once more, and how far that grows. */
const FIRST_RESEND = 400;
const LONGEST_RESEND = 2_000;
/** Milliseconds for which answers are kept: a bus takes no message that is older. */
const KEPT_FOR = 30_000;

const Message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("question"), id: z.number(), question: z.unknown() }),
  z.object({ kind: z.literal("answer"), id: z.number(), answer: z.unknown() }),
]);
type Message = z.infer<typeof Message>;

interface Waiting {
  readonly node: string;
  readonly settle: (answer: Answer) => void;
}

interface Kept {
  readonly answer: Promise<unknown>;
  readonly at: number;
}

/** Questions from node to node. What was lost is sent again, and what was asked for is done once. */
export class NodeQuestions implements AsyncDisposable {
  readonly #parts: NodeQuestionsParts;
  readonly #waiting = new Map<number, Waiting>();
  readonly #kept = new Map<string, Kept>();
  readonly #topic: LastingTopic;
  readonly #watch: Disposable;
  #answer: ((question: unknown) => unknown) | undefined;
  #asked = 0;

  constructor(parts: NodeQuestionsParts) {
    this.#parts = parts;
    const { heartbeat } = parts;
    const receive = (message: NodeMessage): void => this.#receive(message);
    this.#topic = new LastingTopic({ ...parts, topic: this.#topicOf(heartbeat.id), receive });
    this.#watch = heartbeat.onRead(() => this.#giveUpDead());
  }

  /** Listens; where the bus is away, as soon as it is there. */
  open(): Promise<void> {
    return this.#topic.open();
  }

  /** Says how this node answers. A question that is asked again gets the same answer. */
  serve(answer: (question: unknown) => unknown): void {
    this.#answer = answer;
  }

  /** Asks a node; never rejects. */
  async ask(node: string, question: unknown): Promise<Answer> {
    const { heartbeat, most } = this.#parts;
    if (!heartbeat.isAlive(node)) await heartbeat.refresh();
    if (!heartbeat.isAlive(node)) return { kind: "gone" };
    if (this.#waiting.size >= most) return { kind: "unsent", reason: "full" };
    const id = (this.#asked += 1);
    const text = JSON.stringify({ kind: "question", id, question } satisfies Message);
    return isCarried(text) ? this.#send(node, id, text) : { kind: "unsent", reason: "too long" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    for (const { settle } of this.#waiting.values()) settle({ kind: "late" });
    await this.#topic[Symbol.asyncDispose]();
  }

  #send(node: string, id: number, text: string): Promise<Answer> {
    const { timers, patience, heartbeat } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    let resend: Disposable | undefined;
    const end = timers.after(patience, () => settle({ kind: "late" }));
    const settle = (answer: Answer): void => {
      if (!this.#waiting.delete(id)) return;
      end[Symbol.dispose]();
      resend?.[Symbol.dispose]();
      resolve(answer);
    };
    const send = (pause: number): void => {
      this.#publish(node, text);
      // A bus may bring the answer at once.
      if (!this.#waiting.has(id)) return;
      resend = timers.after(pause, () => {
        void heartbeat.refresh();
        send(Math.min(pause * 2, LONGEST_RESEND));
      });
    };
    this.#waiting.set(id, { node, settle });
    send(FIRST_RESEND);
    return promise;
  }

  #giveUpDead(): void {
    const { heartbeat } = this.#parts;
    for (const { node, settle } of this.#waiting.values()) if (!heartbeat.isAlive(node)) settle({ kind: "gone" });
  }

  #receive({ from, body }: NodeMessage): void {
    const message = readMessageAs(Message, body);
    if (message === undefined) return;
    if (message.kind === "question") return void this.#reply(from, message).catch(this.#parts.report);
    const waiting = this.#waiting.get(message.id);
    // Nobody but the node that was asked may answer.
    if (waiting?.node === from) waiting.settle({ kind: "answer", answer: message.answer });
  }

  async #reply(from: string, { id, question }: Extract<Message, { readonly kind: "question" }>): Promise<void> {
    const { heartbeat, report } = this.#parts;
    // A key of the installation is not enough: whoever asks has to be a node that lives.
    if (!heartbeat.isAlive(from)) await heartbeat.refresh();
    if (!heartbeat.isAlive(from)) return;
    const kept = this.#once(`${from} ${id}`, question);
    if (kept === undefined) return;
    const text = JSON.stringify({ kind: "answer", id, answer: await kept } satisfies Message);
    if (isCarried(text)) this.#publish(from, text);
    else report(new RangeError("What a node was to be told is too long."));
  }

  #once(name: string, question: unknown): Promise<unknown> | undefined {
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept.answer;
    const { clock, mostKept } = this.#parts;
    const now = clock.monotonic();
    for (const [old, { at }] of this.#kept) {
      if (now - at < KEPT_FOR) break;
      this.#kept.delete(old);
    }
    // Whoever asks again later is answered then: forgetting an answer now could have something done twice.
    if (this.#answer === undefined || this.#kept.size >= mostKept) return undefined;
    const answer = Promise.resolve(this.#answer(question));
    this.#kept.set(name, { answer, at: now });
    return answer;
  }

  #publish(to: string, text: string): void {
    const { bus, report } = this.#parts;
    bus.publish(this.#topicOf(to), text).catch(report);
  }

  #topicOf(node: string): string {
    return `gatehouse.realtime.${this.#parts.about}.${node}`;
  }
}
