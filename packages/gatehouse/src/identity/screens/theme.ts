import { html, trustedHtml, type Html } from "../../html/html.ts";
import { contrastOf, mixColours, parseColour, writeColour, type Colour } from "./colour.ts";

/** What pages look like to the people of one tenant. */
export interface ThemeOptions {
  /** Whose pages they are, as people know it. */
  readonly name: string;
  /** Address of a picture on this server, or a `data:` address of one. Default: a mark of ours. */
  readonly logo?: string;
  /** Colour of buttons and links on light paper, `#rrggbb`. */
  readonly accent?: string;
  /** The same on dark paper. Default: `accent`, lightened until it can be read. */
  readonly accentOnDark?: string;
}

/** A look that was checked. */
export interface Theme {
  readonly name: string;
  readonly logo: string | undefined;
  /** The colours, as an element of the head. */
  style(nonce: string): Html;
}

/** WCAG 2.2, success criterion 1.4.3. */
const READABLE = 4.5;
const DEFAULT_ACCENT = "#1f4fd8";
/** Paper as in screens.css. */
const LIGHT_PAPER = parseColour("#ffffff");
const DARK_PAPER = parseColour("#171d26");
const WHITE = parseColour("#ffffff");
const BLACK = parseColour("#0b0f16");
const LIGHTENING = 0.05;

/**
 * Checks a look.
 * @throws {TypeError} for a colour that is malformed or cannot be read on its paper, and for a logo from elsewhere.
 */
export function createTheme({ name, logo, accent = DEFAULT_ACCENT, accentOnDark }: ThemeOptions): Theme {
  if (logo !== undefined && !/^(?:\/(?![/\\])|data:image\/)/.test(logo)) {
    throw new TypeError(`The logo "${logo.slice(0, 100)}" is neither a path of this server nor a data: address.`);
  }
  const light = readable("accent", parseColour(accent), LIGHT_PAPER);
  const dark =
    accentOnDark === undefined
      ? lightened(light, DARK_PAPER)
      : readable("accentOnDark", parseColour(accentOnDark), DARK_PAPER);
  const css = `:root{${rolesOf(light)}}@media (prefers-color-scheme:dark){:root{${rolesOf(dark)}}}`;
  const rules = trustedHtml(css, "colours written by this file alone, from numbers");
  return {
    name,
    logo,
    style: (nonce) => html`${open(nonce)}${rules}${CLOSE}`,
  };
}

const CLOSE = trustedHtml("</style>", "a constant");

function open(nonce: string) {
  if (!/^[A-Za-z0-9+/=_-]+$/.test(nonce)) throw new TypeError("The nonce is malformed.");
  return trustedHtml(`<style nonce="${nonce}">`, "the nonce is base64, checked above");
}

function rolesOf(accent: Colour): string {
  const ink = contrastOf(accent, WHITE) >= READABLE ? WHITE : BLACK;
  return `--accent:${writeColour(accent)};--accent-ink:${writeColour(ink)}`;
}

function readable(option: string, colour: Colour, paper: Colour): Colour {
  const contrast = contrastOf(colour, paper);
  if (contrast >= READABLE) return colour;
  const found = contrast.toFixed(2);
  throw new TypeError(
    `The theme's ${option} ${writeColour(colour)} has a contrast of ${found} to ${writeColour(paper)}; text needs ${READABLE}.`,
  );
}

function lightened(colour: Colour, paper: Colour): Colour {
  for (let share = 0; share < 1; share += LIGHTENING) {
    const lighter = mixColours(colour, WHITE, share);
    if (contrastOf(lighter, paper) >= READABLE) return lighter;
  }
  return WHITE;
}
