/** A colour by its parts of red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/**
 * Reads a colour such as `#1f4fd8`.
 * @throws {TypeError} for anything else.
 */
export function parseColour(text: string): Colour {
  if (!/^#[0-9a-f]{6}$/i.test(text)) throw new TypeError(`"${text}" is not a colour of the form #rrggbb.`);
  const part = (at: number): number => Number.parseInt(text.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

/** Writes a colour as `#rrggbb`. */
export function writeColour(colour: Colour): string {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** A colour between two others: `share` of the second, 0 to 1. */
export function mixColours(one: Colour, other: Colour, share: number): Colour {
  const mix = (at: 0 | 1 | 2): number => one[at] + (other[at] - one[at]) * share;
  return [mix(0), mix(1), mix(2)];
}

/** How well two colours can be told apart, 1 to 21 (WCAG 2.2, contrast ratio). Text needs 4.5. */
export function contrastOf(one: Colour, other: Colour): number {
  const [darker = 0, lighter = 0] = [luminanceOf(one), luminanceOf(other)].toSorted((first, second) => first - second);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminanceOf([red, green, blue]: Colour): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(part: number): number {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
