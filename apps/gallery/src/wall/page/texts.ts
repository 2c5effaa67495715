/** What the page says, in its language; counted words for 1, and for others with `#` in the place of the number. */
export type Texts = Readonly<Record<string, string | readonly [one: string, many: string]>>;

/** A text. */
export function say(texts: Texts, name: string): string {
  const text = texts[name];
  return typeof text === "string" ? text : "";
}

/** A text about so many. */
export function count(texts: Texts, name: string, number: number): string {
  const [one, many] = texts[name] ?? [];
  return (number === 1 ? one : many?.replace("#", String(number))) ?? "";
}
