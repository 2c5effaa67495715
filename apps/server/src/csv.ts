const FIELD = /("(?:[^"]|"")*"|[^,]*)(,|$)/y;

/** The fields of one line of a CSV file (RFC 4180, without line breaks in fields). */
export function csvFields(line: string): string[] {
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
