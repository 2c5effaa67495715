import { createHash } from "node:crypto";
import { Hono } from "hono";
import type { Html } from "../html/html.ts";
import type { Carried } from "../http/attempts.ts";
import type { Edge } from "../http/edge.ts";
import { cutterOf } from "../http/connection.ts";
import { answerCsrfRefresh } from "../http/csrf-refresh.ts";
import type { Inbound } from "../http/inbound.ts";
import { referringPage } from "../http/referring-page.ts";
import { isDenial, type Denial, type IdempotencyInfo, type Success } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { ACTION_PATH, type RefusedForm } from "./act.ts";
import { clientScripts, type ClientBundle } from "./client-bundle.ts";
import { createCall } from "./call.ts";
import type { ComponentId } from "./component-id.ts";
import { elementsIn } from "./content.ts";
import { patchBetween, type ContentPatch } from "./content-patch.ts";
import { LOAD, type LoadCall, type LoadResult } from "./load-action.ts";
import { withPageState } from "./page-state.ts";
import { liveProblems } from "./problems.ts";
import { openStream, STREAM_PATH, type StreamRouteParts } from "./push/stream-route.ts";
import { beforeOf, fragmentsOf, type ComponentUpdate, type LiveResult } from "./result.ts";
import { contentOf } from "./upload-parameters.ts";
import { answerUpload, readFormWithFiles, UPLOAD_PATH, type UploadWireParts } from "./upload-wire.ts";
import { readLiveRequest, readLoadRequest, type LiveRequest } from "./wire.ts";

/** Where a security token for this session is had. */
const REFRESH_PATH = "/api/csrf/refresh";

/** Where components are loaded, and looked at anew. */
const LOAD_PATH = "/api/livecomponents/load";

/** For what has its contents in its name. */
const FOR_GOOD = {
  "content-type": "text/javascript; charset=utf-8",
  "cache-control": "public, max-age=31536000, immutable",
};

/** A form that was refused, and what the page it came from knew. */
export interface RefusedPage extends RefusedForm {
  readonly seed: string | undefined;
  readonly back: string | undefined;
}

/** What the routes are built from. */
export interface RouteParts extends UploadWireParts, StreamRouteParts {
  readonly edge: Edge;
  readonly client: ClientBundle;
  /** Whether there is a component of this name, with this action. */
  has(component: string, action?: string): boolean;
  /** The page that shows a refused form to a browser without scripts; a denial where its props are lost. */
  refused(id: ComponentId, inbound: Inbound, refused: RefusedPage): Promise<Html | Denial>;
}

/** The routes of live components. */
export function liveRoutes(pages: RouteParts): Hono {
  const { edge, client } = pages;
  const app = new Hono();
  app.post(ACTION_PATH, (context) => act(pages, edge.of(context)));
  app.post(UPLOAD_PATH, (context) => answerUpload(pages, edge.of(context)));
  app.post(LOAD_PATH, (context) => load(edge, edge.of(context)));
  app.get(REFRESH_PATH, (context) => answerCsrfRefresh(edge, edge.of(context)));
  app.post(STREAM_PATH, (context) => openStream(pages, edge.of(context), cutterOf(context.env)));
  for (const [path, source] of clientScripts(client)) app.get(path, () => new Response(source, { headers: FOR_GOOD }));
  return app;
}

async function act(pages: RouteParts, inbound: Inbound): Promise<Response> {
  const { edge } = pages;
  const understood: { request?: LiveRequest } = {};
  // The body names the component and its action: the address is admitted before either is known.
  const outcome = await edge.receive(inbound, {
    entrance: "live",
    read: async () => {
      const { body, files } = await readFormWithFiles(pages, inbound);
      const request = isDenial(body) ? body : readLiveRequest(body, files);
      if (isDenial(request)) return request;
      understood.request = request;
      return carriedBy(pages, request);
    },
  });
  const { request } = understood;
  if (request === undefined) return edge.respond(inbound, outcome);
  if (!outcome.ok) return refuse(pages, inbound, { request, denial: outcome });
  // What succeeds at the live entrance is the result of a component's action.
  const success = outcome as Success<LiveResult>;
  if (request.form !== undefined) {
    const { effects, seed } = success.value;
    const page = request.form.back ?? "/";
    const target = seed === undefined ? page : withPageState(page, { id: request.id, seed });
    return edge.redirect(inbound, effects?.redirect ?? target);
  }
  const token = edge.csrfToken(inbound);
  return edge.respond(inbound, success, { csrfToken: token, body: () => answer(success, token, request) });
}

function carriedBy(pages: RouteParts, request: LiveRequest): Carried {
  const { id, params, basis, csrfToken } = request;
  // Other actions of the entrance are not the browser's to name, whatever they are called.
  const action = pages.has(id.component, request.action) ? request.action : `${request.action}?`;
  const value = createCall({ instance: id.instance, params }, basis);
  return { action: `${id.component}.${action}`, value, csrfToken, idempotencyKey: keyOf(request) };
}

/**
 * The key of an attempt. A form sent without scripts carries the key it was rendered with; going back and
 * sending something else with it is a new intent, sending the same again is not.
 */
function keyOf({ idempotencyKey, form, params, basis }: LiveRequest): string | undefined {
  if (form === undefined || idempotencyKey === undefined) return idempotencyKey;
  // A file that is sent again is the same by its content; what stands for it here is new each time.
  const known = (_name: string, value: unknown): unknown =>
    (typeof value === "string" ? contentOf(basis.files?.received.get(value)) : undefined) ?? value;
  return `${idempotencyKey}.${createHash("sha256").update(JSON.stringify(params, known)).digest("base64url").slice(0, 16)}`;
}

async function load(edge: Edge, inbound: Inbound): Promise<Response> {
  const outcome = await edge.receive(inbound, {
    action: LOAD,
    entrance: "live",
    passive: true,
    read: async () => {
      const body = await inbound.body();
      const request = isDenial(body) ? body : readLoadRequest(body);
      if (isDenial(request)) return request;
      const value: LoadCall = { components: request.components, back: referringPage(inbound) ?? "/" };
      return { value, csrfToken: request.csrfToken, idempotencyKey: undefined };
    },
  });
  if (!outcome.ok) return edge.problem(inbound, outcome);
  // What succeeds under this name is the result of the action that loads.
  const success = outcome as Success<LoadResult>;
  const token = edge.csrfToken(inbound);
  return edge.respond(inbound, success, { csrfToken: token, body: () => loadAnswer(success.value, token) });
}

function answer(
  { value, idempotency }: Success<LiveResult>,
  token: string,
  { seq }: LiveRequest,
): Readonly<Record<string, unknown>> {
  const { components } = value;
  return {
    ...wireUpdate(value),
    ...(components === undefined ? {} : { components: components.map(wireUpdate) }),
    csrf_token: token,
    ...(idempotency === undefined ? {} : { idempotency: wireInfo(idempotency) }),
    ...(seq === undefined ? {} : { seq }),
  };
}

function loadAnswer({ components }: LoadResult, token: string): Readonly<Record<string, unknown>> {
  return {
    components: components.map((loaded) => ("html" in loaded ? wireUpdate(loaded) : loaded)),
    csrf_token: token,
  };
}

/** An update as it is sent: the content whole, what changes in the content its caller has, or the parts it asked for. */
function wireUpdate<Update extends ComponentUpdate>(
  update: Update,
):
  | Update
  | (Omit<Update, "html"> & { readonly patch: ContentPatch })
  | (Omit<Update, "html" | "content_tag" | "children"> & { readonly fragments: Readonly<Record<string, string>> }) {
  const fragments = fragmentsOf(update);
  if (fragments !== undefined) {
    const { html: _content, content_tag: _tag, children = {}, ...rest } = update;
    const inside = elementsIn(Object.values(fragments), children);
    return { ...rest, fragments, ...(Object.keys(inside).length === 0 ? {} : { children: inside }) };
  }
  const before = beforeOf(update);
  const patch = before === undefined ? undefined : patchBetween(before, update.html);
  if (patch === undefined) return update;
  const { html: _whole, ...rest } = update;
  return { ...rest, patch };
}

function wireInfo({ key, cached, ttl, createdAt }: IdempotencyInfo): Readonly<Record<string, unknown>> {
  return { key, cached, ttl, created_at: createdAt };
}

async function refuse(
  pages: RouteParts,
  inbound: Inbound,
  { request, denial }: { readonly request: LiveRequest; readonly denial: Denial },
): Promise<Response> {
  const { edge } = pages;
  if (!pages.has(request.id.component)) return edge.problem(inbound, { ...denial, problem: unknownComponent(denial) });
  if (request.form === undefined || denial.problem !== problems.VALIDATION_ERROR) return edge.problem(inbound, denial);
  const { id, action, params, basis } = request;
  const page = await pages.refused(id, inbound, {
    action,
    // `readLiveRequest` accepts no other parameters than objects.
    values: params as Readonly<Record<string, unknown>>,
    violations: denial.violations ?? [],
    seed: basis.seed,
    back: request.form.back,
  });
  if ("problem" in page) return edge.problem(inbound, page);
  return edge.page(inbound, page, { status: denial.problem.status });
}

function unknownComponent({ problem }: Denial): Denial["problem"] {
  return problem === problems.ACTION_NOT_FOUND ? liveProblems.COMPONENT_NOT_FOUND : problem;
}
