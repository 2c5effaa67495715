import { readFileSync } from "node:fs";

/** One thing a page asks its reader to do, or shows as the result of it. */
export interface Step {
  /**
   * `file`: write it. `run`: type it. `start`: type it into a second terminal, where it stays. `output`: what the step
   * before has printed. `log`: lines the second terminal shows by now. `stop`: Ctrl-C in the second terminal.
   * `excerpt`: lines of a file of the repository.
   */
  readonly kind: "file" | "excerpt" | "run" | "start" | "output" | "log" | "stop";
  /** Name of the file; empty where there is none. */
  readonly name: string;
  readonly text: string;
  /** Line of the page, for messages. */
  readonly line: number;
}

const KINDS = new Set<string>(["run", "start", "output", "log", "stop"]);

function isKind(word: string): word is Step["kind"] {
  return KINDS.has(word);
}

/** The steps of a page: its fenced blocks with a word after the language, such as `sh run` or `ts file=server.ts`. */
export function readSteps(path: string): Step[] {
  const text = readFileSync(path, "utf8");
  const steps: Step[] = [];
  for (const match of text.matchAll(/^```[a-z]+ +([^\n]+)\n([\s\S]*?)^```$/gm)) {
    const [, words = "", body = ""] = match;
    const line = text.slice(0, match.index).split("\n").length;
    const [, marked, name = ""] = /^(file|from)=(\S+)$/.exec(words) ?? [];
    if (marked !== undefined) steps.push({ kind: marked === "file" ? "file" : "excerpt", name, text: body, line });
    else if (isKind(words)) steps.push({ kind: words, name: "", text: body, line });
    else throw new Error(`${path}:${line}: nobody knows what to do with a block marked "${words}".`);
  }
  return steps;
}

/** Whether a page works in a project of its own; others work in the repository. */
export function hasOwnProject(steps: readonly Step[]): boolean {
  return steps.some(({ kind, name }) => kind === "file" && name === "package.json");
}

/** The whole of an expected output: `...` stands for anything within a line, alone for any number of lines. */
export function outputPattern(expected: string): RegExp {
  const lines = linesOf(expected).map((line) => (line.trim() === "..." ? "(?:.*\\n)*?" : `${linePattern(line)}\\n`));
  return new RegExp(`^${lines.join("")}$`);
}

/** Lines that must occur in this order, with others between them. */
export function logPattern(expected: string): RegExp {
  const lines = linesOf(expected).filter((line) => line.trim() !== "...");
  return new RegExp(lines.map((line) => `^.*${linePattern(line.trim())}.*$`).join("[\\s\\S]*?"), "m");
}

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}

function linePattern(line: string): string {
  const parts = line.trimEnd().split("...");
  return `${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join(".*?")} *`;
}
