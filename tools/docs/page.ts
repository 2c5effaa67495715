/** One generated page of docs/reference. */
export interface Page {
  /** File name below docs/reference. */
  readonly file: string;
  readonly text: string;
}

/** Builds a page: a heading, a line that says where it comes from, and its parts. */
export function page(file: string, title: string, parts: readonly string[]): Page {
  const note = "<!-- Generated from the code by `npm run docs`. Change the code, not this page. -->";
  return { file, text: `${[`# ${title}`, note, ...parts].join("\n\n")}\n` };
}

/** A Markdown table. Cells are escaped; `code` makes inline code of one. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(headings), `| ${headings.map(() => "---").join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** Inline code. */
export function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text
    .replaceAll("|", "\\|")
    .replaceAll(/\s*\n\s*/g, " ")
    .trim();
}
