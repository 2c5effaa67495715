import type { Clock } from "../../kernel/clock.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { CommandDesk } from "../perform.ts";
import { Answering } from "./answering.ts";
import { Asking, type Reply } from "./asking.ts";
import type { CarriedAttempt } from "./carried-attempt.ts";
import { LastingTopic } from "./lasting-topic.ts";
import { nodeTopic, readLinkMessage } from "./link-messages.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import type { NodeMessage, SignedBus } from "./signed-bus.ts";

/** What a link is made of. */
export interface NodeLinkParts {
  readonly bus: SignedBus;
  readonly heartbeat: NodeHeartbeat;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** Attempts that may wait for other nodes at once, and those that other nodes may have here. */
  readonly most?: { readonly asked?: number; readonly answered?: number };
}

/** How this node and the others have commands performed by each other. */
export class NodeLink implements AsyncDisposable {
  readonly #asking: Asking;
  readonly #answering: Answering;
  readonly #topic: LastingTopic;

  constructor({ most = {}, ...parts }: NodeLinkParts) {
    this.#asking = new Asking({ ...parts, ...(most.asked === undefined ? {} : { most: most.asked }) });
    this.#answering = new Answering({ ...parts, ...(most.answered === undefined ? {} : { most: most.answered }) });
    const receive = (message: NodeMessage): void => this.#receive(message);
    this.#topic = new LastingTopic({ ...parts, topic: nodeTopic(parts.bus.node), receive });
  }

  /** Listens; where the bus is away, as soon as it is there. */
  open(): Promise<void> {
    return this.#topic.open();
  }

  /** Has a node perform an attempt; never rejects. */
  ask(node: string, attempt: CarriedAttempt, patience: number): Promise<Reply> {
    return this.#asking.ask(node, attempt, patience);
  }

  /** Performs what others ask for, or declines it. */
  serve(worker: CommandDesk | undefined): void {
    this.#answering.worker = worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#asking[Symbol.dispose]();
    await this.#topic[Symbol.asyncDispose]();
  }

  #receive({ from, body }: NodeMessage): void {
    const message = readLinkMessage(body);
    if (message === undefined) return;
    if (message.kind === "ask") this.#answering.receive(from, message);
    else this.#asking.receive(from, message);
  }
}
