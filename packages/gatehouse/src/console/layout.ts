import { html, type Html, type Renderable } from "../html/html.ts";

/** Pages of the console, in the order of the navigation. */
const PAGES = [
  { path: "/console", title: "Overview" },
  { path: "/console/events", title: "Events" },
  { path: "/console/bans", title: "Bans" },
  { path: "/console/accounts", title: "Accounts" },
  { path: "/console/grants", title: "Grants" },
  { path: "/console/clients", title: "Clients" },
  { path: "/console/signing-keys", title: "Signing keys" },
  { path: "/console/join-tokens", title: "Join tokens" },
  { path: "/console/media", title: "Media" },
  { path: "/console/storage", title: "Storage" },
  { path: "/console/realtime", title: "Realtime" },
  { path: "/console/work", title: "Work orders" },
  { path: "/console/emergency", title: "Emergency" },
  { path: "/console/playbooks", title: "Playbooks" },
  { path: "/console/monitors", title: "Monitors" },
  { path: "/console/guards", title: "Guards" },
] as const;

/** What every page of the console is framed with. */
export interface ConsoleFrame {
  readonly title: string;
  /** What the page shows, in one sentence. */
  readonly lead: string;
  readonly path: string;
  readonly stylesheet: string;
  readonly icon: string;
  readonly head: Renderable;
  readonly operator: string;
  /** Where the form to sign out goes. */
  readonly signOut: string;
  readonly csrfToken: string;
  readonly body: Renderable;
}

const MARK = html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path
    d="M4 21V10a8 8 0 0 1 16 0v11h-4.500v-9a3.500 3.500 0 0 0-7 0v9z"
    fill="none"
    stroke="currentColor"
    stroke-width="1.800"
    stroke-linejoin="round"
  />
</svg>`;

/** A whole page of the console. */
export function consolePage(frame: ConsoleFrame): Html {
  const { title, lead, path, operator, signOut, csrfToken, body } = frame;
  return document(
    frame,
    html`<div class="shell">
      <header class="side">
        <a class="brand" href="/console">${MARK}<span>Gatehouse</span></a>
        <nav aria-label="Console">
          <ul>
            ${PAGES.map(
              (page) =>
                html`<li>
                  <a href="${page.path}" aria-current="${page.path === path ? "page" : undefined}">${page.title}</a>
                </li>`,
            )}
          </ul>
        </nav>
        <div class="who">
          <span><span class="as">Signed in as</span> ${operator}</span>
          <form method="post" action="${signOut}">
            <input type="hidden" name="_csrf_token" value="${csrfToken}" />
            <button class="button quiet" type="submit">Sign out</button>
          </form>
        </div>
      </header>
      <main id="content" tabindex="-1">
        <div class="head">
          <div>
            <h1>${title}</h1>
            <p>${lead}</p>
          </div>
        </div>
        ${body}
      </main>
    </div>`,
  );
}

/** A page for who has not signed in. */
export function doorPage(frame: Pick<ConsoleFrame, "title" | "stylesheet" | "icon" | "head" | "body">): Html {
  return document(
    frame,
    html`<main id="content" class="door" tabindex="-1">
      <div class="panel">
        <p class="brand">${MARK}<span>Gatehouse</span></p>
        ${frame.body}
      </div>
    </main>`,
  );
}

type DocumentFrame = Pick<ConsoleFrame, "title" | "stylesheet" | "icon" | "head">;

function document({ title, stylesheet, icon, head }: DocumentFrame, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Gatehouse console</title>
        <link rel="icon" type="image/svg+xml" href="${icon}" />
        <link rel="stylesheet" href="${stylesheet}" />
        ${head}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        ${body}
      </body>
    </html>`;
}
