import { Hono, type Context } from "hono";
import { html, type Html } from "../html/html.ts";
import { readActionInput } from "../http/action-input.ts";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import type { OneTimeLinks } from "../http/one-time-links.ts";
import type { ProblemFrame } from "../http/problem-page.ts";
import { missing } from "../http/routing.ts";
import type { StaticFiles } from "../http/static-files.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Principal } from "../kernel/attempt.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { InventoryRow } from "../kernel/gate.ts";
import type { Ids } from "../kernel/ids.ts";
import { isDenial, type Denial, type Violation } from "../kernel/outcome.ts";
import type { Ban } from "../kernel/ports/bans.ts";
import type { KeyRotation } from "../kernel/key-rotation.ts";
import type { StoreHealth } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { LiveComponent } from "../live/component.ts";
import type { Live } from "../live/live.ts";
import { banForm, banInput, EMPTY_BAN, readTypedBan, type TypedBan } from "./threat/ban-form.ts";
import { linkDoor, lockedDoor } from "./door-page.ts";
import { eventFaults, eventQuery, readEventFilter } from "./audit/event-filter.ts";
import { eventPage, type EventPlaybook } from "./audit/event-page.ts";
import { guardPage } from "./guard-page.ts";
import { consolePage, doorPage, type ConsoleFrame } from "./layout.ts";
import { MOST_COUNTED, overviewPage, type IdentityOverview } from "./overview-page.ts";
import { OPERATOR_GRANT } from "./operator.ts";
import type { PageContent } from "./page-content.ts";
import type { PageParts } from "./page-parts.ts";
import { ROOMS } from "./rooms.ts";
import { SigningKeyRows } from "./identity/signing-key-page.ts";
import { CONSOLE, type ConsoleSignIn } from "./sign-in.ts";

/** What the pages are made from. */
export interface ConsoleRouteParts {
  readonly edge: Edge;
  readonly links: OneTimeLinks;
  readonly ids: Ids;
  readonly live: Live;
  readonly assets: StaticFiles;
  readonly enter: AnyAction;
  readonly leave: AnyAction;
  readonly banList: LiveComponent;
  readonly isOffered: (action: string) => boolean;
  readonly signIn: ConsoleSignIn | undefined;
}

const DAY = 86_400_000;

/** Reads through the gate, as everybody does; a denial ends the page. */
class Refused extends Error {
  readonly denial: Denial;
  constructor(denial: Denial) {
    super(denial.problem.code);
    this.denial = denial;
  }
}

/** The console's pages. */
export function consoleRoutes(parts: ConsoleRouteParts): Hono {
  const { edge, assets } = parts;
  const app = new Hono();
  if (parts.signIn !== undefined) app.route("/", parts.signIn.routes);
  app.get("/console", (context) => show(parts, context, (inbound) => overview(parts, inbound)));
  app.get("/console/events", (context) => show(parts, context, (inbound) => events(parts, inbound)));
  app.get("/console/bans", (context) => show(parts, context, (inbound) => bans(parts, inbound)));
  app.post("/console/bans", (context) => addBan(parts, context));
  const desk: PageParts = {
    ...parts,
    show: (context, content) => show(parts, context, content),
    ask: (inbound, asked) => ask(parts, inbound, asked),
    refuse: async (inbound, denial) => edge.problem(inbound, denial, await errorFrame(parts, inbound)),
  };
  for (const routes of ROOMS) app.route("/", routes(desk));
  app.get("/console/guards", (context) => show(parts, context, (inbound) => guards(parts, inbound)));
  app.get("/console/enter/:token", (context) => door(parts, edge.of(context)));
  app.post(
    "/console/enter/:token",
    async (context, next) => {
      const inbound = edge.of(context);
      const entered = await parts.links.entered(inbound, { token: context.req.param("token") ?? "", purpose: CONSOLE });
      return entered ? edge.redirect(inbound, "/console") : next();
    },
    edge.action(parts.enter, {
      input: (_value, _inbound, { token }) => ({ token }),
      render: (_success, inbound) => edge.redirect(inbound, "/console"),
    }),
  );
  app.post(
    "/console/leave",
    edge.action(parts.leave, { input: () => ({}), render: (_success, inbound) => edge.redirect(inbound, "/console") }),
  );
  app.get("/console/assets/*", (context) => {
    const inbound = edge.of(context);
    return assets.answer(inbound) ?? edge.refuse(inbound, missing(app, inbound));
  });
  app.get("/console/*", async (context) => {
    const inbound = edge.of(context);
    const frame = await errorFrame(parts, inbound, "There is no such page in the console.");
    return edge.refuse(inbound, missing(app, inbound), { frame });
  });
  return app;
}

async function show(
  parts: ConsoleRouteParts,
  context: Context,
  content: (inbound: Inbound) => Promise<PageContent>,
): Promise<Response> {
  const { edge, live, assets } = parts;
  const inbound = edge.of(context);
  const principal = await edge.sessions.principal(inbound);
  if (principal.type === "anonymous") return locked(parts, inbound);
  if (principal.type === "user" && !principal.grants.has(OPERATOR_GRANT)) return locked(parts, inbound, 403);
  try {
    const { status = 200, keys = false, ...frame } = await content(inbound);
    const page = consolePage({
      ...frame,
      ...files(assets),
      head: html`${live.head(inbound)}${keys ? keyScript(assets, inbound) : undefined}`,
      ...(await presence(parts, inbound, principal)),
      csrfToken: edge.csrfToken(inbound),
    });
    return edge.page(inbound, page, { status });
  } catch (error) {
    if (error instanceof Refused) return edge.problem(inbound, error.denial, await errorFrame(parts, inbound));
    throw error;
  }
}

/** What was refused within the console is shown within it to operators, with the way back; to others it shows nothing. */
async function errorFrame(
  parts: ConsoleRouteParts,
  inbound: Inbound,
  lead = "This was not done.",
): Promise<ProblemFrame | undefined> {
  const { edge, live, assets } = parts;
  const principal = await edge.sessions.principal(inbound);
  if (!principal.grants.has(OPERATOR_GRANT)) return undefined;
  const who = await presence(parts, inbound, principal);
  const frame = { ...files(assets), ...who, head: live.head(inbound), csrfToken: edge.csrfToken(inbound) };
  return ({ heading, body }) =>
    consolePage({
      ...frame,
      title: heading,
      lead,
      path: inbound.url.pathname,
      body: html`<section class="panel" aria-label="What happened">
        ${body}
        <p><a class="button quiet" href="/console">Back to the overview</a></p>
      </section>`,
    });
}

/** Who is at work, and where they leave: with an account, at the issuer as well. */
async function presence(
  { signIn }: ConsoleRouteParts,
  { tenant }: Inbound,
  principal: Principal,
): Promise<Pick<ConsoleFrame, "operator" | "signOut">> {
  const name = await signIn?.nameOf(principal, tenant);
  const withAccount = signIn !== undefined && name !== undefined;
  return withAccount
    ? { operator: name, signOut: signIn.paths.signOut }
    : { operator: principal.id, signOut: "/console/leave" };
}

async function ask<Value>(
  parts: ConsoleRouteParts,
  inbound: Inbound,
  asked: { action: string; input?: unknown },
): Promise<Value> {
  const outcome = await parts.edge.perform(asked.action, inbound, asked.input ?? {});
  if (!outcome.ok) throw new Refused(outcome);
  // The caller names the value of the action it asks for.
  return outcome.value as Value;
}

async function overview(parts: ConsoleRouteParts, inbound: Inbound): Promise<PageContent> {
  const health = { action: "store.health" };
  const { stores, keys } = await ask<{ stores: StoreHealth[]; keys: KeyRotation }>(parts, inbound, health);
  const { bans: inForce } = await ask<{ bans: Ban[] }>(parts, inbound, { action: "bans.list" });
  const { rows } = await ask<{ rows: InventoryRow[] }>(parts, inbound, { action: "guards.inventory" });
  const input = { limit: 8 };
  const { events: latest } = await ask<{ events: SecurityEvent[] }>(parts, inbound, { action: "audit.list", input });
  const lax = rows.flatMap(({ steps }) => steps).filter(({ mode }) => mode !== "enforce");
  const disabledGuards = new Set(lax.map(({ guard }) => guard)).size;
  return {
    title: "Overview",
    lead: "How the stores, the keys and the guards are doing.",
    path: "/console",
    body: overviewPage({
      stores,
      keys,
      bans: inForce.length,
      disabledGuards,
      latest,
      identity: await identity(parts, inbound),
    }),
  };
}

async function identity(parts: ConsoleRouteParts, inbound: Inbound): Promise<IdentityOverview | undefined> {
  if (!parts.isOffered("oauth.keys.list")) return undefined;
  const signingKeys = SigningKeyRows.parse(await ask(parts, inbound, { action: "oauth.keys.list" }));
  const input = { name: "authn_login_fail", from: inbound.receivedAt - DAY, limit: MOST_COUNTED };
  const { events: refused } = await ask<{ events: SecurityEvent[] }>(parts, inbound, { action: "audit.list", input });
  return { signingKeys, refused: refused.length };
}

async function events(parts: ConsoleRouteParts, inbound: Inbound): Promise<PageContent> {
  const filter = readEventFilter(inbound.url.searchParams);
  const faults = eventFaults(filter);
  const page = {
    title: "Events",
    lead: "The audit trail: every change and every refusal, newest first.",
    path: "/console/events",
  };
  if (Object.keys(faults).length > 0) return { ...page, body: eventPage(undefined, filter, faults), status: 422 };
  const input = eventQuery(filter);
  const { events: found } = await ask<{ events: SecurityEvent[] }>(parts, inbound, { action: "audit.list", input });
  const listed = parts.isOffered("playbooks.list")
    ? await ask<{ playbooks: EventPlaybook[] }>(parts, inbound, { action: "playbooks.list" })
    : { playbooks: [] };
  return { ...page, body: eventPage({ events: found, ...listed }, filter) };
}

async function bans(
  parts: ConsoleRouteParts,
  inbound: Inbound,
  refused?: { readonly typed: TypedBan; readonly violations: readonly Violation[] },
): Promise<PageContent> {
  await ask(parts, inbound, { action: "bans.list" });
  const { typed, violations } = refused ?? { typed: EMPTY_BAN, violations: [] };
  const csrfToken = parts.edge.csrfToken(inbound);
  const form = banForm({ csrfToken, idempotencyKey: parts.ids.next(), typed, violations });
  return {
    title: "Bans",
    lead: "Sources that are refused for a while, because of repeated violations or by an operator's word.",
    path: "/console/bans",
    body: html`<section class="panel" aria-label="Bans">${await parts.live.mount(parts.banList, { inbound })}</section>
      <h2>Ban a source</h2>
      ${form}`,
    status: refused === undefined ? 200 : problems.VALIDATION_ERROR.status,
  };
}

async function addBan(parts: ConsoleRouteParts, context: Context): Promise<Response> {
  const { edge } = parts;
  const inbound = edge.of(context);
  let typed = EMPTY_BAN;
  const outcome = await edge.receive(inbound, {
    action: "bans.add",
    read: async () => {
      const carried = await readActionInput(inbound);
      if (isDenial(carried)) return carried;
      typed = readTypedBan(carried.value);
      return { ...carried, value: banInput(typed) };
    },
  });
  if (outcome.ok) return edge.redirect(inbound, "/console/bans");
  const { problem, violations = [] } = outcome;
  if (problem !== problems.VALIDATION_ERROR || inbound.accepts !== "html") {
    return edge.problem(inbound, outcome, await errorFrame(parts, inbound));
  }
  return show(parts, context, () => bans(parts, inbound, { typed, violations }));
}

async function guards(parts: ConsoleRouteParts, inbound: Inbound): Promise<PageContent> {
  const { rows } = await ask<{ rows: InventoryRow[] }>(parts, inbound, { action: "guards.inventory" });
  return {
    title: "Guards",
    lead: "What stands before each action, at each entrance, in the order it is asked.",
    path: "/console/guards",
    body: guardPage(rows),
  };
}

function door({ edge, live, assets }: ConsoleRouteParts, inbound: Inbound): Response {
  const body = linkDoor({ action: inbound.url.pathname, csrfToken: edge.csrfToken(inbound) });
  return edge.page(inbound, doorPage({ ...files(assets), title: "Enter", head: live.head(inbound), body }));
}

function files(assets: StaticFiles): { readonly stylesheet: string; readonly icon: string } {
  return { stylesheet: assets.file("console.css").path, icon: assets.file("icon.svg").path };
}

function keyScript(assets: StaticFiles, { nonce }: Inbound): Html {
  return html`<script type="module" nonce="${nonce}" src="${assets.file("desk.js").path}"></script>`;
}

function locked({ edge, live, assets, signIn }: ConsoleRouteParts, inbound: Inbound, status = 401): Response {
  const body = lockedDoor(signIn?.startAt(inbound.url.pathname + inbound.url.search));
  const page = doorPage({ ...files(assets), title: "Sign in", head: live.head(inbound), body });
  return edge.page(inbound, page, { status });
}
