import { html, type Html, type Renderable } from "gatehouse/html";
import { mark } from "./art.ts";

/** Who is looking: a host with an account, an invited guest, or anybody. */
export type Looker =
  | { readonly kind: "host"; readonly name: string; readonly signOut: string; readonly csrfToken: string }
  | { readonly kind: "guest" }
  /** `signIn` is where hosts sign in, if they can. */
  | { readonly kind: "stranger"; readonly signIn?: string };

/** What every page of the gallery is framed with. */
export interface PageFrame {
  readonly title: string;
  /** The stylesheet's address. */
  readonly stylesheet: string;
  readonly icon: string;
  /** What the live runtime needs in the head: its script and the security token. */
  readonly head: Renderable;
  readonly looker: Looker;
  readonly body: Renderable;
}

/** A whole page. */
export function page({ title, stylesheet, icon, head, looker, body }: PageFrame): Html {
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
          ${presence(looker)}
        </header>
        ${body}
        <footer>Every click here passes the guards of Gatehouse and leaves its trace in the audit trail.</footer>
      </body>
    </html>`;
}

function presence(looker: Looker): Html | undefined {
  switch (looker.kind) {
    case "host":
      return html`<form class="who" method="post" action="${looker.signOut}">
        <input type="hidden" name="_csrf_token" value="${looker.csrfToken}" />
        <span>Signed in as <a href="/account">${looker.name}</a></span>
        <button class="button quiet" type="submit">Sign out</button>
      </form>`;
    case "guest":
      return html`<p class="who">You are here as a guest</p>`;
    case "stranger":
      return looker.signIn === undefined
        ? undefined
        : html`<p class="who"><a href="${looker.signIn}" rel="nofollow">Sign in</a></p>`;
  }
}
