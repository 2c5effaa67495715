import { html, type Html } from "../html/html.ts";

/** A plain document around a form that was refused. */
export function plainFrame(head: Html, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Please check what you entered</title>
        ${head}
      </head>
      <body>
        <main>
          <h1>Please check what you entered</h1>
          ${content}
        </main>
      </body>
    </html>`;
}
