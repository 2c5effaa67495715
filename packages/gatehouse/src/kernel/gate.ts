import type { AnyAction } from "./action.ts";
import type { Attempt, Entrance } from "./attempt.ts";
import type { Clock } from "./clock.ts";
import type { EventStream } from "./event-stream.ts";
import { events } from "./events.ts";
import type { Guard, GuardSetting, Phase } from "./guard.ts";
import type { Ids } from "./ids.ts";
import { deny, type Outcome } from "./outcome.ts";
import { compilePipeline, recordDenial, type Pipeline } from "./pipeline.ts";
import type { Store } from "./ports/store.ts";
import { problems } from "./problems.ts";

/** What a gate is built from. */
export interface GateParts {
  readonly actions: readonly AnyAction[];
  readonly guards: readonly Guard[];
  readonly store: Store;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Operators' choices by guard name; everything else enforces. */
  readonly settings?: Readonly<Record<string, GuardSetting>>;
  /** Receives exceptions of actions and guards; the caller only sees `INTERNAL_ERROR`. */
  readonly report: (error: unknown, attempt: Attempt) => void;
}

/** One row of the inventory: what guards an action at an entrance. */
export interface InventoryRow {
  readonly action: string;
  readonly entrance: Entrance;
  readonly effects: AnyAction["effects"];
  readonly steps: readonly {
    readonly phase: Phase;
    readonly guard: string;
    readonly mode: GuardSetting["mode"];
    readonly summary: string;
  }[];
}

/** The one way in. */
export interface Gate {
  /** Takes an attempt through its pipeline. Never throws. */
  attempt(attempt: Attempt): Promise<Outcome>;
  /** Action by entrance by guard. */
  inventory(): readonly InventoryRow[];
}

/** The configuration cannot be started with; `reasons` say what is wrong and how to mend it. */
export class BootRefusedError extends Error {
  override readonly name = "BootRefusedError";
  readonly reasons: readonly string[];
  constructor(reasons: readonly string[]) {
    super(`Refusing to start:\n${reasons.map((reason) => `  - ${reason}`).join("\n")}`);
    this.reasons = reasons;
  }
}

/**
 * Compiles every action for every entrance it names.
 * @throws {BootRefusedError} when an action or setting is unsafe.
 */
export function createGate(parts: GateParts): Gate {
  refuseUnsafe(parts);
  const pipelines = new Map<string, Pipeline>();
  for (const action of parts.actions) {
    for (const entrance of action.entrances) {
      pipelines.set(`${entrance} ${action.name}`, compilePipeline(parts, action, entrance));
    }
  }
  announceDisabled(parts);
  return {
    async attempt(attempt) {
      const pipeline = pipelines.get(`${attempt.entrance} ${attempt.action}`);
      if (pipeline !== undefined) return pipeline.run(attempt);
      const denial = deny(problems.ACTION_NOT_FOUND, { event: events.request_refused });
      recordDenial(parts, attempt, denial);
      return denial;
    },
    inventory: () => [...pipelines.values()].map((pipeline) => pipeline.inventory),
  };
}

function refuseUnsafe(parts: GateParts): void {
  const reasons: string[] = [];
  const names = new Set<string>();
  for (const action of parts.actions) {
    if (names.has(action.name)) reasons.push(`The action ${action.name} is declared twice; rename one of them.`);
    names.add(action.name);
    for (const guard of parts.guards) reasons.push(...(guard.check?.(action) ?? []));
  }
  for (const [name, setting] of Object.entries(parts.settings ?? {})) {
    reasons.push(...checkSetting(parts.guards, name, setting));
  }
  if (reasons.length > 0) throw new BootRefusedError(reasons);
}

function checkSetting(guards: readonly Guard[], name: string, setting: GuardSetting): string[] {
  const guard = guards.find((candidate) => candidate.name === name);
  if (guard === undefined)
    return [`guards.${name}: there is no such guard; the guards are ${guards.map((g) => g.name).join(", ")}.`];
  if (!guard.modes.includes(setting.mode))
    return [`guards.${name}.mode: "${setting.mode}" is not possible; choose ${guard.modes.join(" or ")}.`];
  if (setting.mode === "off" && setting.reason.trim() === "")
    return [`guards.${name}.reason: say why the guard is off; it is recorded in the audit trail.`];
  return [];
}

function announceDisabled(parts: GateParts): void {
  for (const [name, setting] of Object.entries(parts.settings ?? {})) {
    if (setting.mode !== "off") continue;
    const id = parts.ids.next();
    parts.events.emit({
      id,
      at: parts.clock.now(),
      name: events.guard_disabled.name,
      level: events.guard_disabled.level,
      tenant: "-",
      actor: { type: "system", id: "configuration" },
      source: { entrance: "job" },
      action: "guard.disable",
      target: name,
      outcome: "success",
      requestId: id,
      context: { reason: setting.reason },
    });
  }
}
