import type { Attempt } from "../../kernel/attempt.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { CommandDesk } from "../perform.ts";

/** What stands before the worker of a node: closed, nobody gets to it any more, and those who did are waited for. */
export class WorkerDoor implements CommandDesk {
  readonly #running = new Set<Promise<unknown>>();
  #worker: CommandDesk | undefined;

  /** Whether attempts are let in. */
  get isOpen(): boolean {
    return this.#worker !== undefined;
  }

  open(worker: CommandDesk): void {
    this.#worker = worker;
  }

  close(): void {
    this.#worker = undefined;
  }

  /** Resolves when nobody is inside. */
  async empty(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  perform(address: ActorAddress, attempt: Attempt): Promise<Outcome> {
    if (this.#worker === undefined) throw new TypeError("Nobody performs attempts here.");
    const work = this.#worker.perform(address, attempt);
    this.#running.add(work);
    const done = (): void => void this.#running.delete(work);
    work.then(done, done);
    return work;
  }
}
