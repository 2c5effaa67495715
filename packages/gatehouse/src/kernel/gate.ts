import { unknownWords, type AnyAction } from "./action.ts";
import { recordDenial } from "./attempt-event.ts";
import { ENTRANCES, UNNAMED, unnamedAction, type Attempt, type Entrance } from "./attempt.ts";
import { events } from "./events.ts";
import type { Guard, GuardSetting, Phase } from "./guard.ts";
import { deny, type Outcome } from "./outcome.ts";
import { compileDoor, compilePipeline, type InventoryRow, type Pipeline, type PipelineParts } from "./pipeline.ts";
import { problems } from "./problems.ts";
import type { Receive } from "./receive.ts";

export type { InventoryRow } from "./pipeline.ts";

/** What a gate is built from. */
export interface GateParts extends PipelineParts {
  readonly actions: readonly AnyAction[];
}

/** The one way in. */
export interface Gate {
  /**
   * Takes an attempt through its pipeline. With `receive` only the head of its request has arrived: its input,
   * idempotency key, CSRF token and signed bytes are received once the guards of the phase `admit` have let it in,
   * and where the body names the action (`UNNAMED`), that as well. Never throws.
   */
  attempt(attempt: Attempt, receive?: Receive): Promise<Outcome>;
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
  const unknown = compileUnknown(parts);
  const find = ({ entrance, action }: Attempt): Pipeline | undefined =>
    pipelines.get(`${entrance} ${action}`) ?? unknown.get(entrance);
  const doors = new Map(
    ENTRANCES.map((entrance) => {
      const action = placeholder(unnamedAction(entrance));
      return [entrance, compileDoor(parts, { action, entrance, find })] as const;
    }),
  );
  announceDisabled(parts);
  return {
    async attempt(attempt, receive) {
      const unnamed = receive !== undefined && attempt.action === UNNAMED;
      const pipeline = unnamed ? doors.get(attempt.entrance) : find(attempt);
      if (pipeline !== undefined) return pipeline.run(attempt, receive);
      const denial = deny(problems.ACTION_NOT_FOUND, { event: events.request_refused });
      recordDenial(parts, { ...attempt, action: UNKNOWN_ACTION }, denial);
      return denial;
    },
    inventory: () => [...pipelines.values()].map((pipeline) => pipeline.inventory),
  };
}

const UNKNOWN_ACTION = "gate.unknown";
const BEFORE_VALIDATION: readonly Phase[] = ["admit", "provenance", "authenticate", "limit"];
const CLIPPED_NAME = 64;

/** What attempts on actions that do not exist pass through: bans and limits hold for guessing, too. */
function compileUnknown(parts: GateParts): Map<Entrance, Pipeline> {
  const action = placeholder(UNKNOWN_ACTION);
  const refuse: Guard = {
    name: "registry",
    phase: "validate",
    modes: ["enforce"],
    compile: () => ({
      guard: "registry",
      phase: "validate",
      summary: "no such action",
      enter: ({ attempt }) =>
        deny(problems.ACTION_NOT_FOUND, {
          event: events.request_refused,
          context: { attempted: clip(attempt.action) },
        }),
    }),
  };
  const guards = [...parts.guards.filter((guard) => BEFORE_VALIDATION.includes(guard.phase)), refuse];
  const compiled = ENTRANCES.map(
    (entrance) => [entrance, compilePipeline({ ...parts, guards }, action, entrance)] as const,
  );
  return new Map(compiled);
}

/** Stands for the action of attempts that have none, or none yet. */
function placeholder(name: string): AnyAction {
  return {
    name,
    entrances: ENTRANCES,
    input: { "~standard": { version: 1, vendor: "gatehouse", validate: (value) => ({ value }) } },
    effects: "none",
    authorise: "public",
    anonymous: true,
    limits: undefined,
    idempotency: false,
    audit: {},
    isolation: "serializable",
    run: async () => deny(problems.ACTION_NOT_FOUND),
  };
}

/** A caller's text, fit for a log: short, and visible ASCII alone. */
function clip(text: string): string {
  return text.slice(0, CLIPPED_NAME).replaceAll(/[^\x21-\x7e]/g, "?");
}

function refuseUnsafe(parts: GateParts): void {
  const reasons: string[] = [];
  const guardNames = new Set<string>();
  for (const { name } of parts.guards) {
    if (guardNames.has(name)) reasons.push(`guards.${name}: two guards have this name; rename one of them.`);
    guardNames.add(name);
  }
  const names = new Set<string>();
  for (const action of parts.actions) {
    if (names.has(action.name)) reasons.push(`The action ${action.name} is declared twice; rename one of them.`);
    names.add(action.name);
    reasons.push(...unknownWords(action));
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
