import type { z } from "zod";
import { parseJson } from "../../kernel/config/kind.ts";

/** The message in a text; `undefined` where it is none, as another release's may be. */
export function readMessageAs<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> | undefined {
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}
