import { TemplateError } from "./template-error.ts";
import { safeUrl, sameOriginUrl, safeUrlList, TrustedUrl } from "./url.ts";
import { escapeHtml } from "./escape.ts";

/**
 * How an attribute's value is treated. `url`: scheme allow-list. `resource`: code, styles or a document
 * are loaded from it, so that only this origin is accepted. `list`: several URLs.
 */
export type AttributeKind = "plain" | "url" | "resource" | "list";

/** What decides the treatment of an attribute besides its name. */
export interface AttributeOwner {
  /** Lower-case name of the element. */
  readonly tag: string;
  /** Whether the element is `<meta http-equiv>`. */
  readonly directive: boolean;
}

const URL_ATTRIBUTES = new Set([
  "href",
  "src",
  "action",
  "formaction",
  "poster",
  "xlink:href",
  "cite",
  "data",
  "background",
  "longdesc",
  "manifest",
  "icon",
  "codebase",
  "classid",
  "profile",
  "usemap",
  "lowsrc",
  "dynsrc",
]);
const LIST_ATTRIBUTES = new Set(["srcset", "imagesrcset", "ping", "archive"]);
const RESOURCE_ELEMENTS = new Set(["script", "link", "iframe", "frame", "embed", "object", "use"]);
const ANIMATIONS = new Set(["animate", "set", "animatetransform", "animatemotion"]);
const ANIMATED = new Set(["attributename", "from", "to", "by", "values"]);
const ENUMERATED = new Set(["contenteditable", "draggable", "spellcheck"]);
const NAME = /^[A-Za-z_][A-Za-z0-9_:.-]*$/;

/**
 * Decides how a value may be put into an attribute.
 * @throws {TemplateError} where no value can be safe: handlers, styles, documents, directives.
 */
export function classifyAttribute(name: string, owner: AttributeOwner): AttributeKind {
  const lower = name.toLowerCase();
  const refusal = refuse(lower, owner);
  if (refusal !== undefined)
    throw new TemplateError(`A value cannot be put into ${name} of <${owner.tag}>: ${refusal}.`);
  if (LIST_ATTRIBUTES.has(lower)) return "list";
  if (!URL_ATTRIBUTES.has(lower)) return "plain";
  return RESOURCE_ELEMENTS.has(owner.tag) && lower !== "cite" ? "resource" : "url";
}

function refuse(name: string, owner: AttributeOwner): string | undefined {
  if (!NAME.test(name)) return "this is not the name of an attribute";
  if (name.startsWith("on")) return "event handlers are code; use data attributes and a script";
  if (name === "style") return "styles are code; use a class";
  if (name === "srcdoc") return "it is a whole document; use src";
  if (name === "http-equiv") return "directives must be written out";
  if (owner.directive && name === "content") return "directives must be written out";
  if (owner.tag === "base") return "it moves every relative address of the page";
  if (ANIMATIONS.has(owner.tag) && ANIMATED.has(name)) return "an animation can write any attribute";
  return undefined;
}

/** Values an attribute takes. A list is joined with spaces, its empty members dropped. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | URL
  | URLSearchParams
  | TrustedUrl
  | readonly (string | number | false | null | undefined)[];

/**
 * Writes ` name="value"`, or nothing where the value says that the attribute is absent: `null`,
 * `undefined`, `false`. `true` is the empty value. Attributes whose absence and `false` differ
 * (`aria-*`, `data-*`, `contenteditable`, `draggable`, `spellcheck`) get the words `true` and `false`.
 */
export function writeAttribute(name: string, kind: AttributeKind, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return writeBoolean(name, value);
  return `${name}="${escapeHtml(attributeText(kind, value))}"`;
}

function writeBoolean(name: string, value: boolean): string {
  if (/^(aria|data)-/i.test(name) || ENUMERATED.has(name.toLowerCase())) return `${name}="${value}"`;
  return value ? `${name}=""` : "";
}

/** The checked text of a whole attribute value. */
export function attributeText(kind: AttributeKind, value: unknown): string {
  if (value instanceof TrustedUrl) return value.text;
  const text = plainText(value);
  switch (kind) {
    case "plain":
      return text;
    case "url":
      return safeUrl(text);
    case "resource":
      return sameOriginUrl(text);
    case "list":
      return safeUrlList(text);
  }
}

/** The text of one value that is part of an attribute. */
export function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value === null || value === undefined || typeof value === "boolean") return "";
  if (value instanceof URL) return value.href;
  if (value instanceof URLSearchParams) return value.toString();
  if (Array.isArray(value)) {
    const texts = value.map((member) => (Array.isArray(member) ? refuseValue(member) : plainText(member)));
    return texts.filter((text) => text !== "").join(" ");
  }
  return refuseValue(value);
}

function refuseValue(value: unknown): never {
  const shown = typeof value === "object" ? (value?.constructor?.name ?? "object") : typeof value;
  throw new TemplateError(`An attribute takes text, numbers, booleans and lists of them, not ${shown}.`);
}
