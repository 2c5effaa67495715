import { html, type Html, type Renderable } from "gatehouse/html";
import { mark } from "./art.ts";

/** What every page of the gallery is framed with. */
export interface PageFrame {
  readonly title: string;
  /** The stylesheet's address. */
  readonly stylesheet: string;
  readonly icon: string;
  /** What the live runtime needs in the head: its script and the security token. */
  readonly head: Renderable;
  /** Whether an invited guest is looking. */
  readonly guest: boolean;
  readonly body: Renderable;
}

/** A whole page. */
export function page({ title, stylesheet, icon, head, guest, body }: PageFrame): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" type="image/svg+xml" href="${icon}" />
        <link rel="stylesheet" href="${stylesheet}" />
        ${head}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="bar">
          <a class="brand" href="/">${mark}<span>Gallery</span></a>
          <nav aria-label="Gallery"><a href="/playground">Playground</a></nav>
          ${guest ? html`<p class="who">You are here as a guest</p>` : undefined}
        </header>
        ${body}
        <footer>Every click here passes the guards of Gatehouse and leaves its trace in the audit trail.</footer>
      </body>
    </html>`;
}
