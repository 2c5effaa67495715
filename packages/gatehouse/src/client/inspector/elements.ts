/** Attributes by name; those without a value are left out. */
export type Attributes = Readonly<Record<string, string | undefined>>;

const SVG = "http://www.w3.org/2000/svg";

/** An element of HTML. Text is text: none of it becomes markup. */
export function element(
  name: string,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A bar of a drawing 100 units wide. A style attribute would need the page's policy; attributes of drawings do not. */
export function bar(start: number, length: number): Element {
  const drawing = document.createElementNS(SVG, "svg");
  const rectangle = document.createElementNS(SVG, "rect");
  const sizes = { x: start, y: 0, width: Math.max(length, 0.5), height: 10 };
  for (const [name, value] of Object.entries(sizes)) rectangle.setAttribute(name, value.toFixed(2));
  for (const [name, value] of [
    ["viewBox", "0 0 100 10"],
    ["preserveAspectRatio", "none"],
    ["aria-hidden", "true"],
  ] as const)
    drawing.setAttribute(name, value);
  drawing.append(rectangle);
  return drawing;
}

/** Names and what they come to. */
export function definitions(entries: readonly (readonly [name: string, value: string | undefined])[]): HTMLElement {
  const known = entries.filter(([, value]) => value !== undefined);
  return element(
    "dl",
    {},
    ...known.map(([name, value = ""]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );
}

/** A size for people. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A duration for people. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000
    ? `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** A time of day for people, the same in every language. */
export function timeOfDay(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** A number of things. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
