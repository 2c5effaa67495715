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
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) throw new TypeError("The schemas of state and props must be synchronous.");
  return result.issues === undefined ? { value: result.value } : undefined;
}
