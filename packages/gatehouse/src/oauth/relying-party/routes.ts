import { Hono } from "hono";
import { html, type Html } from "../../html/html.ts";
import type { Inbound } from "../../http/inbound.ts";
import { oauthErrorDocument } from "../../http/problem-document.ts";
import { plainPage, type ProblemContent } from "../../http/problem-page.ts";
import { onwardHeaders, onwardPage } from "../../http/return-page.ts";
import type { AnyAction } from "../../kernel/action.ts";
import { isDenial, type Denial, type Outcome } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { BegunSignIn } from "./begin-action.ts";
import type { FinishedSignIn } from "./finish-action.ts";
import type { SignedOut } from "./leave-action.ts";
import { startOf, type Party } from "./party.ts";
import { relyingPartyProblems } from "./problems.ts";

/** What a relying party's routes lead to. */
export interface RelyingPartyActions {
  readonly begin: AnyAction;
  readonly finish: AnyAction;
  readonly leave: AnyAction;
  readonly end: AnyAction;
}

const PASSING = new Set([
  relyingPartyProblems.SIGN_IN_UNAVAILABLE,
  problems.STORE_UNAVAILABLE,
  problems.RATE_LIMIT_EXCEEDED,
]);

/** The routes of a relying party. */
export function createRelyingPartyRoutes(party: Party, actions: RelyingPartyActions): Hono {
  const { edge, paths } = party;
  const app = new Hono();
  app.get(paths.start, (context) => start(party, actions.begin, edge.of(context)));
  app.get(paths.callback, (context) => finish(party, actions.finish, edge.of(context)));
  app.post(
    paths.signOut,
    edge.action(actions.leave, {
      input: (_value, inbound) => ({ origin: inbound.target, own: party.sessions.current(inbound) }),
      // The value of the action named above.
      render: ({ value }, inbound) => leave(party, value as SignedOut, inbound),
    }),
  );
  app.post(paths.backChannelLogout, (context) => end(party, actions.end, edge.of(context)));
  return app;
}

async function start(party: Party, action: AnyAction, inbound: Inbound): Promise<Response> {
  const returnTo = inbound.url.searchParams.get("return") ?? party.landing;
  const demand = inbound.url.searchParams.get("demand") ?? undefined;
  const input = { returnTo, redirectUri: inbound.target + party.paths.callback, demand };
  const outcome = await party.edge.perform(action, inbound, input, { entrance: "oauth" });
  if (!outcome.ok) return refuse(party, inbound, { denial: outcome, returnTo, demand });
  // The value of the action performed above.
  const { location, pending } = outcome.value as BegunSignIn;
  const response = new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
  for (const cookie of party.pending.begin(inbound, pending)) response.headers.append("set-cookie", cookie);
  return response;
}

async function finish(party: Party, action: AnyAction, inbound: Inbound): Promise<Response> {
  const { edge, paths, landing } = party;
  const state = inbound.url.searchParams.get("state") ?? "";
  const pending = party.pending.find(inbound, state);
  const url = new URL(paths.callback + inbound.url.search, inbound.target);
  const agent = (inbound.request.headers.get("user-agent") ?? "").slice(0, 200);
  const input = { url, pending, agent, before: party.sessions.current(inbound) };
  const outcome: Outcome = await edge.perform(action, inbound, input, { entrance: "oauth" });
  if (outcome.ok) {
    // The value of the action performed above.
    const { returnTo, credential } = outcome.value as FinishedSignIn;
    const response = withCookie(onward(party, inbound, returnTo), party.pending.end(inbound, state));
    const kept = credential === undefined ? undefined : party.sessions.cookie?.(inbound, credential);
    return kept === undefined ? response : withCookie(response, kept);
  }
  if (pending === undefined) {
    // Whoever comes to this address again has long been signed in.
    const { type } = await edge.sessions.principal(inbound, { passive: true });
    if (type !== "anonymous" || party.sessions.current(inbound) !== undefined) return edge.redirect(inbound, landing);
  }
  const { returnTo = landing, demand } = pending ?? {};
  const response = refuse(party, inbound, { denial: outcome, returnTo, demand });
  const again = pending === undefined || PASSING.has(outcome.problem);
  return again ? response : withCookie(response, party.pending.end(inbound, state));
}

function leave(party: Party, { location }: SignedOut, inbound: Inbound): Response {
  const response =
    location === undefined
      ? party.edge.redirect(inbound, party.landingAfterSignOut)
      : party.edge.page(inbound, onwardPage(location), { headers: onwardHeaders(location) });
  const over = party.sessions.cookie?.(inbound);
  return over === undefined ? response : withCookie(response, over);
}

async function end({ edge }: Party, action: AnyAction, inbound: Inbound): Promise<Response> {
  const outcome = await edge.receive(inbound, {
    action,
    entrance: "oauth",
    read: async () => {
      const bytes = await inbound.bytes();
      if (isDenial(bytes)) return bytes;
      return { value: { token: new URLSearchParams(new TextDecoder().decode(bytes)).get("logout_token") } };
    },
  });
  const headers = { "cache-control": "no-store" };
  if (outcome.ok) return new Response(null, { status: 200, headers });
  // The protocol knows no other status for what is wrong with a request.
  const status = outcome.problem.status === 422 ? 400 : outcome.problem.status;
  return Response.json(oauthErrorDocument(outcome), { status, headers });
}

/** Browsers ask for what a redirect from another site leads to without the cookie that has just been set. */
function onward({ edge }: Party, inbound: Inbound, path: string): Response {
  const site = inbound.request.headers.get("sec-fetch-site");
  const isOwn = site === "same-origin" || site === "none";
  return isOwn ? edge.redirect(inbound, path) : edge.page(inbound, onwardPage(path), { headers: onwardHeaders(path) });
}

function refuse(
  party: Party,
  inbound: Inbound,
  {
    denial,
    returnTo,
    demand,
  }: { readonly denial: Denial; readonly returnTo: string; readonly demand: string | undefined },
): Response {
  // What has not gone through is tried again by the same request; everything else begins anew, when somebody asks for it.
  const repeat = PASSING.has(denial.problem) ? inbound.url.pathname + inbound.url.search : undefined;
  const again = repeat ?? startOf(party, returnTo, demand);
  return party.edge.problem(inbound, denial, (content) => refusalPage(content, { again, nonce: inbound.nonce }));
}

function refusalPage(
  { heading, body }: ProblemContent,
  { again, nonce }: { readonly again: string; readonly nonce: string },
): Html {
  const links = html`<p><a href="${again}">Try again</a></p>
    <p><a href="/">Back to the start page</a></p>`;
  return plainPage({ heading, nonce, body: html`${body} ${links}` });
}

function withCookie(response: Response, cookie: string): Response {
  response.headers.append("set-cookie", cookie);
  return response;
}
