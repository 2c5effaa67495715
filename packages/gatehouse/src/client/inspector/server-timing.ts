/** A part of what the server did for an answer. */
export interface Timing {
  /** A phase of the pipeline, `store`, `render`, or `total`. */
  readonly name: string;
  /** Which of them, where there are several. */
  readonly of: string;
  /** Milliseconds. */
  readonly duration: number;
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const VALUE = `"(?:[^"\\\\]|\\\\.)*"|${TOKEN}`;
const METRIC = new RegExp(`(${TOKEN})((?:\\s*;\\s*${TOKEN}(?:\\s*=\\s*(?:${VALUE}))?)*)\\s*(?:,|$)`, "g");
const PARAMETER = new RegExp(`;\\s*(${TOKEN})(?:\\s*=\\s*(${VALUE}))?`, "g");

/** Reads a `Server-Timing` field (W3C Server Timing, section 3.1). */
export function readServerTiming(field: string | null): readonly Timing[] {
  return [...(field ?? "").matchAll(METRIC)].map(([, name = "", rest = ""]) => {
    const parameters = new Map([...rest.matchAll(PARAMETER)].map(([, key = "", value = ""]) => [key, unquote(value)]));
    return { name, of: parameters.get("desc") ?? "", duration: Number(parameters.get("dur") ?? 0) };
  });
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value;
}
