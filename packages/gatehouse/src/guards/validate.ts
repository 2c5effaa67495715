import type { StandardSchemaV1 } from "@standard-schema/spec";
import { events } from "../kernel/events.ts";
import type { Guard, Passage } from "../kernel/guard.ts";
import { deny, type Denial, type Violation } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { findMalformed, findUnsafe } from "./validate-keys.ts";
import { publicMessagesFor } from "./validate-message.ts";
import { pointerOf, valueAt } from "./validate-pointer.ts";

/** How many violations one answer lists. */
const MOST_VIOLATIONS = 50;
/** How many of them the event names. */
const MOST_POINTERS = 10;

/**
 * Checks the input against the action's schema (any Standard Schema, synchronous or not) and hands on what
 * the schema made of it. Keys that can pollute prototypes are refused before a schema sees them; so is what JSON does not
 * carry faithfully (halves of surrogate pairs, NUL, numbers that are not finite), and where a schema makes some itself.
 *
 * Denies with `VALIDATION_ERROR` (422): JSON Pointers and messages, never the values that were sent. The
 * event `input_validation_fail` carries the pointers alone.
 */
export function validateGuard(): Guard {
  return {
    name: "validate",
    phase: "validate",
    modes: ["enforce"],
    check: (action) =>
      typeof action.input?.["~standard"]?.validate === "function"
        ? []
        : [`The action ${action.name} has no input schema; give it any Standard Schema, such as z.object({}).`],
    compile: (action) => {
      const { validate, vendor } = action.input["~standard"];
      return {
        guard: "validate",
        phase: "validate",
        summary: `${vendor} schema`,
        enter: (passage) => {
          const unsafe = findUnsafe(passage.input);
          if (unsafe !== undefined) return refuse([unsafe]);
          const result = validate(passage.input);
          return result instanceof Promise ? result.then((later) => settle(passage, later)) : settle(passage, result);
        },
      };
    },
  };
}

function settle(passage: Passage, result: StandardSchemaV1.Result<unknown>): Denial | undefined {
  if (result.issues === undefined) {
    const malformed = findMalformed(result.value);
    if (malformed !== undefined) return refuse([malformed]);
    passage.input = result.value;
    return undefined;
  }
  const publicMessage = publicMessagesFor(passage.input);
  const issues = result.issues.slice(0, MOST_VIOLATIONS);
  return refuse(
    issues.map(({ path, message }) => ({
      pointer: pointerOf(path),
      message: publicMessage(message, valueAt(passage.input, path)),
    })),
  );
}

function refuse(violations: readonly Violation[]): Denial {
  const pointers = violations.slice(0, MOST_POINTERS).map(({ pointer }) => (pointer === "" ? "(input)" : pointer));
  return deny(problems.VALIDATION_ERROR, {
    violations,
    event: events.input_validation_fail,
    context: { pointers: pointers.join(" "), violations: violations.length },
  });
}
