import { Hono } from "hono";
import { html, type Html } from "../../html/html.ts";
import type { Edge } from "../../http/edge.ts";
import type { DevelopmentMailbox, KeptMail } from "./development-mailbox.ts";

/** What the page is made from. */
export interface MailboxRouteParts {
  readonly edge: Edge;
  readonly mailbox: DevelopmentMailbox;
}

/** The page that shows letters where no server delivers them; programs get them as JSON. */
export function createMailboxRoutes({ edge, mailbox }: MailboxRouteParts): Hono {
  const routes = new Hono();
  routes.get("/development/mailbox", (context) => {
    const inbound = edge.of(context);
    const { messages } = mailbox;
    return inbound.accepts === "html"
      ? edge.page(inbound, mailboxPage(messages, inbound.nonce))
      : edge.json(inbound, { messages });
  });
  return routes;
}

function mailboxPage(messages: readonly KeptMail[], nonce: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        <title>Mailbox</title>
        <style nonce="${nonce}">
          body {
            font: 1rem/1.5 system-ui, sans-serif;
            max-width: 46rem;
            margin: 2rem auto;
            padding: 0 1rem;
          }
          article {
            border-top: 1px solid;
            padding: 1rem 0;
          }
          h2 {
            font-size: 1.1rem;
            margin: 0;
          }
          p {
            margin: 0;
          }
          .text {
            margin-top: 0.75rem;
            white-space: pre-wrap;
            overflow-wrap: anywhere;
          }
        </style>
      </head>
      <body>
        <main>
          <h1>Mailbox</h1>
          <p>Letters that no server delivers are shown here, newest first. They are gone when the server stops.</p>
          ${messages.length === 0 ? html`<p>There are none yet.</p>` : messages.map(letter)}
        </main>
      </body>
    </html>`;
}

function letter({ to, subject, text, at }: KeptMail): Html {
  const time = new Date(at).toISOString();
  return html`<article>
    <h2>${subject}</h2>
    <p>To ${to}, <time datetime="${time}">${time}</time></p>
    <p class="text">${text.split(/(https?:\/\/\S+)/).map(linked)}</p>
  </article>`;
}

/** Every second part is an address. */
function linked(part: string, index: number): Html {
  return index % 2 === 1 ? html`<a href="${part}">${part}</a>` : html`${part}`;
}
