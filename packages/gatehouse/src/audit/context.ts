import { isDeepStrictEqual } from "node:util";
import type { EventContext } from "../kernel/event.ts";

const LONGEST_VALUE = 120;

/**
 * The named members of an object as context of an audit row: texts cut to 120 characters, numbers and
 * booleans as they are, everything else by its kind. For `audit.context` of actions:
 * `context: (input) => auditMembers(input, ["room", "capacity"])`.
 */
export function auditMembers<Source extends object>(
  source: Source,
  names: readonly (keyof Source & string)[],
): EventContext {
  const context: Record<string, EventContext[string]> = {};
  for (const name of names) context[name] = contextValue(source[name]);
  return context;
}

/** Which members differ between two versions of a thing, for the row of a change: `{ changed: "name, capacity" }`. */
export function auditChanges(before: object, after: object): EventContext {
  const earlier = new Map<string, unknown>(Object.entries(before));
  const later = new Map<string, unknown>(Object.entries(after));
  const names = new Set([...earlier.keys(), ...later.keys()]);
  const changed = [...names].filter((name) => !isDeepStrictEqual(earlier.get(name), later.get(name)));
  return { changed: changed.sort().join(", ") };
}

function contextValue(value: unknown): EventContext[string] {
  switch (typeof value) {
    case "string":
      return value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE - 1)}…`;
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "bigint":
      return String(value);
    default:
      if (value === null) return undefined;
      return Array.isArray(value) ? `${value.length} items` : typeof value;
  }
}
