import { html, type Html } from "../html/html.ts";

/** The page behind a one-time link: entering is a click, so that link previews do not use it up. */
export function linkDoor(parts: { readonly action: string; readonly csrfToken: string }): Html {
  return html`<h1>Enter the console</h1>
    <p>This link signs you in once, on this device.</p>
    <form method="post" action="${parts.action}">
      <input type="hidden" name="_csrf_token" value="${parts.csrfToken}" />
      <button class="button" type="submit">Enter</button>
    </form>`;
}

/** What strangers see; `signInAt` is where operators sign in with an account, if they can. */
export function lockedDoor(signInAt: string | undefined): Html {
  const account =
    signInAt === undefined
      ? undefined
      : html`<p>With an operator's account, and a second factor. Who has none yet sets one up on the way.</p>
          <p><a class="button" href="${signInAt}">Sign in</a></p>`;
  return html`<h1>Sign in</h1>
    ${account}
    <p>
      ${account === undefined ? "The console opens" : "The console also opens"} with a one-time link. Many servers print
      one when they start.
    </p>
    <p>
      Make a new one with the gatehouse command, naming the server's data directory:
      <code>gatehouse link console --data DIR</code>
    </p>`;
}
