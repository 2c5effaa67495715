import type { FormFields } from "../../http/form-body.ts";
import type { JsonObject } from "../mcp/caller.ts";

/**
 * The input of an action from a query, whose values are all texts: numbers, yes or no, and lists are read as the action's
 * schema has them. What cannot be read stays as it is, for the schema to refuse.
 */
export function readQuery(fields: FormFields, schema: JsonObject): JsonObject {
  const { properties } = schema;
  const known = new Map(isObject(properties) ? Object.entries(properties) : []);
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, readValue(text, known.get(name))]));
}

function readValue(text: string | readonly string[], schema: unknown): unknown {
  if (!isObject(schema)) return text;
  if (schema["type"] === "array") {
    const all = typeof text === "string" ? text.split(",") : text;
    return all.map((one) => readValue(one, schema["items"]));
  }
  if (typeof text !== "string") return text;
  switch (schema["type"]) {
    case "integer":
    case "number":
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    default:
      return text;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
