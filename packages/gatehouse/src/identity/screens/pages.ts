import { readFileSync } from "node:fs";
import type { Html } from "../../html/html.ts";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { LANGUAGE_PARAMETER } from "../../http/language.ts";
import type { HeaderFields } from "../../http/security-headers.ts";
import { createStaticFiles, type StaticFiles } from "../../http/static-files.ts";
import { languages, type Language } from "./language.ts";
import { screenPage, type LanguageForm, type Screen } from "./layout.ts";
import type { Theme } from "./theme.ts";

/** What pages of the identity provider are made with. */
export interface PagesParts {
  readonly edge: Edge;
  /** The look of a tenant's pages. */
  readonly themeOf: (tenant: string) => Theme;
}

/** What a page says, and in which language. */
export interface SpokenScreen extends Screen {
  readonly language: Language;
}

/** How a page is sent. */
export interface ShowOptions {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: HeaderFields;
}

/** Where files of the pages are. */
export const ASSETS_PATH = "/sign-in/assets/";

/** Each stands here whole, because bundlers of servers find files by exactly this form. */
const FILES = {
  "screens.css": new URL("./assets/screens.css", import.meta.url),
  "passkey.js": new URL("../../../dist/client/passkey.js", import.meta.url),
};

/**
 * What a page of ours leads to learns nothing of where it came from; a form of ours still says that it is ours, which
 * browsers leave out under `no-referrer`.
 */
const PRIVATE: HeaderFields = { "referrer-policy": "same-origin" };

/** Makes pages of the identity provider: one layout, in the language and with the look that they are to have. */
export class Pages {
  readonly assets: StaticFiles;
  readonly #parts: PagesParts;

  constructor(parts: PagesParts) {
    this.#parts = parts;
    const files = Object.entries(FILES).map(([name, location]) => [name, readFileSync(location)] as const);
    this.assets = createStaticFiles(new Map(files), ASSETS_PATH);
  }

  /** The look of the pages a request asks for. */
  themeOf({ tenant }: Inbound): Theme {
    return this.#parts.themeOf(tenant);
  }

  /** The language of the answer to a request. `asked`: what the application wants of it (`ui_locales`). */
  languageFor(inbound: Inbound, asked?: string): Language {
    return languages.of(inbound, asked);
  }

  /** A page in a language. */
  render(inbound: Inbound, { language, ...screen }: SpokenScreen): Html {
    const stylesheet = this.assets.file("screens.css").path;
    const frame = { language, theme: this.themeOf(inbound), nonce: inbound.nonce, stylesheet };
    const again = "again" in screen ? screen.again : sameAddress(inbound);
    return screenPage(frame, { ...screen, again });
  }

  /** Shows a page in a language. */
  show(inbound: Inbound, screen: SpokenScreen, options: ShowOptions = {}): Response {
    const { language } = screen;
    const headers = { ...PRIVATE, "content-language": language, vary: "accept-language, cookie", ...options.headers };
    const response = this.#parts.edge.page(inbound, this.render(inbound, screen), { ...options, headers });
    if (languages.chosenOn(inbound) === language) {
      response.headers.append("set-cookie", languages.remember(inbound, language));
    }
    return response;
  }
}

/** Opens the address of a page again with its query; what came of a form has no address. */
function sameAddress({ method, url }: Inbound): LanguageForm | undefined {
  if (method !== "GET") return undefined;
  const fields = Object.fromEntries([...url.searchParams].filter(([name]) => name !== LANGUAGE_PARAMETER));
  return { action: url.pathname, fields };
}
