import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import type { AnyOrderType } from "../order-type.ts";
import type { WireType } from "../rest/shapes.ts";
import type { WorkReadingParts } from "./reading-parts.ts";

/** Tells which orders there are, with their schemas. */
export function typesAction({ types, rules, entrances }: WorkReadingParts): AnyAction {
  // Worked out once: types do not change while a server runs, and a schema that cannot be told ends its start.
  const told = types.all().map(describeType);
  return defineAction({
    ...{ name: "work.types", entrances, input: z.strictObject({}), effects: "none", limits: rules.limits },
    authorise: rules.permit("work:read", "work.types"),
    run: async () => ({ types: told }),
  });
}

function describeType({ type, version, title, description, ...schemas }: AnyOrderType): z.input<typeof WireType> {
  const schemaOf = (name: string, schema: object, side: "input" | "output") => ({
    ...jsonSchemaOf(`${type} (${name})`, schema, side),
  });
  // A registry's types are of any payloads: what their parts are is checked where they are declared.
  const parts = Object.entries((schemas.parts?.schemas ?? {}) as Readonly<Record<string, object>>);
  return {
    ...{ type, version, title, description },
    input: schemaOf("input", schemas.input, "input"),
    item: schemaOf("item", schemas.item, "output"),
    result: schemaOf("result", schemas.result, "input"),
    ...(parts.length === 0
      ? {}
      : { parts: Object.fromEntries(parts.map(([name, schema]) => [name, schemaOf(name, schema, "input")])) }),
  };
}
