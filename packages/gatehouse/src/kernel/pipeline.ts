import type { AnyAction } from "./action.ts";
import type { Attempt, Entrance } from "./attempt.ts";
import { PHASES, type CompiledStep, type Guard, type GuardSetting, type Phase } from "./guard.ts";
import type { Outcome } from "./outcome.ts";
import { Passing, type PassingParts } from "./passing.ts";

/** What a pipeline is compiled from. */
export interface PipelineParts extends PassingParts {
  readonly guards: readonly Guard[];
  /** Operators' choices by guard name; everything else enforces. */
  readonly settings?: Readonly<Record<string, GuardSetting>>;
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

/** One action at one entrance, ready to run. */
export interface Pipeline {
  /** Takes an attempt through the steps. Never throws. */
  run(attempt: Attempt): Promise<Outcome>;
  readonly inventory: InventoryRow;
}

/** Compiles the guards that apply to an action at an entrance into one flat list, in phase order. */
export function compilePipeline(parts: PipelineParts, action: AnyAction, entrance: Entrance): Pipeline {
  const steps = compileSteps(parts, action, entrance);
  const active = steps.filter((step) => step.mode !== "off");
  return {
    run: (attempt) => new Passing(parts, active, { attempt, action }).run(),
    inventory: {
      action: action.name,
      entrance,
      effects: action.effects,
      steps: steps.map(({ phase, guard, mode, summary }) => ({ phase, guard, mode, summary })),
    },
  };
}

function compileSteps(parts: PipelineParts, action: AnyAction, entrance: Entrance): CompiledStep[] {
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
