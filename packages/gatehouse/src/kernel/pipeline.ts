import type { ActionContext, AnyAction } from "./action.ts";
import type { Attempt, Entrance, Principal } from "./attempt.ts";
import { events } from "./events.ts";
import type { EventDefinition, SecurityEvent } from "./event.ts";
import type { GateParts, InventoryRow } from "./gate.ts";
import { PHASES, type GuardMode, type GuardStep, type Passage, type Replay } from "./guard.ts";
import { deny, isDenial, type Denial, type Outcome, type Success } from "./outcome.ts";
import { StoreUnavailableError, type WriteTransaction } from "./ports/store.ts";
import { problems } from "./problems.ts";

/** One action at one entrance, ready to run. */
export interface Pipeline {
  run(attempt: Attempt): Promise<Outcome>;
  readonly inventory: InventoryRow;
}

interface CompiledStep extends GuardStep {
  readonly mode: GuardMode;
}

/** Compiles the guards that apply to an action at an entrance into one flat list. */
export function compilePipeline(parts: GateParts, action: AnyAction, entrance: Entrance): Pipeline {
  const steps = compileSteps(parts, action, entrance);
  const active = steps.filter((step) => step.mode !== "off");
  return {
    run: (attempt) => new Run(parts, active, createPassage(attempt, action)).run(),
    inventory: {
      action: action.name,
      entrance,
      effects: action.effects,
      steps: steps.map(({ phase, guard, mode, summary }) => ({ phase, guard, mode, summary })),
    },
  };
}

function compileSteps(parts: GateParts, action: AnyAction, entrance: Entrance): CompiledStep[] {
  const steps: CompiledStep[] = [];
  for (const phase of PHASES) {
    for (const guard of parts.guards) {
      if (guard.phase !== phase) continue;
      const step = guard.compile(action, entrance);
      if (step !== undefined) steps.push({ ...step, mode: parts.settings?.[guard.name]?.mode ?? "enforce" });
    }
  }
  return steps;
}

function createPassage(attempt: Attempt, action: AnyAction): Passage {
  return {
    attempt,
    action,
    principal: anonymousPrincipal(attempt.tenant),
    input: attempt.input,
    limits: [],
    idempotency: undefined,
    stepKey: (step) => `${attempt.id}-${step}`,
    events: [],
  };
}

/** The principal of an attempt nobody has vouched for. */
export function anonymousPrincipal(tenant: string): Principal {
  return { type: "anonymous", id: "-", tenant, grants: NO_GRANTS };
}

const NO_GRANTS: ReadonlySet<string> = new Set();

/** Carries a denial out of a transaction, so that everything in it is rolled back. */
class RolledBack extends Error {
  readonly denial: Denial;
  constructor(denial: Denial) {
    super("rolled back");
    this.denial = denial;
  }
}

/** One attempt's way through its pipeline. */
class Run {
  readonly #parts: GateParts;
  readonly #steps: readonly CompiledStep[];
  readonly #passage: Passage;
  #entered = 0;

  constructor(parts: GateParts, steps: readonly CompiledStep[], passage: Passage) {
    this.#parts = parts;
    this.#steps = steps;
    this.#passage = passage;
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

  async #enter(): Promise<Denial | undefined> {
    for (const step of this.#steps) {
      this.#entered += 1;
      if (step.enter === undefined) continue;
      const answer = step.enter(this.#passage);
      const denial = answer instanceof Promise ? await answer : answer;
      if (denial === undefined) continue;
      if (step.mode === "enforce") return denial;
      this.#noteShadow(step, denial);
    }
    return undefined;
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
    const value = await this.#parts.store.read((transaction) => this.#runAction({ transaction, store: undefined }));
    return isDenial(value) ? value : this.#success(value);
  }

  /** Claim, effect, result and audit row in one transaction. */
  async #executeStore(): Promise<Outcome> {
    try {
      const value = await this.#parts.store.write(async (transaction) => {
        const early = await this.#begin(transaction);
        if (early !== undefined) return early;
        const result = await this.#runAction({ transaction, store: undefined });
        if (isDenial(result)) throw new RolledBack(result);
        await this.#complete(transaction, result);
        return { replay: false, value: result };
      });
      return this.#success(value.value);
    } catch (error) {
      if (error instanceof RolledBack) return error.denial;
      throw error;
    }
  }

  /** Claim in one transaction, the effect outside, the result in another. */
  async #executeExternal(): Promise<Outcome> {
    const { store } = this.#parts;
    let early: Replay | undefined;
    try {
      early = await store.write((transaction) => this.#begin(transaction));
    } catch (error) {
      if (error instanceof RolledBack) return error.denial;
      throw error;
    }
    if (early !== undefined) return this.#success(early.value);
    let result: unknown;
    try {
      result = await this.#runAction({ transaction: undefined, store });
      if (!isDenial(result)) await store.write((transaction) => this.#complete(transaction, result));
    } catch (error) {
      await store.write((transaction) => this.#fail(transaction, "unknown"));
      throw error;
    }
    if (!isDenial(result)) return this.#success(result);
    await store.write((transaction) => this.#fail(transaction, "denied"));
    return result;
  }

  async #begin(transaction: WriteTransaction): Promise<Replay | undefined> {
    for (const step of this.#steps) {
      const answer = await step.begin?.(this.#passage, transaction);
      if (answer === undefined) continue;
      if ("replay" in answer) return answer;
      if (step.mode === "enforce") throw new RolledBack(answer);
      this.#noteShadow(step, answer);
    }
    return undefined;
  }

  async #complete(transaction: WriteTransaction, value: unknown): Promise<void> {
    for (const step of this.#steps) await step.complete?.(this.#passage, transaction, value);
  }

  async #fail(transaction: WriteTransaction, outcome: "denied" | "unknown"): Promise<void> {
    for (const step of this.#steps) await step.fail?.(this.#passage, transaction, outcome);
  }

  #runAction(scope: Pick<ActionContext<unknown>, "transaction" | "store">): Promise<unknown> {
    const { attempt, principal, input, action, stepKey } = this.#passage;
    return action.run({ attempt, principal, input, now: attempt.receivedAt, stepKey, ...scope });
  }

  #success(value: unknown): Success<unknown> {
    const { limits, idempotency } = this.#passage;
    return idempotency === undefined ? { ok: true, value, limits } : { ok: true, value, limits, idempotency };
  }

  #denialFor(error: unknown): Denial {
    this.#parts.report(error, this.#passage.attempt);
    if (error instanceof StoreUnavailableError) {
      return deny(problems.STORE_UNAVAILABLE, {
        retryAfter: 1,
        event: events.store_unavailable,
        context: { store: error.store },
      });
    }
    return deny(problems.INTERNAL_ERROR, { event: events.action_failed });
  }

  async #leave(outcome: Outcome): Promise<void> {
    for (let index = this.#entered - 1; index >= 0; index -= 1) {
      try {
        await this.#steps[index]?.leave?.(this.#passage, outcome);
      } catch (error) {
        this.#parts.report(error, this.#passage.attempt);
      }
    }
  }

  #noteShadow(step: CompiledStep, denial: Denial): void {
    const context = { guard: step.guard, problem: denial.problem.code, ...denial.context };
    this.#passage.events.push(this.#event(events.guard_shadowed, "success", context));
  }

  #settleEvents(outcome: Outcome): void {
    for (const event of this.#passage.events) this.#parts.events.emit(event);
    if (!outcome.ok) recordDenial(this.#parts, this.#passage.attempt, outcome, this.#passage.principal);
  }

  #event(
    definition: EventDefinition,
    outcome: SecurityEvent["outcome"],
    context: SecurityEvent["context"],
  ): SecurityEvent {
    return describe(this.#parts, this.#passage.attempt, {
      definition,
      outcome,
      context,
      principal: this.#passage.principal,
    });
  }
}

/** Emits the one event of a denied attempt. */
export function recordDenial(
  parts: Pick<GateParts, "events" | "ids" | "clock">,
  attempt: Attempt,
  denial: Denial,
  principal = anonymousPrincipal(attempt.tenant),
): void {
  const definition = denial.event ?? events.request_refused;
  const outcome = denial.problem.status >= 500 ? "error" : "denied";
  const event = describe(parts, attempt, { definition, outcome, context: denial.context ?? {}, principal });
  parts.events.emit({ ...event, problem: denial.problem.code });
}

interface EventDetails {
  readonly definition: EventDefinition;
  readonly outcome: SecurityEvent["outcome"];
  readonly context: SecurityEvent["context"];
  readonly principal: Principal;
}

/** The event of an attempt, with actor, source and request id filled in. */
export function describe(
  parts: Pick<GateParts, "ids" | "clock">,
  attempt: Attempt,
  details: EventDetails,
): SecurityEvent {
  const { definition, outcome, context, principal } = details;
  const actor = { type: principal.type, id: principal.id };
  return {
    id: parts.ids.next(),
    at: parts.clock.now(),
    name: definition.name,
    level: definition.level,
    tenant: attempt.tenant,
    actor: principal.onBehalfOf === undefined ? actor : { ...actor, onBehalfOf: principal.onBehalfOf },
    source: { entrance: attempt.entrance, ip: attempt.peer.ip },
    action: attempt.action,
    outcome,
    requestId: attempt.id,
    context,
  };
}
