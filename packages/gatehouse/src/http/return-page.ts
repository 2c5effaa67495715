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
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="refresh" content="0" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        <title>One moment</title>
      </head>
      <body>
        <main>
          <p><a href="${ownPath(url.pathname + url.search) ?? "/"}">Go on</a></p>
        </main>
      </body>
    </html>`;
}
