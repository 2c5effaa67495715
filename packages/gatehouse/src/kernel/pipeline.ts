import type { AnyAction } from "./action.ts";
import type { Attempt, Entrance } from "./attempt.ts";
import { PHASES, type CompiledStep, type Guard, type GuardSetting, type Phase } from "./guard.ts";
import type { Outcome } from "./outcome.ts";
import type { Route } from "./passage.ts";
import { Passing, type PassingParts } from "./passing.ts";
import type { Receive } from "./receive.ts";

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
  /** Takes an attempt through the steps; `receive` brings the rest of it once it is admitted. Never throws. */
  run(attempt: Attempt, receive?: Receive): Promise<Outcome>;
  readonly route: Route;
  readonly inventory: InventoryRow;
}

/** Compiles the guards that apply to an action at an entrance into one flat list, in phase order. */
export function compilePipeline(parts: PipelineParts, action: AnyAction, entrance: Entrance): Pipeline {
  const steps = compileSteps(parts, action, entrance);
  const route = { action, steps: steps.filter((step) => step.mode !== "off") };
  return {
    run: (attempt, receive) => new Passing(parts, route, { attempt, receive }).run(),
    route,
    inventory: {
      action: action.name,
      entrance,
      effects: action.effects,
      steps: steps.map(({ phase, guard, mode, summary }) => ({ phase, guard, mode, summary })),
    },
  };
}

/** What attempts enter by whose body will name their action. */
export interface DoorParts {
  /** Stands for the action until it is named. */
  readonly action: AnyAction;
  readonly entrance: Entrance;
  /** The pipeline of an attempt that has been named. */
  readonly find: (attempt: Attempt) => Pipeline | undefined;
}

/**
 * Compiles what attempts enter by whose body will name their action: the guards of the phase `admit`, and then what the
 * action's own pipeline has besides them. An attempt counts once, so that no guard is asked twice.
 */
export function compileDoor(parts: PipelineParts, { action, entrance, find }: DoorParts): Pick<Pipeline, "run"> {
  const guards = parts.guards.filter(({ phase }) => phase === "admit");
  const { steps } = compilePipeline({ ...parts, guards }, action, entrance).route;
  const asked = new Set(steps.map(({ guard }) => guard));
  const routes = new Map<Pipeline, Route>();

  function onward(attempt: Attempt): Route {
    const pipeline = find(attempt);
    if (pipeline === undefined) return door;
    const known = routes.get(pipeline);
    if (known !== undefined) return known;
    const rest = pipeline.route.steps.filter(({ guard }) => !asked.has(guard));
    const route = { action: pipeline.route.action, steps: [...steps, ...rest] };
    routes.set(pipeline, route);
    return route;
  }

  const door: Route = { action, steps, onward };
  return { run: (attempt, receive) => new Passing(parts, door, { attempt, receive }).run() };
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
