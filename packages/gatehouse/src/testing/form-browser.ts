import assert from "node:assert/strict";
import { parse } from "parse5";

/** A page, as far as forms need one. */
export interface FormPage {
  readonly status: number;
  readonly url: URL;
  readonly headers: Headers;
  readonly text: string;
  readonly title: string;
  readonly forms: readonly PageForm[];
}

/** A form of a page. */
export interface PageForm {
  readonly method: string;
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What a browser says of itself. */
export interface FormBrowserOptions {
  readonly language?: string;
  /** Whether it follows pages that lead on by themselves. Default true. */
  readonly leads?: boolean;
  /** How it asks. Default: over the network. */
  readonly fetch?: typeof globalThis.fetch;
}

interface FormRequest {
  readonly method?: "POST";
  readonly body?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser without scripts: it keeps cookies, follows redirects and refreshes, and sends forms as they are. */
export class FormBrowser {
  readonly cookies = new Map<string, string>();
  /** Where it stops: what leads to another site is not asked for. */
  readonly origin: string;
  readonly #language: string;
  readonly #leads: boolean;
  readonly #fetch: typeof globalThis.fetch;

  constructor(origin: string, { language = "en", leads = true, fetch = globalThis.fetch }: FormBrowserOptions = {}) {
    this.origin = origin;
    this.#leads = leads;
    this.#fetch = fetch;
    this.#language = language;
  }

  open(address: URL | string): Promise<FormPage> {
    return this.#ask(new URL(address, this.origin), {});
  }

  /** Fills in a form of a page and sends it. Of several the one whose action ends so. */
  submit(page: FormPage, action: string, typed: Readonly<Record<string, string>> = {}): Promise<FormPage> {
    const form = page.forms.find((candidate) => candidate.action.split("?")[0]?.endsWith(action) === true);
    assert.ok(form !== undefined, `There is no form ${action} on "${page.title}".`);
    return this.post(new URL(form.action, page.url), { ...form.fields, ...typed });
  }

  post(address: URL | string, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
    const url = new URL(address, this.origin);
    const body = new URLSearchParams(fields);
    const own = { origin: this.origin, "sec-fetch-site": "same-origin", ...headers };
    return this.#ask(url, { method: "POST", body, headers: own });
  }

  async #ask(url: URL, init: FormRequest): Promise<FormPage> {
    if (url.origin !== this.origin) return elsewhere(url);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { accept: "text/html", "accept-language": this.#language, cookie, ...init.headers };
    const response = await this.#fetch(url, { ...init, redirect: "manual", headers });
    this.#keep(response.headers.getSetCookie());
    const refresh = this.#leads ? /;\s*url=(.*)$/.exec(response.headers.get("refresh") ?? "")?.[1] : undefined;
    const next = response.headers.get("location") ?? refresh;
    if (next !== undefined) return this.#ask(new URL(next, url), {});
    return pageOf(url, response, await response.text());
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "" || /max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

function elsewhere(url: URL): FormPage {
  return { status: 0, url, headers: new Headers(), text: "", title: "", forms: [] };
}

interface Element {
  readonly nodeName: string;
  readonly attrs?: readonly { readonly name: string; readonly value: string }[];
  readonly childNodes?: readonly Element[];
  readonly value?: string;
}

function pageOf(url: URL, response: Response, text: string): FormPage {
  const elements = descendants(parse(text));
  const title = elements.find(({ nodeName }) => nodeName === "title")?.childNodes?.[0]?.value ?? "";
  const forms = elements.filter(({ nodeName }) => nodeName === "form").map(formOf);
  return { status: response.status, url, headers: response.headers, text, title, forms };
}

function formOf(form: Element): PageForm {
  const inputs = descendants(form).filter(({ nodeName }) => nodeName === "input");
  const fields = inputs.map((input) => [attribute(input, "name"), attribute(input, "value")] as const);
  return {
    method: attribute(form, "method"),
    action: attribute(form, "action"),
    fields: Object.fromEntries(fields.filter(([name]) => name !== "")),
  };
}

function descendants(element: Element): Element[] {
  return [element, ...(element.childNodes ?? []).flatMap(descendants)];
}

function attribute({ attrs = [] }: Element, name: string): string {
  return attrs.find((candidate) => candidate.name === name)?.value ?? "";
}
