/** What a message of an event stream says (HTML, section 9.2.6). */
export interface EventFields {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  /** Heard by nobody; keeps connections open. */
  readonly comment?: string;
}

/** What would end a line, or the text: whoever got one into a field could write messages of their own. */
const UNFIT = /[\r\n\0]/;

/**
 * A message as it is sent.
 * @throws {TypeError} when a field has a line break in it
 */
export function eventText({ id, event, data, comment }: EventFields): string {
  const lines = [line("", comment), line("id", id), line("event", event), line("data", data)];
  return `${lines.join("")}\n`;
}

function line(name: string, value: string | undefined): string {
  if (value === undefined) return "";
  if (UNFIT.test(value)) throw new TypeError("A field of an event stream has no line breaks.");
  return `${name}: ${value}\n`;
}
