import type { RouteDescription } from "gatehouse";
import { code, page, table, type Page } from "./page.ts";

/** What each route is for. A route that is missing here stops the generator, so that the page stays complete. */
const PURPOSES: Readonly<Record<string, string>> = {
  "GET /healthz": "Whether the process lives.",
  "GET /readyz": "Whether it can serve: the health of its stores.",
  "GET /api/csrf/refresh": "A CSRF token for the visitor's session, to pages of the same origin.",
  "POST /csp/report": "Reports of browsers about violations of the content security policy.",
  "POST /api/livecomponents/action": "An action of a live component.",
  "POST /api/livecomponents/upload": "A file for an upload field of a live component.",
  "POST /api/livecomponents/load": "Live components that are loaded later, or looked at anew.",
  "POST /api/livecomponents/stream": "The stream by which a browser hears which of its live components are stale.",
  "GET /api/livecomponents/client.{hash}.js": "The browser runtime of live components.",
  "GET /api/livecomponents/client.inspector.{hash}.js": "Its inspector, with `live.inspector`: in development.",
  "GET /api/livecomponents/client.push.{hash}.js": "Its part that hears of news, on pages that want to.",
  "GET /api/livecomponents/client.upload.{hash}.js": "Its part for upload fields, on pages that have some.",
  "GET /console": "Overview: health of the stores, what happened lately.",
  "GET /console/events": "The audit trail, with filters.",
  "GET /console/bans": "Bans in force.",
  "POST /console/bans": "Sets a ban.",
  "GET /console/clients": "OAuth clients, and tokens that let others register.",
  "POST /console/clients/:step": "Makes, changes, disables or deletes one.",
  "GET /console/storage": "Storage targets and the files there.",
  "POST /console/storage/probe": "Probes the targets.",
  "POST /console/storage/resume": "Lets transfers to the archive go on.",
  "GET /console/emergency": "Emergency measures.",
  "POST /console/emergency/set": "Sets one.",
  "POST /console/emergency/lift": "Lifts one.",
  "GET /console/*": "Pages the console does not have: its own answer, within its frame.",
  "GET /console/grants": "What people have allowed clients, filtered.",
  "POST /console/grants": "Ends the grants that match (`grants.revoke`).",
  "GET /console/accounts": "The people who can sign in; one is found by the whole of an address.",
  "POST /console/accounts": "Invites somebody (`accounts.invite`).",
  "GET /console/accounts/:id": "One account, with its factors.",
  "POST /console/accounts/:id/sign-out": "Ends its sessions and tokens (`accounts.sign-out`).",
  "POST /console/accounts/:id/reset-factors": "Removes its second factors (`accounts.reset-factors`).",
  "POST /console/accounts/:id/disable": "Disables it (`accounts.disable`).",
  "POST /console/accounts/:id/enable": "Enables it (`accounts.enable`).",
  "POST /console/accounts/:id/delete": "Deletes it (`accounts.delete`).",
  "GET /console/signing-keys": "The keys that tokens are signed with.",
  "GET /console/signing-keys/compromise": "Asks whether a key is to be withdrawn.",
  "POST /console/signing-keys/rotate": "Makes the next keys (`oauth.keys.rotate`).",
  "POST /console/signing-keys/prune": "Destroys keys that are safe to prune (`oauth.keys.prune`).",
  "POST /console/signing-keys/compromise": "Withdraws a key (`oauth.keys.compromise`).",
  "GET /console/media": "Files that people brought, the scanner and the queue.",
  "POST /console/media/moderate": "Publishes, hides or rejects one (`media.asset.moderate`).",
  "POST /console/media/rescan": "Has one looked at anew (`media.asset.rescan`).",
  "GET /console/guards": "Which guards stand before which action.",
  "GET /console/enter/:token": "A one-time link of an operator: the page that asks to enter.",
  "POST /console/enter/:token": "Uses the link up and signs in.",
  "GET /auth/start": "Begins to sign a host of the gallery in at the identity provider.",
  "GET /auth/callback": "Where the identity provider sends hosts back to.",
  "POST /auth/sign-out": "Signs a host out, there too.",
  "POST /auth/back-channel-logout": "Where the identity provider tells the gallery of sessions that have ended.",
  "GET /console/auth/start": "Begins to sign an operator in at the identity provider.",
  "GET /console/auth/callback": "Where the identity provider sends them back to.",
  "POST /console/auth/sign-out": "Signs an operator with an account out, there too.",
  "POST /console/auth/back-channel-logout": "Where the identity provider tells of sessions that have ended.",
  "POST /console/leave": "Signs the operator out.",
  "GET /console/assets/*": "Style sheets and images of the console.",
  "POST /oauth/token": "Tokens for a code, a refresh token, a device's code or a client's credentials.",
  "GET /oauth/authorize": "Where applications send people to sign in.",
  "GET /oauth/authorize/:uid": "Where people come back to once they have signed in.",
  "GET /oauth/userinfo": "Who an access token is of.",
  "POST /oauth/userinfo": "The same.",
  "POST /oauth/introspect": "What a token means, for the servers of a resource.",
  "POST /oauth/revoke": "Takes a token back.",
  "POST /oauth/par": "Authorization requests pushed by clients, instead of through the browser.",
  "POST /oauth/device": "Codes for devices without a browser.",
  "GET /oauth/logout": "Where applications send people to sign out.",
  "POST /oauth/logout/confirm": "Signs somebody out.",
  "GET /oauth/logout/success": "Says that somebody is signed out.",
  "POST /oauth/clients": "Registers a client.",
  "GET /oauth/clients/:id": "What a client has registered, for itself.",
  "PUT /oauth/clients/:id": "Changes it.",
  "DELETE /oauth/clients/:id": "Removes it.",
  "GET /.well-known/openid-configuration": "What the identity provider can do, and where.",
  "GET /.well-known/oauth-authorization-server": "The same, under the name of RFC 8414.",
  "GET /.well-known/jwks.json": "The public keys that tokens are signed with.",
  "GET /device": "Where people enter the code that a device shows.",
  "POST /device": "Takes the code, and that somebody means it.",
  "GET /device/:uid": "Where people come back to once they have signed in for a device.",
  "GET /sign-in/assets/*": "Style sheet and script of the pages of the identity provider.",
  "GET /sign-in/:uid": "What is asked of somebody who signs in: who they are, a second factor, consent.",
  "POST /sign-in/:uid/again": "The same page once more, in another language.",
  "POST /sign-in/:uid/password": "Signs in with a password.",
  "POST /sign-in/:uid/passkey-options": "What a browser is to ask a passkey.",
  "POST /sign-in/:uid/passkey": "Signs in with a passkey, or confirms with one.",
  "POST /sign-in/:uid/totp": "Confirms with a code of an authenticator app.",
  "POST /sign-in/:uid/recovery": "Confirms with a recovery code.",
  "POST /sign-in/:uid/enrol": "Sets up a second factor where an application asks for one.",
  "POST /sign-in/:uid/consent": "Allows an application what it asks for.",
  "POST /sign-in/:uid/abort": "Goes back to the application without.",
  "GET /register": "Where people ask for an account, with `identity.registration`.",
  "POST /register": "Sends a letter with a link to go on with.",
  "GET /invitation/:token": "The link of an invitation: takes the token out of the address, and leads on.",
  "GET /invitation": "Where people choose a name and a password.",
  "POST /invitation": "Uses the link up and creates the account.",
  "GET /account/verify/:token": "The link that proves an address: takes the token out of the address, and leads on.",
  "GET /account/verify": "Asks whether somebody means it.",
  "POST /account/verify": "Uses the link up and notes that the address is proven.",
  "GET /account/reset": "Where people ask for a new password.",
  "POST /account/reset": "Sends a letter with a link, if there is such an account; the answer is the same.",
  "GET /account/reset/:token": "The link of that letter: takes the token out of the address, and leads on.",
  "GET /account/new-password": "Where people choose the new password.",
  "POST /account/new-password": "Uses the link up, sets the password and signs the account out everywhere.",
  "GET /development/mailbox": "Letters that no server delivers: in development.",
  "GET /": "The gallery's events.",
  "GET /events/:slug": "An event's page: guestbook and likes.",
  "GET /join/:token": "A guest's one-time link: the page that asks to join.",
  "POST /join/:token": "Uses the link up and joins.",
  "GET /playground": "Worked examples of live components, a card for each.",
  "GET /playground/:example": "An example: running, what to try, and its source.",
  "GET /playground/upload/files/:id": "A file that this visitor has uploaded to the example, for nobody else.",
  "GET /gallery/assets/*": "Style sheets and images of the gallery.",
};

/** Answered by the server itself, before the routes. */
const SERVER_ROUTES: readonly RouteDescription[] = [
  { method: "GET", path: "/healthz" },
  { method: "GET", path: "/readyz" },
];

function row({ method, path }: RouteDescription): [string, string, string] {
  const stable = path.replace(/\.[0-9a-f]{16}\./, ".{hash}.");
  const purpose = PURPOSES[`${method} ${stable}`];
  if (purpose === undefined) throw new Error(`Say in tools/docs/routes.ts what ${method} ${stable} is for.`);
  return [code(method), code(stable), purpose];
}

/** The page of the assembled server's routes. */
export function routesPage(routes: readonly RouteDescription[]): Page {
  // What browsers ask before they send is no page of its own.
  const asked = routes.filter(({ method }) => method !== "OPTIONS");
  const rows = [...SERVER_ROUTES, ...asked].map(row);
  const unique = new Map(rows.map((cells) => [cells.join(), cells]));
  return page("routes.md", "Routes", [
    "What the server that `npm start` runs answers, in the order in which it is tried. Everything that changes something " +
      "is an action behind the guards; the [guards](guards.md) of each are listed there.",
    table(["method", "path", "what for"], [...unique.values()]),
  ]);
}
