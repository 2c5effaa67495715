import type { AttributeValue } from "./attribute.ts";
import { compileTemplate, type CompiledTemplate } from "./template.ts";

/**
 * A piece of HTML made by the `html` tag: the template's fixed strings and the values between them. The
 * strings are the same array for every rendering of one template literal, so that two renderings can be
 * compared value by value.
 */
export class Html {
  readonly statics: TemplateStringsArray;
  readonly dynamics: readonly TemplateValue[];
  /** How to write it. */
  readonly template: CompiledTemplate;

  constructor(statics: TemplateStringsArray, dynamics: readonly TemplateValue[]) {
    this.statics = statics;
    this.dynamics = dynamics;
    this.template = compileTemplate(statics);
  }
}

/** HTML text vouched for by the application's author; written as it is. */
export class TrustedHtml {
  readonly text: string;
  /** Why it is safe; for reviewers. */
  readonly reason: string;

  constructor(text: string, reason: string) {
    this.text = text;
    this.reason = reason;
  }
}

/** A record of attributes to spread into a tag. Names that could run code are refused. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What can be rendered at once. `null`, `undefined`, `true` and `false` write nothing. */
export type Content =
  | Html
  | TrustedHtml
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Iterable<Renderable>
  | AsyncIterable<Renderable>;

/** What can be rendered as content, now or once it is there. */
export type Renderable = Content | Promise<Content>;

/** What can stand between the fixed strings of a template; the place decides which of them it accepts. */
export type TemplateValue = Renderable | AttributeValue | Attributes;

/**
 * Makes HTML from a template literal. Values are escaped for the place they stand in, which is decided
 * from the fixed text alone:
 *
 * - content: text, numbers, other `html`, lists; promises and async iterables with `renderToStream`;
 * - attributes: quoted or not; a whole value of `null`, `undefined` or `false` leaves the attribute out,
 *   `true` gives it the empty value (`aria-*` and `data-*` get the words); `?name=${condition}` toggles;
 * - `<p ${attributes}>`: a record of attributes;
 * - URLs (`href`, `src`, `action`, ...): `http`, `https`, `mailto`, `tel` and relative ones, anything else
 *   becomes `about:invalid#refused`; scripts, stylesheets and frames load from the own origin only, see
 *   `trustedUrl`. Text in URLs is not percent-encoded: build queries with `URLSearchParams`.
 *
 * @throws {TemplateError} for values in names of elements or attributes, scripts, styles, event
 * handlers, `style`, `srcdoc`, comments, `<base>`, `<meta http-equiv>` and end tags, and for templates
 * that end inside a tag.
 */
export function html(statics: TemplateStringsArray, ...dynamics: readonly TemplateValue[]): Html {
  return new Html(statics, dynamics);
}

/**
 * Vouches for HTML text: it is written as it is. Never pass anything a user can influence.
 * @param reason why it is safe, for whoever reviews the code
 */
export function trustedHtml(text: string, reason: string): TrustedHtml {
  if (reason.trim() === "") throw new TypeError("Say why this HTML can be trusted.");
  return new TrustedHtml(text, reason);
}
