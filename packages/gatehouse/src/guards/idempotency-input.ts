import { base64, canonicalJson } from "../kernel/codec.ts";

/** Marks what JSON has no value for. Names in inputs that begin with it are doubled, so that nothing collides. */
const MARK = "\u0000";

/**
 * One text for every input a schema can produce: equal inputs give equal texts, different ones different
 * texts. JSON values in their canonical form (RFC 8785); dates, bytes, maps, sets, big integers, files and
 * missing values in a marked one, as is text with halves of surrogate pairs.
 * @throws {TypeError} when the input contains itself.
 */
export function canonicalInput(input: unknown): string {
  return canonicalJson(portable(input, []));
}

function portable(value: unknown, parents: readonly object[]): unknown {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : marked("text", escaped(value));
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : marked("number", String(value));
    case "object":
      return value === null ? null : portableObject(value, parents);
    case "bigint":
      return marked("bigint", String(value));
    default:
      return marked(typeof value, "");
  }
}

function portableObject(value: object, parents: readonly object[]): unknown {
  if (parents.includes(value)) throw new TypeError("An input that contains itself has no canonical form.");
  const below = [...parents, value];
  const each = (child: unknown): unknown => portable(child, below);
  if (Array.isArray(value)) return value.map(each);
  if (value instanceof Date) return marked("date", value.getTime().toString());
  if (value instanceof Map) return marked("map", [...value].map(each));
  if (value instanceof Set) return marked("set", [...value].map(each));
  if (ArrayBuffer.isView(value)) {
    return marked("bytes", base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)));
  }
  if (value instanceof Blob) return marked("file", { size: value.size, type: value.type, name: nameOf(value) });
  if ("toJSON" in value && typeof value.toJSON === "function") {
    // Written and read again, so that it is whatever JSON makes of it.
    const written: unknown = JSON.parse(JSON.stringify(value) ?? "null");
    return marked("json", each(written));
  }
  const members = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.fromEntries(members.map(([name, child]) => [portableName(name), each(child)] as const));
}

function portableName(name: string): string {
  if (!name.isWellFormed()) return `${MARK}name ${escaped(name)}`;
  return name.startsWith(MARK) ? MARK + name : name;
}

/** Halves of surrogate pairs have no canonical form: they are written as escapes. */
function escaped(text: string): string {
  return JSON.stringify(text);
}

function marked(kind: string, content: unknown): Record<string, unknown> {
  return { [MARK + kind]: content };
}

function nameOf(file: Blob): string {
  return "name" in file && typeof file.name === "string" ? file.name : "";
}
