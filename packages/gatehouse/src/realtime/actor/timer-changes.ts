import type { ActorAddress, ActorRecords } from "../../kernel/ports/actors.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { Schemas, TimerControl, TimerMoment } from "./context.ts";
import type { DeclaredActor } from "./declared.ts";
import { requireFit } from "./schema.ts";

/** What a turn sets and clears, until it is kept. */
export class TimerChanges {
  readonly #actor: DeclaredActor;
  readonly #now: number;
  readonly #changes = new Map<string, { readonly dueAt: number; readonly payload: string } | undefined>();

  /** `now`: epoch milliseconds. */
  constructor(actor: DeclaredActor, now: number) {
    this.#actor = actor;
    this.#now = now;
  }

  /** What functions of actors set timers with. */
  get control(): TimerControl<Schemas> {
    return {
      set: (name, when, payload) => this.#set(name, when, payload),
      clear: (name) => void this.#changes.set(this.#known(name), undefined),
    };
  }

  async save(records: ActorRecords, transaction: WriteTransaction, address: ActorAddress): Promise<void> {
    for (const [name, change] of this.#changes) {
      if (change === undefined) await records.clearTimer(transaction, address, name);
      else await records.setTimer(transaction, address, { name, ...change });
    }
  }

  #set(name: string, when: TimerMoment, payload: unknown): void {
    const dueAt = Math.ceil("at" in when ? when.at : this.#now + when.in);
    if (!Number.isSafeInteger(dueAt)) throw new RangeError(`The timer ${name} has no moment.`);
    const { payload: schema } = this.#actor.timers.get(this.#known(name)) ?? {};
    if (schema !== undefined) requireFit(schema, payload, `What the timer ${name} of ${this.#actor.type} carries`);
    this.#changes.set(name, { dueAt, payload: JSON.stringify({ payload }) });
  }

  #known(name: string): string {
    if (!this.#actor.timers.has(name)) throw new TypeError(`${this.#actor.type} has no timer ${name}.`);
    return name;
  }
}
