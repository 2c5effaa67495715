import { styleText } from "node:util";

type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

/** Where a command writes. */
export interface Terminal {
  /** A line of the answer, on standard output. */
  print(line?: string): void;
  /** A value of the answer, as JSON on standard output; on one line where more of them follow. */
  printJson(value: unknown, form?: "line"): void;
  /** A line about what is going on, on standard error. */
  note(line: string): void;
  /** Colours text where a person is looking at it. */
  style(style: Style, text: string): string;
}

/** A terminal on two streams. Colours appear on terminals only, and not where `NO_COLOR` is set. */
export function createTerminal(
  output: NodeJS.WriteStream,
  errors: NodeJS.WriteStream,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const coloured = output.isTTY === true && (environment["NO_COLOR"] ?? "") === "";
  const shown = coloured ? harmless : harmlessAndPlain;
  return {
    print: (line = "") => void output.write(`${shown(line)}\n`),
    printJson: (value, form) => void output.write(`${jsonText(value, form === "line" ? 0 : 2)}\n`),
    note: (line) => void errors.write(`${shown(line)}\n`),
    style: (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text),
  };
}

/** What moves a cursor, commands a terminal, or turns text around; line breaks and tabs are no such thing. */
const COMMANDING = String.raw`(?![\n\t])[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]`;
const COLOURED = new RegExp(String.raw`(\u001B\[(?:1|2|22|31|32|33|36|39)m)|${COMMANDING}`, "gu");
const PLAIN = new RegExp(COMMANDING, "gu");

/** Lines hold what others have written: it is shown, and commands no terminal. The colours of `style` are let through. */
function harmless(line: string): string {
  return line.replaceAll(COLOURED, (_found, colour: string | undefined) => colour ?? "\uFFFD");
}

function harmlessAndPlain(line: string): string {
  return line.replaceAll(PLAIN, "\uFFFD");
}

/** JSON that says the same and commands no terminal: it escapes fewer characters by itself than terminals obey. */
function jsonText(value: unknown, indent: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? "null";
  return text.replaceAll(PLAIN, (found) => String.raw`\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Text that others have written, on one line, without anything that is not seen. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\uFFFD");
}

/** Rows under headings, in columns. */
export function formatTable(headings: readonly string[], given: readonly (readonly string[])[]): string {
  // A line break in a cell would begin a row that looks like any other.
  const rows = given.map((row) => row.map(visible));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(headings), ...rows.map(line)].join("\n");
}
