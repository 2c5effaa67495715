import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import type { JsonObject } from "./mcp/caller.ts";

/**
 * What a schema looks like (JSON Schema 2020-12).
 * @throws {TypeError} when its library cannot tell.
 */
export function jsonSchemaOf(name: string, schema: object, side: "input" | "output"): JsonObject {
  // Every Standard Schema has this member; whether it can tell JSON Schemas is checked.
  const { jsonSchema } = (schema as { readonly "~standard": Partial<StandardJSONSchemaV1.Props> })["~standard"];
  if (jsonSchema === undefined) throw new TypeError(`The schema of ${name} cannot tell its JSON Schema.`);
  return jsonSchema[side]({ target: "draft-2020-12" });
}
