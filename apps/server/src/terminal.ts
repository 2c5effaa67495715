import { styleText } from "node:util";

type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

/** Where a command writes. */
export interface Terminal {
  /** A line of the answer, on standard output. */
  print(line?: string): void;
  /** A value of the answer, as JSON on standard output. */
  printJson(value: unknown): void;
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
  return {
    print: (line = "") => void output.write(`${line}\n`),
    printJson: (value) => void output.write(`${JSON.stringify(value, undefined, 2)}\n`),
    note: (line) => void errors.write(`${line}\n`),
    style: (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text),
  };
}

/** Rows under headings, in columns. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
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
