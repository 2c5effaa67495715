import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { UsageError } from "./command.ts";

const FIELD = /("(?:[^"]|"")*"|[^,]*)(,|$)/y;

/** The fields of one line of a CSV file (RFC 4180, without line breaks in fields). */
function csvFields(line: string): string[] {
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const match = FIELD.exec(line);
    if (match === null) return [...fields, line.slice(FIELD.lastIndex)];
    const [, field = "", end] = match;
    fields.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === "") return fields;
  }
}

/** What of a CSV file is read. */
export interface CsvShape<Row> {
  /** The columns, those that have to be there first. */
  readonly columns: readonly string[];
  /** How many of them have to be there. */
  readonly needed: number;
  /** Makes a row of the values of its columns, which are empty where there are none. */
  readonly row: (value: (column: string) => string) => Row;
  /** Rows that are given together. */
  readonly together: number;
}

/**
 * The rows of a CSV file, some at a time. The first line names the columns, in any order.
 * @throws {UsageError} where a column is missing
 */
export async function* csvBatches<Row>(file: string, shape: CsvShape<Row>): AsyncGenerator<readonly Row[]> {
  const lines = createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
  let columns: readonly string[] | undefined;
  let rows: Row[] = [];
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const fields = csvFields(line);
    if (columns === undefined) {
      columns = columnsOf(fields, shape);
      continue;
    }
    const places = columns;
    rows.push(shape.row((column) => fields[places.indexOf(column)]?.trim() ?? ""));
    if (rows.length < shape.together) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

function columnsOf(fields: readonly string[], { columns, needed }: CsvShape<unknown>): readonly string[] {
  const named = fields.map((field) => field.trim().toLowerCase());
  if (columns.slice(0, needed).every((column) => named.includes(column))) return named;
  throw new UsageError(`The first line of the file names its columns: ${columns.join(",")}.`);
}
