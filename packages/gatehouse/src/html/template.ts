import { attributeText, classifyAttribute, plainText, writeAttribute, type AttributeKind } from "./attribute.ts";
import { escapeHtml } from "./escape.ts";
import { TemplateError } from "./template-error.ts";
import { Tokenizer, type Place, type TokenizerListener } from "./tokenizer.ts";
import { joinUrl, REFUSED_URL, schemeOf, safeUrl } from "./url.ts";

/** What is written at one place between two pieces of fixed text. `first` is the index of its first value. */
export type Operation =
  | { readonly kind: "content" | "text-only"; readonly first: number }
  | AttributesOperation
  | AttributeOperation;

interface AttributesOperation {
  readonly kind: "attributes";
  readonly first: number;
  readonly tag: string;
  directive: boolean;
  /** What was decided of names before: most records have the same few. */
  readonly known: Map<string, AttributeKind>;
}

interface AttributeOperation {
  readonly kind: "attribute";
  readonly first: number;
  readonly name: string;
  readonly attributeKind: AttributeKind;
  /** `?name`: present or absent. */
  readonly toggle: boolean;
  /** Fixed text of the value around its holes: one more than there are holes. Of URLs the text that it stands for. */
  readonly pieces: string[];
}

/** A template as it is rendered: fixed text, operation, fixed text, ... */
export interface CompiledTemplate {
  readonly fixed: readonly string[];
  readonly operations: readonly Operation[];
}

/** Names remembered for one place; a place that takes more has names made of data. */
const MOST_KNOWN = 50;

/** After the start tags of these a parser drops a line feed. */
const SKIPS_LINE_FEED = new Set(["textarea", "pre", "listing"]);

const compiled = new WeakMap<readonly string[], CompiledTemplate>();

/**
 * The compiled form of a template, decided once per template literal.
 * @throws {TemplateError} when a value stands where none can be safe.
 */
export function compileTemplate(strings: TemplateStringsArray): CompiledTemplate {
  const known = compiled.get(strings);
  if (known !== undefined) return known;
  const fresh = new Compiler().compile(strings);
  compiled.set(strings, fresh);
  return fresh;
}

class Compiler implements TokenizerListener {
  readonly #tokenizer = new Tokenizer(this);
  readonly #fixed: string[] = [];
  readonly #operations: Operation[] = [];
  #text = "";
  #attributeStart = 0;
  #open: AttributeOperation | undefined;
  #names: string[] = [];
  #tagOperations = 0;
  /** The start tag that has just ended, until anything follows it. */
  #ended = "";

  compile(strings: TemplateStringsArray): CompiledTemplate {
    for (const [index, piece] of strings.entries()) {
      try {
        this.#readPiece(piece);
        if (index < strings.length - 1) this.#hole(index, strings[index + 1] ?? "");
        else this.#tokenizer.end();
      } catch (error) {
        if (error instanceof TemplateError) throw new TemplateError(`${error.message} ${excerpt(strings, index)}`);
        throw error;
      }
    }
    this.#fixed.push(this.#text);
    return { fixed: this.#fixed, operations: this.#operations };
  }

  attributeStarts(): void {
    this.#attributeStart = this.#text.length;
  }

  valueEnds(): void {
    const { attributeKind, pieces } = this.#open ?? {};
    this.#open = undefined;
    if (pieces === undefined || attributeKind === "plain") return;
    for (const [index, piece] of pieces.entries()) pieces[index] = readReferences(piece);
  }

  tagStarts(): void {
    this.#names = [];
    this.#tagOperations = this.#operations.length;
  }

  attributeRead(_tag: string, name: string): void {
    this.#names.push(name.toLowerCase());
  }

  tagEnds(tag: string): void {
    this.#ended = tag;
    if (tag !== "meta" || !this.#names.includes("http-equiv")) return;
    for (const operation of this.#operations.slice(this.#tagOperations)) {
      if (operation.kind === "attribute") classifyAttribute(operation.name, { tag, directive: true });
      if (operation.kind === "attributes") operation.directive = true;
    }
  }

  #readPiece(piece: string | undefined): void {
    if (piece === undefined) throw new TemplateError("The template contains an invalid escape sequence.");
    for (const character of piece) {
      const open = this.#open;
      this.#ended = "";
      this.#tokenizer.read(character);
      if (open === undefined) this.#text += character;
      // The closing quote is written by the operation.
      else if (this.#open !== undefined) open.pieces[open.pieces.length - 1] += character;
    }
  }

  #hole(index: number, next: string): void {
    const open = this.#open;
    const place = this.#tokenizer.place();
    if (place.kind === "value") {
      if (open === undefined) this.#openAttribute(index, place, next);
      else open.pieces.push("");
      return;
    }
    this.#tokenizer.interrupt();
    // This one is dropped instead of the value's.
    if (place.kind !== "attributes" && SKIPS_LINE_FEED.has(this.#ended)) this.#text += "\n";
    this.#ended = "";
    this.#cut();
    if (place.kind === "attributes") {
      requireEnd(next, "a spread of attributes");
      this.#operations.push({ kind: "attributes", first: index, tag: place.tag, directive: false, known: new Map() });
    } else this.#operations.push({ kind: place.kind, first: index });
  }

  #openAttribute(index: number, place: Place & { kind: "value" }, next: string): void {
    const toggle = place.name.startsWith("?");
    const name = toggle ? place.name.slice(1) : place.name;
    const attributeKind = classifyAttribute(name, { tag: place.tag, directive: false });
    const source = this.#text.slice(this.#attributeStart);
    const prefix = place.quoted ? source.slice(source.search(/["']/) + 1) : "";
    if (attributeKind !== "plain") requireKnownScheme(readReferences(prefix), name);
    this.#text = this.#text.slice(0, this.#attributeStart);
    this.#cut();
    const pieces = [prefix, ""];
    const operation: AttributeOperation = { kind: "attribute", first: index, name, attributeKind, toggle, pieces };
    this.#operations.push(operation);
    if (place.quoted) this.#open = operation;
    else {
      requireEnd(next, `the unquoted value of ${name}`);
      this.attributeRead(place.tag, name);
    }
  }

  #cut(): void {
    this.#fixed.push(this.#text);
    this.#text = "";
  }
}

function requireEnd(next: string, what: string): void {
  if (!/^([\t\n\f\r >]|\/>)/.test(next)) throw new TemplateError(`Put a space after ${what}, or quote it.`);
}

/** The fixed start of a URL must make its scheme plain, or leave all of it to the value. */
function requireKnownScheme(prefix: string, name: string): void {
  const scheme = schemeOf(prefix);
  if (scheme === undefined || (scheme !== "" && safeUrl(prefix) === REFUSED_URL)) {
    throw new TemplateError(`The URL in ${name} must start with a value, a path, or an allowed scheme.`);
  }
}

/** The character references that can stand in a URL around values; none of them is a part of its structure. */
const REFERENCES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const REFERENCE = /&(?:#|([a-z][a-z0-9]*);)/gi;

/** The text that a piece of a URL stands for, so that what is checked is what a browser reads. */
function readReferences(piece: string): string {
  return piece.replace(REFERENCE, (reference: string, name: string | undefined) => {
    const character = name !== undefined && Object.hasOwn(REFERENCES, name) ? REFERENCES[name] : undefined;
    if (character !== undefined) return character;
    throw new TemplateError(`Write the character itself in place of ${reference} in a URL, or &amp; for an ampersand.`);
  });
}

function excerpt(strings: TemplateStringsArray, index: number): string {
  const before = (strings[index] ?? "").slice(-60);
  return `In the template: ${before}\${...}${(strings[index + 1] ?? "").slice(0, 20)}`;
}

/** Writes the attribute of an operation from the values of its template. */
export function renderAttribute(operation: AttributeOperation, values: readonly unknown[]): string {
  const { name, attributeKind, pieces, first } = operation;
  const value = values[first];
  if (operation.toggle) return value ? `${name}=""` : "";
  if (pieces.length === 2 && pieces[0] === "" && pieces[1] === "") return writeAttribute(name, attributeKind, value);
  if (attributeKind !== "plain") return `${name}="${renderUrl(operation, values)}"`;
  let text = pieces[0] ?? "";
  for (let index = 1; index < pieces.length; index += 1) {
    text += escapeHtml(plainText(values[first + index - 1])) + (pieces[index] ?? "");
  }
  return `${name}="${text.replaceAll('"', "&#34;")}"`;
}

function renderUrl(operation: AttributeOperation, values: readonly unknown[]): string {
  const { attributeKind, pieces, first } = operation;
  const prefix = pieces[0] ?? "";
  let text = prefix;
  for (let index = 1; index < pieces.length; index += 1) {
    text += plainText(values[first + index - 1]) + (pieces[index] ?? "");
  }
  // An origin written out in the template is the author's choice.
  const kind = attributeKind === "resource" && /^https?:\/\/[^/\\?#]+\//.test(prefix) ? "url" : attributeKind;
  if (joinUrl(prefix, text) === REFUSED_URL || attributeText(kind, text) !== text) return REFUSED_URL;
  // Written anew as one: a piece and a value together can be no character reference.
  return escapeHtml(text);
}

/** Writes a record of attributes, each checked as if it stood in the template. */
export function renderAttributes(operation: AttributesOperation, value: unknown): string {
  if (value === null || value === undefined || value === false) return "";
  if (!isRecord(value)) {
    throw new TemplateError(`A value between the attributes of <${operation.tag}> must be a record of attributes.`);
  }
  let written = "";
  for (const name of Object.keys(value)) {
    const text = writeAttribute(name, kindOf(operation, name), value[name]);
    if (text !== "") written += written === "" ? text : ` ${text}`;
  }
  return written;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(operation: AttributesOperation, name: string): AttributeKind {
  const known = operation.known.get(name);
  if (known !== undefined) return known;
  const kind = classifyAttribute(name, operation);
  if (operation.known.size < MOST_KNOWN) operation.known.set(name, kind);
  return kind;
}
