import { TemplateError } from "./template-error.ts";

/** Where a value stands, as decided by the fixed text before it. */
export type Place =
  | { readonly kind: "content" }
  /** Inside `<textarea>` or `<title>`: text, no elements. */
  | { readonly kind: "text-only" }
  | { readonly kind: "attributes"; readonly tag: string }
  /** `quoted`: the template wrote the quotes. `start` is where the attribute begins in the fixed text. */
  | { readonly kind: "value"; readonly tag: string; readonly name: string; readonly quoted: boolean };

type State =
  | "content"
  | "tag-open"
  | "end-tag-open"
  | "tag-name"
  | "end-tag"
  | "before-name"
  | "name"
  | "after-name"
  | "before-value"
  | "quoted"
  | "unquoted"
  | "after-value"
  | "slash"
  | "markup"
  | "comment"
  | "raw"
  | "text-only";

const RAW = new Set(["script", "style", "xmp", "iframe", "noembed", "noframes"]);
const TEXT_ONLY = new Set(["textarea", "title"]);
const SPACE = /[\t\n\f\r ]/;
const LETTER = /[A-Za-z]/;

/** Told about the attributes of a tag as they are read. */
export interface TokenizerListener {
  /** The first character of an attribute's name is about to be read. */
  attributeStarts(): void;
  /** The value of the attribute last started has ended. */
  valueEnds(): void;
  tagStarts(tag: string): void;
  attributeRead(tag: string, name: string): void;
  tagEnds(tag: string): void;
}

/**
 * The states of the HTML tokenizer (HTML standard, section 13.2.5) that decide what a value between two
 * pieces of fixed text means. Where browsers recover from a mistake, this refuses the template instead.
 */
export class Tokenizer {
  readonly #listener: TokenizerListener;
  #state: State = "content";
  #tag = "";
  #name = "";
  #quote = "";
  #recent = "";

  constructor(listener: TokenizerListener) {
    this.#listener = listener;
  }

  /** Reads one character of fixed text. */
  read(character: string): void {
    switch (this.#state) {
      case "content":
        if (character === "<") this.#state = "tag-open";
        return;
      case "tag-open":
        return this.#tagOpen(character);
      case "end-tag-open":
        if (LETTER.test(character)) this.#state = "end-tag";
        else throw new TemplateError(`"</${character}" does not end an element.`);
        return;
      case "tag-name":
        return this.#tagName(character);
      case "end-tag":
        if (character === ">") this.#state = "content";
        return;
      case "markup":
      case "comment":
        return this.#markup(character);
      case "raw":
      case "text-only":
        return this.#inRaw(character);
      default:
        return this.#inTag(character);
    }
  }

  /** Where a value at this point stands. */
  place(): Place {
    switch (this.#state) {
      case "content":
      case "text-only":
        return { kind: this.#state };
      case "before-name":
      case "after-name":
        if (this.#state === "after-name") this.#listener.attributeRead(this.#tag, this.#name);
        this.#state = "after-value";
        return { kind: "attributes", tag: this.#tag };
      case "before-value":
        this.#state = "after-value";
        return { kind: "value", tag: this.#tag, name: this.#name, quoted: false };
      case "quoted":
        return { kind: "value", tag: this.#tag, name: this.#name, quoted: true };
      default:
        throw new TemplateError(`A value cannot stand ${DESCRIPTIONS[this.#state] ?? "here"}.`);
    }
  }

  /** The end of the template. */
  end(): void {
    if (this.#state === "content") return;
    if (this.#state === "raw" || this.#state === "text-only") {
      throw new TemplateError(`The template ends inside <${this.#tag}>; close the element.`);
    }
    throw new TemplateError("The template ends inside a tag or comment; close it.");
  }

  #tagOpen(character: string): void {
    if (LETTER.test(character)) {
      this.#tag = character.toLowerCase();
      this.#state = "tag-name";
    } else if (character === "/") this.#state = "end-tag-open";
    else if (character === "!") {
      this.#recent = "";
      this.#state = "markup";
    } else throw new TemplateError(`"<${character}" does not start an element; write &lt; for the character.`);
  }

  #tagName(character: string): void {
    if (SPACE.test(character)) this.#startAttributes("before-name");
    else if (character === "/") this.#startAttributes("slash");
    else if (character === ">") {
      this.#listener.tagStarts(this.#tag);
      this.#endTag();
    } else this.#tag += character.toLowerCase();
  }

  #startAttributes(state: State): void {
    this.#listener.tagStarts(this.#tag);
    this.#state = state;
  }

  #inTag(character: string): void {
    switch (this.#state) {
      case "before-name":
      case "after-value":
      case "slash":
        return this.#between(character);
      case "name":
        return this.#attributeName(character);
      case "after-name":
        return this.#afterName(character);
      case "before-value":
        return this.#beforeValue(character);
      case "quoted":
        if (character === this.#quote) this.#endValue("after-value");
        return;
      case "unquoted":
        return this.#unquoted(character);
      default:
        throw new Error(`unreachable state ${this.#state}`);
    }
  }

  #between(character: string): void {
    if (SPACE.test(character)) this.#state = "before-name";
    else if (character === ">") this.#endTag();
    else if (character === "/") this.#state = "slash";
    else if (this.#state === "before-name") {
      this.#listener.attributeStarts();
      this.#name = "";
      this.#state = "name";
      this.#attributeName(character);
    } else throw new TemplateError(`Put a space before "${character}" in <${this.#tag}>.`);
  }

  #attributeName(character: string): void {
    if (character === "=") {
      if (this.#name === "") throw new TemplateError(`An attribute of <${this.#tag}> has no name.`);
      this.#state = "before-value";
    } else if (SPACE.test(character)) this.#state = "after-name";
    else if (character === ">" || character === "/") {
      this.#listener.attributeRead(this.#tag, this.#name);
      this.#between(character);
    } else if (/["'<]/.test(character)) {
      throw new TemplateError(`${character} cannot be part of an attribute's name in <${this.#tag}>.`);
    } else this.#name += character;
  }

  #afterName(character: string): void {
    if (SPACE.test(character)) return;
    if (character === "=") {
      this.#state = "before-value";
      return;
    }
    this.#listener.attributeRead(this.#tag, this.#name);
    this.#state = "before-name";
    this.#between(character);
  }

  #beforeValue(character: string): void {
    if (SPACE.test(character)) return;
    if (character === ">") throw new TemplateError(`The attribute ${this.#name} of <${this.#tag}> has no value.`);
    if (character === '"' || character === "'") {
      this.#quote = character;
      this.#state = "quoted";
    } else {
      this.#state = "unquoted";
      this.#unquoted(character);
    }
  }

  #unquoted(character: string): void {
    if (SPACE.test(character)) this.#endValue("before-name");
    else if (character === ">") {
      this.#endValue("after-value");
      this.#endTag();
    } else if (/["'<=`]/.test(character)) {
      throw new TemplateError(`Quote the value of ${this.#name} in <${this.#tag}>.`);
    }
  }

  #endValue(state: State): void {
    this.#listener.attributeRead(this.#tag, this.#name);
    this.#listener.valueEnds();
    this.#state = state;
  }

  #endTag(): void {
    this.#listener.tagEnds(this.#tag);
    this.#recent = "";
    if (this.#tag === "plaintext") throw new TemplateError("<plaintext> cannot be used in a template.");
    if (RAW.has(this.#tag)) this.#state = "raw";
    else this.#state = TEXT_ONLY.has(this.#tag) ? "text-only" : "content";
  }

  /** After `<!`: a comment or the document type. */
  #markup(character: string): void {
    this.#recent += character;
    if (this.#state === "comment") {
      const ended = this.#recent === ">" || this.#recent === "->" || /--!?>$/.test(this.#recent.slice(-4));
      if (ended) this.#state = "content";
      return;
    }
    if (this.#recent === "--") {
      this.#recent = "";
      this.#state = "comment";
    } else if (this.#recent.startsWith("[")) throw new TemplateError("CDATA sections cannot be used in a template.");
    else if (character === ">") this.#state = "content";
  }

  #inRaw(character: string): void {
    this.#recent = (this.#recent + character.toLowerCase()).slice(-(this.#tag.length + 3));
    if (this.#recent.endsWith("<!--") && this.#tag === "script") {
      throw new TemplateError("<!-- inside <script> changes how its end is found; remove it.");
    }
    if (!/[\t\n\f\r />]/.test(character) || !this.#recent.startsWith(`</${this.#tag}`)) return;
    this.#state = character === ">" ? "content" : "end-tag";
  }

  /** Forgets the end tag being read: a value stands here. */
  interrupt(): void {
    this.#recent = "";
  }
}

const DESCRIPTIONS: Readonly<Partial<Record<State, string>>> = {
  "tag-open": "in the name of an element",
  "end-tag-open": "in the name of an element",
  "tag-name": "in the name of an element",
  "end-tag": "in an end tag",
  name: "in the name of an attribute",
  slash: "after the slash of a tag",
  unquoted: "after the start of an unquoted attribute value; quote the value",
  "after-value": "directly after an attribute; put a space before it",
  markup: "in a document type or comment",
  comment: "in a comment",
  raw: "in a script or style; pass data with jsonScript() or data attributes",
};
