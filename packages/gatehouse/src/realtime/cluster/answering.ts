import type { Clock } from "../../kernel/clock.ts";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { CommandDesk } from "../perform.ts";
import { uncarryAttempt, type AddressedAttempt } from "./carried-attempt.ts";
import { carryOutcome, type CarriedOutcome } from "./carried-outcome.ts";
import { nodeTopic, type LinkMessage, type ReadLinkMessage } from "./link-messages.ts";
import { isCarried } from "./message-parts.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import type { SignedBus } from "./signed-bus.ts";

/** What answering needs. */
export interface AnsweringParts {
  readonly bus: SignedBus;
  readonly heartbeat: Pick<NodeHeartbeat, "isAlive" | "refresh">;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
  /** Attempts of other nodes that may be under way at once. Default 2000. */
  readonly most?: number;
}

const MOST = 2_000;
/** How many answers are kept for those who did not get them, for how many milliseconds, and how many characters of them. */
const MOST_KEPT = 2_000;
const KEPT_FOR = 30_000;
const MOST_KEPT_CHARACTERS = 8 * 1024 * 1024;

/** Attempts that other nodes ask this one to perform. One that is asked for again, because its answer was lost, gets the same. */
export class Answering {
  readonly #parts: AnsweringParts;
  readonly #running = new Set<string>();
  readonly #kept = new Map<string, { readonly text: string; readonly at: number }>();
  #keptCharacters = 0;
  #worker: CommandDesk | undefined;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /** Who performs them; `undefined`: nobody, they are declined. */
  set worker(worker: CommandDesk | undefined) {
    this.#worker = worker;
  }

  receive(from: string, { id, attempt }: Extract<ReadLinkMessage, { readonly kind: "ask" }>): void {
    const name = `${from} ${id}`;
    // The answer is on its way.
    if (this.#running.has(name)) return;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return this.#send(from, kept.text);
    const { clock, report, most = MOST } = this.#parts;
    const addressed = uncarryAttempt(attempt, clock.now());
    if (addressed === undefined) return report(new TypeError("Another node has sent an attempt that is none."));
    if (this.#worker === undefined) return this.#decline(from, id, "stopping");
    if (this.#running.size >= most) return this.#decline(from, id, "busy");
    this.#running.add(name);
    void this.#perform(from, id, addressed)
      .catch(report)
      .finally(() => this.#running.delete(name));
  }

  async #perform(from: string, id: number, { address, attempt }: AddressedAttempt): Promise<void> {
    if (!(await this.#isKnown(from))) return;
    const worker = this.#worker;
    if (worker === undefined) return this.#decline(from, id, "stopping");
    const outcome = await worker.perform(address, attempt);
    this.#answer(from, id, carryOutcome(outcome));
  }

  /** A key of the installation is not enough: whoever asks has to be a node that lives. */
  async #isKnown(node: string): Promise<boolean> {
    const { heartbeat } = this.#parts;
    if (!heartbeat.isAlive(node)) await heartbeat.refresh();
    return heartbeat.isAlive(node);
  }

  #answer(to: string, id: number, outcome: CarriedOutcome): void {
    const text = JSON.stringify({ kind: "answer", id, outcome } satisfies LinkMessage);
    if (!isCarried(text)) {
      // What was done is done; only its result does not get there.
      return this.#answer(to, id, carryOutcome(deny(problems.IDEMPOTENCY_RESULT_TOO_LARGE)));
    }
    this.#keep(`${to} ${id}`, text);
    this.#send(to, text);
  }

  #decline(to: string, id: number, reason: "busy" | "stopping"): void {
    this.#tell(to, { kind: "declined", id, reason });
  }

  #tell(to: string, message: LinkMessage): void {
    this.#send(to, JSON.stringify(message));
  }

  #send(to: string, text: string): void {
    this.#parts.bus.publish(nodeTopic(to), text).catch(this.#parts.report);
  }

  #keep(name: string, text: string): void {
    const now = this.#parts.clock.monotonic();
    this.#kept.set(name, { text, at: now });
    this.#keptCharacters += text.length;
    for (const [old, { text: past, at }] of this.#kept) {
      const crowded = this.#kept.size > MOST_KEPT || this.#keptCharacters > MOST_KEPT_CHARACTERS;
      if (!crowded && now - at < KEPT_FOR) break;
      this.#kept.delete(old);
      this.#keptCharacters -= past.length;
    }
  }
}
