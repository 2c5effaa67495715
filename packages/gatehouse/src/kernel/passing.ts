import { StalePreparationError, Unchanged, type ActionContext } from "./action.ts";
import { describe, recordRefused } from "./attempt-event.ts";
import type { Attempt } from "./attempt.ts";
import type { Clock } from "./clock.ts";
import { denialOfFailure, unknownOutcome } from "./failure.ts";
import type { EventStream } from "./event-stream.ts";
import type { SecurityEvent } from "./event.ts";
import { events } from "./events.ts";
import type { CompiledStep, Replay } from "./guard.ts";
import type { Ids } from "./ids.ts";
import { deny, isDenial, type Denial, type Outcome, type Success } from "./outcome.ts";
import { Held, RolledBack, transact } from "./rollback.ts";
import { fillPassage, openPassage, type OpenPassage, type Passenger, type Route } from "./passage.ts";
import type { ReadTransaction, SnapshotReads, Store, WriteTransaction } from "./ports/store.ts";
import { problems } from "./problems.ts";
import type { Receive } from "./receive.ts";

/** What passing needs of its surroundings. */
export interface PassingParts {
  readonly store: Store;
  /** Where actions without effects read. Default: the store. */
  readonly snapshots?: SnapshotReads | undefined;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Receives exceptions of actions and guards; the caller only sees `INTERNAL_ERROR`. */
  readonly report: (error: unknown, attempt: Attempt) => void;
}

/** What one run of an action works on. */
type Scope = Pick<ActionContext<unknown>, "transaction" | "store"> & { readonly prepared?: unknown };

/** An action that never finds things as it prepared for them is at fault itself. */
const MOST_PREPARATIONS = 5;

/** One attempt's way through the steps of its pipeline. */
export class Passing {
  readonly #parts: PassingParts;
  readonly #passage: OpenPassage;
  #route: Route;
  /** Brings the rest of the attempt; `undefined` once it is here. */
  #receive: Receive | undefined;
  /** Notes of guards in shadow mode: they outlive a transaction that is rolled back. */
  readonly #shadows: SecurityEvent[] = [];
  #entered = 0;

  constructor(parts: PassingParts, route: Route, { attempt, receive }: Passenger) {
    this.#parts = parts;
    this.#route = route;
    this.#receive = receive;
    this.#passage = openPassage(attempt, route.action);
  }

  async run(): Promise<Outcome> {
    let outcome: Outcome;
    try {
      outcome = (await this.#enter()) ?? (await this.#execute());
    } catch (error) {
      outcome = this.#denialFor(error);
    }
    if (!outcome.ok && this.#passage.limits.length > 0 && outcome.limits === undefined) {
      outcome = { ...outcome, limits: this.#passage.limits };
    }
    await this.#leave(outcome);
    this.#settleEvents(outcome);
    return outcome;
  }

  get #steps(): readonly CompiledStep[] {
    return this.#route.steps;
  }

  async #enter(): Promise<Denial | undefined> {
    for (;;) {
      const step = this.#steps[this.#entered];
      if (this.#receive !== undefined && step?.phase !== "admit") {
        const refused = await this.#receiveRest(this.#receive);
        if (refused !== undefined) return refused;
        continue;
      }
      if (step === undefined) return undefined;
      this.#entered += 1;
      if (step.enter === undefined) continue;
      if (step.mode === "shadow") {
        await this.#enterShadowed(step);
        continue;
      }
      const answer = step.enter(this.#passage);
      const denial = answer instanceof Promise ? await answer : answer;
      if (denial !== undefined) return denial;
    }
  }

  async #receiveRest(receive: Receive): Promise<Denial | undefined> {
    this.#receive = undefined;
    const received = await receive();
    if (isDenial(received)) return received;
    this.#route = this.#route.onward?.(received.attempt) ?? this.#route;
    fillPassage(this.#passage, received.attempt, this.#route.action);
    return received.denial;
  }

  /** A guard in shadow mode cannot end an attempt, not even by failing. */
  async #enterShadowed(step: CompiledStep): Promise<void> {
    try {
      const denial = await step.enter?.(this.#passage);
      if (denial !== undefined) this.#noteShadow(step, denial);
    } catch (error) {
      this.#parts.report(error, this.#passage.attempt);
      this.#noteShadow(step, deny(problems.INTERNAL_ERROR));
    }
  }

  #execute(): Promise<Outcome> {
    switch (this.#passage.action.effects) {
      case "none":
        return this.#executeRead();
      case "store":
        return this.#executeStore();
      case "external":
        return this.#executeExternal();
    }
  }

  async #executeRead(): Promise<Outcome> {
    const prepared = await this.#prepare();
    if (isDenial(prepared)) return prepared;
    if (prepared instanceof Unchanged) return this.#success(prepared.answer);
    const { store, snapshots } = this.#parts;
    const run = (transaction: ReadTransaction) => this.#runAction({ transaction, store: undefined, prepared });
    const value = await (snapshots?.read(this.#passage.action.name, run) ?? store.read(run));
    return isDenial(value) ? value : this.#success(value);
  }

  /** What the action prepares, then claim, effect, result and audit row in one transaction. */
  async #executeStore(): Promise<Outcome> {
    for (let tries = 1; ; tries += 1) {
      try {
        const prepared = await this.#prepare();
        if (isDenial(prepared)) return prepared;
        return prepared instanceof Unchanged ? this.#success(prepared.answer) : await this.#executePrepared(prepared);
      } catch (error) {
        if (!(error instanceof StalePreparationError) || tries === MOST_PREPARATIONS) throw error;
      }
    }
  }

  async #prepare(): Promise<unknown> {
    const { attempt, principal, input, action } = this.#passage;
    const read: Store["read"] = (work) => this.#parts.store.read(work);
    return action.prepare?.({ attempt, principal, input, now: attempt.receivedAt, read });
  }

  async #executePrepared(prepared: unknown): Promise<Outcome> {
    const answer = await this.#transact(async (transaction) => {
      const early = await this.#begin(transaction);
      if (early !== undefined) return { value: early.value };
      const value = await this.#runAction({ transaction, store: undefined, prepared });
      if (isDenial(value)) throw new RolledBack(value);
      await this.#complete(transaction, value);
      return { value };
    });
    return answer instanceof RolledBack ? answer.denial : this.#success(answer.value);
  }

  /**
   * Claim in one transaction, the effect outside, the result in another. From the effect on nothing can be
   * taken back: what fails then leaves the outcome unknown, and a retry under the same key resolves it.
   */
  async #executeExternal(): Promise<Outcome> {
    const early = await this.#transact((transaction) => this.#begin(transaction));
    if (early instanceof RolledBack) return early.denial;
    if (early !== undefined) return this.#success(early.value);
    try {
      const value = await this.#runAction({ transaction: undefined, store: this.#parts.store });
      if (isDenial(value)) {
        await this.#fail("denied");
        return value;
      }
      const refused = await this.#transact((transaction) => this.#complete(transaction, value));
      if (!(refused instanceof RolledBack)) return this.#success(value);
      await this.#fail("unknown");
      return refused.denial;
    } catch (error) {
      this.#parts.report(error, this.#passage.attempt);
      await this.#fail("unknown");
      return unknownOutcome(this.#passage);
    }
  }

  #transact<Result>(work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result | RolledBack> {
    return transact({ store: this.#parts.store, passage: this.#passage, shadows: this.#shadows }, work);
  }

  async #begin(transaction: WriteTransaction): Promise<Replay | undefined> {
    for (const step of this.#steps) {
      if (step.begin === undefined) continue;
      const answer = await step.begin(this.#passage, transaction);
      if (answer === undefined) continue;
      if ("replay" in answer) return answer;
      if ("wait" in answer) throw new Held(answer);
      if (step.mode === "enforce") throw new RolledBack(answer);
      this.#noteShadow(step, answer);
    }
    return undefined;
  }

  async #complete(transaction: WriteTransaction, value: unknown): Promise<void> {
    for (const step of this.#steps) {
      if (step.complete === undefined) continue;
      const denial = await step.complete(this.#passage, transaction, value);
      if (denial === undefined) continue;
      if (step.mode === "enforce") throw new RolledBack(denial);
      this.#noteShadow(step, denial);
    }
  }

  /** Puts right what `begin` committed. Where the store is gone, the lease of the claim runs out by itself. */
  async #fail(outcome: "denied" | "unknown"): Promise<void> {
    const steps = this.#steps.filter((step) => step.fail !== undefined);
    if (steps.length === 0) return;
    try {
      await this.#parts.store.write(async (transaction) => {
        for (const step of steps) await step.fail?.(this.#passage, transaction, outcome);
      });
    } catch (error) {
      this.#parts.report(error, this.#passage.attempt);
    }
  }

  #runAction(scope: Scope): Promise<unknown> {
    const { attempt, principal, input, action, stepKey } = this.#passage;
    const { transaction, store } = scope;
    // Of the type that this action's `run` takes, because it comes from the same definition.
    const prepared = scope.prepared as never;
    return action.run({ attempt, principal, input, now: attempt.receivedAt, stepKey, transaction, store, prepared });
  }

  #success(value: unknown): Success<unknown> {
    const { limits, idempotency } = this.#passage;
    return idempotency === undefined ? { ok: true, value, limits } : { ok: true, value, limits, idempotency };
  }

  #denialFor(error: unknown): Denial {
    this.#parts.report(error, this.#passage.attempt);
    return denialOfFailure(error, this.#passage);
  }

  async #leave(outcome: Outcome): Promise<void> {
    for (let index = this.#entered - 1; index >= 0; index -= 1) {
      const step = this.#steps[index];
      if (step?.leave === undefined) continue;
      try {
        const left = step.leave(this.#passage, outcome);
        if (left instanceof Promise) await left;
      } catch (error) {
        this.#parts.report(error, this.#passage.attempt);
      }
    }
  }

  #noteShadow(step: CompiledStep, denial: Denial): void {
    const { attempt, principal, action } = this.#passage;
    const context = { guard: step.guard, problem: denial.problem.code, ...denial.context };
    const details = { definition: events.guard_shadowed, outcome: "success", context, principal } as const;
    this.#shadows.push(describe(this.#parts, attempt, { ...details, action: action.name }));
  }

  #settleEvents(outcome: Outcome): void {
    for (const event of this.#shadows) this.#parts.events.emit(event);
    for (const event of this.#passage.events) this.#parts.events.emit(event);
    if (outcome.ok) return;
    const { attempt, principal, action } = this.#passage;
    recordRefused(this.#parts, { attempt, principal, action: action.name }, outcome);
  }
}
