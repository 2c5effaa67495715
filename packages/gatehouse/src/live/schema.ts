import type { StandardSchemaV1 } from "@standard-schema/spec";

/** The input of actions that take nothing. */
export const NO_INPUT: StandardSchemaV1<
  Readonly<Record<string, never>> | undefined,
  Readonly<Record<string, never>>
> = {
  "~standard": {
    version: 1,
    vendor: "gatehouse",
    validate(value) {
      if (value === undefined || value === null) return { value: {} };
      if (typeof value !== "object") return { issues: [{ message: "This action takes no parameters." }] };
      const unknown = Object.keys(value)[0];
      return unknown === undefined
        ? { value: {} }
        : { issues: [{ message: "There is no such parameter.", path: [unknown] }] };
    },
  },
};

/**
 * What a schema makes of a value, or `undefined` where the value does not fit.
 * @throws {TypeError} for schemas that need to wait: state and props are checked inside transactions
 */
export function check<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
): { readonly value: Output } | undefined {
  const result = validate(schema, value);
  return result.issues === undefined ? { value: result.value } : undefined;
}

/**
 * What a schema makes of a value that `subject` has brought.
 * @throws {TypeError} when it does not fit; says where and why, and shows no values
 */
export function requireFit<Output>(schema: StandardSchemaV1<unknown, Output>, value: unknown, subject: string): Output {
  const result = validate(schema, value);
  if (result.issues === undefined) return result.value;
  const told = result.issues.slice(0, MOST_TOLD).map((issue) => explain(issue, value));
  const more = result.issues.length - told.length;
  if (more > 0) told.push(`and ${more} more`);
  throw new TypeError(`${subject} that its schema refuses: ${told.join("; ")}`);
}

function validate<Output>(schema: StandardSchemaV1<unknown, Output>, value: unknown): StandardSchemaV1.Result<Output> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) throw new TypeError("The schemas of state and props must be synchronous.");
  return result;
}

const MOST_TOLD = 5;
const LONGEST_KEY = 64;

/** A member, what is expected there and what kind of value it has. Messages of schemas are left out: some quote values. */
function explain(issue: StandardSchemaV1.Issue, value: unknown): string {
  const keys = (issue.path ?? []).map((segment) => (typeof segment === "object" ? segment.key : segment));
  const at = keys.reduce(memberOf, value);
  // Beside what the standard asks for, libraries tell these.
  const { expected, code } = issue as { readonly expected?: unknown; readonly code?: unknown };
  const reason =
    typeof expected === "string" ? `expected ${expected}` : typeof code === "string" ? code : "does not fit";
  const path = keys.map(pathPart).join("").replace(/^\./, "");
  return `${path === "" ? "" : `${path}: `}${reason}, got ${kindOf(at)}`;
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  // Any object can be read as a record.
  return typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}

function pathPart(key: PropertyKey): string {
  if (typeof key === "number") return `[${key}]`;
  const name = String(key).slice(0, LONGEST_KEY);
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : typeof value;
}
