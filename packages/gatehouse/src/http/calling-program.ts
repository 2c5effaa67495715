import type { CallingProgram } from "../kernel/attempt.ts";

/** Where programs say what they are. */
const FIELDS: readonly (readonly [member: keyof CallingProgram, ...headers: string[]])[] = [
  ["agent", "x-agent-name", "x-agent-id"],
  ["agentVersion", "x-agent-version"],
  ["model", "x-model-name"],
  ["runtime", "x-runtime"],
  ["request", "x-request-id"],
  ["userAgent", "user-agent"],
];
const LONGEST = 200;

/** What the headers of a request say of the program that sends it, cut short and in visible characters. */
export function programOf(headers: Headers): CallingProgram {
  const program: { -readonly [Member in keyof CallingProgram]: CallingProgram[Member] } = {};
  for (const [member, ...names] of FIELDS) {
    const text = names.map((name) => headers.get(name)).find((value) => value !== null);
    if (text !== undefined && text !== null) program[member] = programText(text);
  }
  return program;
}

/** A caller's text as records keep it. */
export function programText(text: string): string {
  return text.slice(0, LONGEST).replaceAll(/[^\x20-\x7e]/g, "?");
}
