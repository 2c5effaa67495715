import type { Timers } from "../../kernel/timers.ts";
import type { CarriedAttempt } from "./carried-attempt.ts";
import { nodeTopic, type LinkMessage, type ReadLinkMessage } from "./link-messages.ts";
import { isCarried } from "./message-parts.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import type { SignedBus } from "./signed-bus.ts";

/** What comes back, or why nothing does. */
export type Reply =
  | Exclude<ReadLinkMessage, { readonly kind: "ask" }>
  /** The node is not alive any more. */
  | { readonly kind: "gone" }
  /** Nothing came in time. */
  | { readonly kind: "late" }
  /** Too many wait for answers already, or it is too long: nothing was sent. */
  | { readonly kind: "unsent"; readonly reason: "full" | "too long" };

/** What asking needs. */
export interface AskingParts {
  readonly bus: SignedBus;
  readonly heartbeat: Pick<NodeHeartbeat, "isAlive" | "onRead" | "refresh">;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** Attempts of this node that may wait for answers at once. Default 10 000. */
  readonly most?: number;
}

interface Waiting {
  readonly node: string;
  readonly settle: (reply: Reply) => void;
}

const MOST = 10_000;
/** Milliseconds until an attempt without an answer is sent again, and how far that grows. */
const FIRST_RESEND = 250;
const LONGEST_RESEND = 1_000;

/** Attempts that other nodes were asked to perform. A message may be lost, so each is sent until there is an answer. */
export class Asking implements Disposable {
  readonly #parts: AskingParts;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watch: Disposable;
  #asked = 0;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    this.#watch = parts.heartbeat.onRead(() => this.#giveUpDead());
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Asks a node; never rejects. */
  ask(node: string, attempt: CarriedAttempt, patience: number): Promise<Reply> {
    const { bus, timers, report, most = MOST } = this.#parts;
    if (this.#waiting.size >= most) return Promise.resolve({ kind: "unsent", reason: "full" });
    const id = (this.#asked += 1);
    const text = JSON.stringify({ kind: "ask", id, attempt } satisfies LinkMessage);
    if (!isCarried(text)) return Promise.resolve({ kind: "unsent", reason: "too long" });
    const { promise, resolve } = Promise.withResolvers<Reply>();
    let resend: Disposable | undefined;
    const end = timers.after(Math.max(0, patience), () => settle({ kind: "late" }));
    const settle = (reply: Reply): void => {
      if (!this.#waiting.delete(id)) return;
      resend?.[Symbol.dispose]();
      end[Symbol.dispose]();
      resolve(reply);
    };
    const send = (pause: number): void => {
      bus.publish(nodeTopic(node), text).catch(report);
      resend = timers.after(pause, () => {
        void this.#parts.heartbeat.refresh();
        send(Math.min(pause * 2, LONGEST_RESEND));
      });
    };
    this.#waiting.set(id, { node, settle });
    send(FIRST_RESEND);
    return promise;
  }

  /** Takes what a node has answered; nobody but the one that was asked may. */
  receive(from: string, reply: Exclude<ReadLinkMessage, { readonly kind: "ask" }>): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting?.node === from) waiting.settle(reply);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    for (const { settle } of this.#waiting.values()) settle({ kind: "late" });
  }

  #giveUpDead(): void {
    const { heartbeat } = this.#parts;
    for (const { node, settle } of this.#waiting.values()) if (!heartbeat.isAlive(node)) settle({ kind: "gone" });
  }
}
