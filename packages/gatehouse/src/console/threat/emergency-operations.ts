import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny } from "../../kernel/outcome.ts";
import { EMERGENCY_MEASURES, type EmergencySwitches } from "../../kernel/ports/emergency.ts";
import { problems } from "../../kernel/problems.ts";
import { operatorEvents } from "../events.ts";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../operator.ts";

/** Minutes a measure lasts where nobody says how long. */
const EMERGENCY_MINUTES = 60;
const LONGEST = 7 * 24 * 60;
const MINUTE = 60_000;

interface Parts {
  readonly emergency: EmergencySwitches;
}

/** Listing, setting and lifting emergency measures. */
export function createEmergencyOperations({ emergency }: Parts): readonly AnyAction[] {
  const list = defineAction({
    name: "emergency.list",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async () => ({ measures: emergency.list() }),
  });
  const set = defineAction({
    name: "emergency.set",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({
      measure: z.enum(EMERGENCY_MEASURES),
      reason: z.string().trim().min(1).max(500),
      minutes: z.int().min(1).max(LONGEST).default(EMERGENCY_MINUTES),
    }),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: operatorEvents.emergency_set,
      target: ({ measure }) => measure,
      context: ({ reason, minutes }) => ({ reason, minutes }),
    },
    run: async ({ input: { measure, reason, minutes }, transaction }) => ({
      measure: await emergency.set(transaction, { measure, reason, duration: minutes * MINUTE }),
    }),
  });
  const lift = defineAction({
    name: "emergency.lift",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({ measure: z.enum(EMERGENCY_MEASURES) }),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: operatorEvents.emergency_lifted, target: ({ measure }) => measure },
    run: async ({ input: { measure }, transaction }) =>
      (await emergency.lift(transaction, measure))
        ? { measure }
        : deny(problems.NOT_FOUND, { detail: `The measure ${measure} is not in force.` }),
  });
  return [list, set, lift];
}
