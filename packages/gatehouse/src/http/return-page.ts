import { html, type Html } from "../html/html.ts";
import type { Inbound } from "./inbound.ts";
import { ownPath } from "./own-path.ts";

const FOREIGN_SITES: ReadonlySet<string | null> = new Set(["cross-site", "same-site"]);

/**
 * Whether a person arrived over a link on another site and the browser kept a cookie with `SameSite=Strict` to itself:
 * it may well have one, and a session that begins now would take its place and sign the person out.
 */
export function arrivedWithoutCookies({ method, request, cookies, sessionCookieName }: Inbound): boolean {
  const { headers } = request;
  return (
    method === "GET" &&
    !cookies.has(sessionCookieName) &&
    headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document" &&
    FOREIGN_SITES.has(headers.get("sec-fetch-site"))
  );
}

/** Asks for the same page again, this time from this site, so that the browser sends its cookies. */
export function returnPage({ url }: Inbound): Html {
  const again = html`<meta http-equiv="refresh" content="0" />`;
  return leadingPage(ownPath(url.pathname + url.search) ?? "/", again);
}

/**
 * Leads on to another address as a page of this site does, together with the header field of `onwardHeaders`. Browsers
 * follow a redirect on behalf of whoever began: without cookies that are for this site alone, and not from a form to
 * another site.
 */
export function onwardPage(address: string): Html {
  return leadingPage(address);
}

/** Has the browser leave a page of `onwardPage` at once. */
export function onwardHeaders(address: string): { readonly refresh: string } {
  return { refresh: `0; url=${address}` };
}

function leadingPage(address: string, head?: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${head}
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        <title>One moment</title>
      </head>
      <body>
        <main>
          <p><a href="${address}">Go on</a></p>
        </main>
      </body>
    </html>`;
}
