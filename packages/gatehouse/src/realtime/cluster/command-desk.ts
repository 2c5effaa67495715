import type { Attempt } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import { deny, type Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { Random } from "../../kernel/random.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import type { CommandDesk } from "../perform.ts";
import type { Reply } from "./asking.ts";
import { carryAttempt } from "./carried-attempt.ts";
import { uncarryOutcome, type FindProblem } from "./carried-outcome.ts";
import type { NodeLink } from "./node-link.ts";
import type { Owners } from "./owners.ts";
import { spread } from "./spread.ts";

/** What a desk works with. */
export interface CommandDeskParts {
  readonly node: string;
  readonly owners: Owners;
  /** Absent where this node is the only one. */
  readonly link: Pick<NodeLink, "ask"> | undefined;
  /** Performs what runs on this node; `undefined` where nothing does, or no longer. */
  readonly worker: () => CommandDesk | undefined;
  readonly findProblem: FindProblem;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly ids: Ids;
  readonly report: (error: unknown) => void;
  /** Milliseconds a command may take. Default 20 000. */
  readonly patience?: number;
}

const PATIENCE = 20_000;
/** Milliseconds between tries, and how far they grow. */
const FIRST_PAUSE = 25;
const LONGEST_PAUSE = 500;
const JITTER = 0.3;
/** Milliseconds for which a worker that cannot reach the store is tried again: it may have been stopped for a while. */
const STORE_PATIENCE = 5_000;
/** Outcomes that another try under the same key resolves. */
const UNRESOLVED: ReadonlySet<string> = new Set([problems.OUTCOME_UNKNOWN.code, problems.IDEMPOTENCY_IN_PROGRESS.code]);

/** What a worker answers that does not run the actor, or runs it no more; nothing was changed. */
const MOVED = "ACTOR_MOVED";

/** What a try came to: an outcome, or nothing yet. `unsent`: what was tried has certainly changed nothing. */
type Try = { readonly outcome: Outcome } | { readonly again: "at once" | "later" | "never"; readonly unsent: boolean };

/**
 * The desk of a node. Commands go to the node that owns their actor. What may have been lost on the way - a message, the
 * owner, the ownership - is tried again under the same idempotency key until time is up, so that it takes effect once.
 */
export function createCommandDesk(parts: CommandDeskParts): CommandDesk {
  return {
    async perform(address, attempt) {
      const command = new Command(parts, address, attempt);
      try {
        return await command.run();
      } catch (error) {
        parts.report(error);
        return command.failed(error);
      }
    },
  };
}

class Command {
  readonly #parts: CommandDeskParts;
  readonly #address: ActorAddress;
  readonly #attempt: Attempt;
  /** When nobody waits any longer, on the monotonic clock. */
  readonly #end: number;
  readonly #begun: number;
  #key: string | undefined;
  #isCertain = true;

  constructor(parts: CommandDeskParts, address: ActorAddress, attempt: Attempt) {
    this.#parts = parts;
    this.#address = address;
    this.#attempt = attempt;
    this.#key = attempt.idempotencyKey;
    const { clock, patience = PATIENCE } = parts;
    const left = attempt.deadline === undefined ? patience : Math.min(patience, attempt.deadline - clock.now());
    this.#begun = clock.monotonic();
    this.#end = this.#begun + left;
  }

  async run(): Promise<Outcome> {
    const { random, timers } = this.#parts;
    for (let tries = 0; this.#left > 0 && this.#attempt.signal?.aborted !== true; tries += 1) {
      const answer = this.#judge(await this.#try());
      if ("outcome" in answer) return answer.outcome;
      if (!answer.unsent) this.#isCertain = false;
      if (answer.again === "never") break;
      if (answer.again === "at once" && tries === 0) continue;
      const wait = spread(random, Math.min(FIRST_PAUSE * 2 ** tries, LONGEST_PAUSE), JITTER);
      const { signal } = this.#attempt;
      await pause(timers, Math.max(0, Math.min(wait, this.#left)), { signal });
    }
    return this.#timeIsUp();
  }

  /** What is answered where the store did not, or something of ours broke. */
  failed(error: unknown): Outcome {
    if (!this.#isCertain) return deny(problems.OUTCOME_UNKNOWN, { retryAfter: 1 });
    if (!(error instanceof StoreUnavailableError)) return deny(problems.INTERNAL_ERROR);
    return this.#timeIsUp();
  }

  #timeIsUp(): Outcome {
    return deny(this.#isCertain ? problems.STORE_UNAVAILABLE : problems.OUTCOME_UNKNOWN, { retryAfter: 1 });
  }

  get #left(): number {
    return this.#end - this.#parts.clock.monotonic();
  }

  async #try(): Promise<Try> {
    const { owners, node } = this.#parts;
    let owner: string | undefined;
    try {
      owner = await owners.find(this.#address);
    } catch (error) {
      if (this.#isCertain || !(error instanceof StoreUnavailableError)) throw error;
    }
    if (owner === undefined) return { again: "later", unsent: true };
    return owner === node ? this.#here() : this.#there(owner);
  }

  /** A refusal says nothing of what an earlier try has done, and some say that only another try can tell. */
  #judge(answer: Try): Try {
    if (!("outcome" in answer) || answer.outcome.ok) return answer;
    const { code, retryable } = answer.outcome.problem;
    if (code === MOVED) return this.#elsewhere();
    if (UNRESOLVED.has(code) && this.#key !== undefined) return { again: "later", unsent: false };
    return retryable && !this.#isCertain ? { again: "later", unsent: true } : answer;
  }

  async #here(): Promise<Try> {
    const worker = this.#parts.worker();
    if (worker === undefined) return this.#elsewhere();
    const key = this.#key;
    const attempt = key === undefined ? this.#attempt : { ...this.#attempt, idempotencyKey: key };
    const answer = await this.#inTime(worker.perform(this.#address, attempt));
    if (answer === undefined) return { again: "never", unsent: false };
    return { outcome: answer };
  }

  /** Resolves with `undefined` when nobody waits any longer; the work goes on regardless. */
  #inTime(work: Promise<Outcome>): Promise<Outcome | undefined> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#attempt;
      const giveUp = (): void => settle(() => resolve(undefined));
      const timer = this.#parts.timers.after(Math.max(0, this.#left), giveUp);
      const settle = (end: () => void): void => {
        timer[Symbol.dispose]();
        signal?.removeEventListener("abort", giveUp);
        end();
      };
      signal?.addEventListener("abort", giveUp);
      work.then(
        (answer) => settle(() => resolve(answer)),
        (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
      );
    });
  }

  async #there(owner: string): Promise<Try> {
    const { link, ids } = this.#parts;
    this.#key ??= ids.next();
    const options = { idempotencyKey: this.#key, patience: this.#left };
    const carried = carryAttempt({ address: this.#address, attempt: this.#attempt }, options);
    // Where nobody is linked nobody else lives: what is known of the owner is out of date.
    if (link === undefined) return this.#elsewhere();
    if (carried === undefined) throw new TypeError("Attempts go to other nodes with nothing but who makes them.");
    const asked = link.ask(owner, carried, this.#left);
    return this.#read(await this.#unlessAborted(asked), owner);
  }

  #unlessAborted(asked: Promise<Reply>): Promise<Reply> {
    const { signal } = this.#attempt;
    if (signal === undefined) return asked;
    return new Promise((resolve) => {
      const stop = (): void => resolve({ kind: "late" });
      signal.addEventListener("abort", stop);
      void asked.then((reply) => {
        signal.removeEventListener("abort", stop);
        resolve(reply);
      });
    });
  }

  #read(reply: Reply, owner: string): Try {
    const { owners, findProblem } = this.#parts;
    switch (reply.kind) {
      case "answer": {
        owners.learn(this.#address, owner);
        const outcome = uncarryOutcome(reply.outcome, findProblem);
        if (outcome === undefined) return { again: "later", unsent: false };
        return this.#isPassing(outcome) ? { again: "later", unsent: true } : { outcome };
      }
      case "declined":
        return reply.reason === "busy" ? { outcome: tooMany() } : this.#elsewhere();
      case "gone":
        owners.forget(this.#address);
        return { again: "at once", unsent: false };
      case "late":
        return { again: "never", unsent: false };
      case "unsent":
        return { outcome: reply.reason === "full" ? tooMany() : deny(problems.PAYLOAD_TOO_LARGE) };
    }
  }

  /** Whether it is a worker's trouble with the store, where nothing was changed, and not too old. */
  #isPassing(outcome: Outcome): boolean {
    const isTrouble = !outcome.ok && outcome.problem.code === problems.STORE_UNAVAILABLE.code;
    return isTrouble && this.#parts.clock.monotonic() - this.#begun < STORE_PATIENCE;
  }

  #elsewhere(): Try {
    this.#parts.owners.forget(this.#address);
    return { again: "later", unsent: true };
  }
}

function tooMany(): Outcome {
  return deny(problems.TOO_MANY_CONCURRENT, { retryAfter: 1 });
}
