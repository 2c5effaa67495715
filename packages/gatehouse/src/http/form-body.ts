import type { Denial } from "../kernel/outcome.ts";
import { inspectName } from "./json-body.ts";
import { malformed, tooLarge } from "./refusal.ts";

/** Values of a form; a name that occurs several times has a list, so that no reader can pick a different one. */
export type FormFields = Readonly<Record<string, string | readonly string[]>>;

/** Default number of fields a form or query may have. */
export const DEFAULT_FIELDS = 200;

/** The fields, or why there are none. */
export type FormAnswer =
  | { readonly ok: true; readonly fields: FormFields }
  | { readonly ok: false; readonly reason: string; readonly tooLarge: boolean };

/** Parses `application/x-www-form-urlencoded` text (also a query without its `?`), at most `limit` fields. */
export function parseUrlencoded(text: string, limit: number = DEFAULT_FIELDS): FormAnswer {
  const pairs: [string, string][] = [];
  let start = 0;
  while (start < text.length) {
    const next = text.indexOf("&", start);
    const end = next === -1 ? text.length : next;
    if (end > start) {
      if (pairs.length === limit) return { ok: false, reason: `There are more than ${limit} fields.`, tooLarge: true };
      const pair = decodePair(text.slice(start, end));
      if (pair === undefined) return { ok: false, reason: "A field is not validly encoded.", tooLarge: false };
      pairs.push(pair);
    }
    start = end + 1;
  }
  return collectFields(pairs);
}

function decodePair(text: string): [string, string] | undefined {
  const separator = text.indexOf("=");
  const name = decode(separator === -1 ? text : text.slice(0, separator));
  const value = decode(separator === -1 ? "" : text.slice(separator + 1));
  return name === undefined || value === undefined ? undefined : [name, value];
}

function decode(text: string): string | undefined {
  try {
    const value = decodeURIComponent(text.replaceAll("+", " "));
    return value.includes("\0") || !value.isWellFormed() ? undefined : value;
  } catch {
    return undefined;
  }
}

/** Gathers name-value pairs into fields. */
export function collectFields(pairs: readonly (readonly [string, string])[]): FormAnswer {
  const lists = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const reason = inspectName(name, value);
    if (reason !== undefined) return { ok: false, reason, tooLarge: false };
    const list = lists.get(name);
    if (list === undefined) lists.set(name, [value]);
    else list.push(value);
  }
  const fields: Record<string, string | readonly string[]> = {};
  for (const [name, values] of lists) fields[name] = values.length === 1 ? (values[0] ?? "") : values;
  return { ok: true, fields };
}

/** The fields of a parsed form, or its denial. */
export function fieldsOf(answer: FormAnswer): FormFields | Denial {
  if (answer.ok) return answer.fields;
  return answer.tooLarge ? tooLarge(answer.reason) : malformed(answer.reason);
}
