import type { Attributes, Html } from "../html/html.ts";
import { html, trustedHtml } from "../html/html.ts";
import { renderToString } from "../html/render.ts";

/**
 * A part of the content that callers can ask for by its name, alone: `fragment("total", (mark) => html`<output
 * ${mark}>${total}</output>`)`. It is one element, and `mark` stands among its attributes.
 */
export type RenderFragment = (name: string, content: (mark: Attributes) => Html) => Html;

/** Names of fragments. */
export const FRAGMENT_NAME = /^[a-z][a-z0-9-]{0,63}$/;

const OWN_CONTENT = "rendered from the component's own template";

/** Collects the fragments of a content while it is rendered. */
export class Fragments {
  readonly #component: string;
  readonly #texts = new Map<string, string>();

  constructor(component: string) {
    this.#component = component;
  }

  /**
   * @throws {TypeError} for malformed names, two of one name, and content that is no element with the mark
   */
  readonly render: RenderFragment = (name, content) => {
    const where = `The fragment "${name}" of ${this.#component}`;
    if (!FRAGMENT_NAME.test(name)) throw new TypeError(`${where} is not of the form ${FRAGMENT_NAME.source}.`);
    if (this.#texts.has(name)) throw new TypeError(`${where} is there twice.`);
    const text = renderToString(content({ "data-live-fragment": name })).trim();
    const [tag = ""] = /^<[a-z][^>]*>/i.exec(text) ?? [];
    if (!tag.includes(` data-live-fragment="${name}"`))
      throw new TypeError(`${where} has to be one element, with the mark among its attributes.`);
    this.#texts.set(name, text);
    return html`${trustedHtml(text, OWN_CONTENT)}`;
  };

  /** The fragments of these names; nothing where one of them is not there. */
  select(names: readonly string[]): Readonly<Record<string, string>> | undefined {
    const found = names.flatMap((name) => {
      const text = this.#texts.get(name);
      return text === undefined ? [] : [[name, text] as const];
    });
    return found.length === names.length ? Object.fromEntries(found) : undefined;
  }
}
