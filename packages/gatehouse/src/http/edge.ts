import type { Context, Handler, Hono } from "hono";
import type { Html } from "../html/html.ts";
import type { AnyAction } from "../kernel/action.ts";
import { Attachment } from "../kernel/attachment.ts";
import type { Denial, Outcome } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { answerAction, type ActionAnswerOptions, type ActionRouteOptions } from "./action-route.ts";
import type { AttemptOptions } from "./attempt-builder.ts";
import { EdgeAttempts, type ExpectedAttempt } from "./attempts.ts";
import { connectionOf } from "./connection.ts";
import { createCors, type Cors } from "./cors.ts";
import { createInboundParser, type Connection, type Inbound, type InboundParser } from "./inbound.ts";
import { MountedActions } from "./mounted-actions.ts";
import { denialOfError } from "./refusal.ts";
import { createRefusalRecorder, type RefusalRecorder, type RefuseOptions } from "./refusal-recorder.ts";
import type { EdgeParts } from "./edge-parts.ts";
import { arrivedWithoutCookies, returnPage } from "./return-page.ts";
import { allowedMethods, missing } from "./routing.ts";
import { createResponder, isSessionless, type PageOptions, type RespondOptions, type Responder } from "./responder.ts";
import { createSecurityHeaders } from "./security-headers.ts";
import { createSessionCookies } from "./session-cookie.ts";
import { SESSION_PRESETS, type SessionPreset } from "./session-preset.ts";
import type { EdgeSessions } from "./edge-sessions.ts";
import { createEdgeSessions } from "./sessions.ts";

/** A request handler in Web terms, the shape every adapter reduces to. */
export interface EdgeHandler {
  (request: Request, connection: Connection, bindings?: object): Promise<Response>;
  /** Called by whoever serves it before the last answers are awaited: ends those that have no end of their own. */
  stop?(): void;
}

/** The HTTP entrance: everything between a request and an attempt, and between an outcome and a response. */
export interface Edge {
  readonly sessions: EdgeSessions;
  /** Aborted when the server stops: answers without an end, such as event streams, end then. */
  readonly stopping: AbortSignal;
  /** The parsed form of a request; the same object whenever it is asked for. */
  inbound(request: Request, connection?: Connection): Inbound;
  /** The parsed form of the request a Hono handler serves. */
  of(context: Context): Inbound;
  /** Takes an attempt through the gate whose input is at hand. */
  perform(action: AnyAction | string, inbound: Inbound, input: unknown, options?: AttemptOptions): Promise<Outcome>;
  /** Takes an attempt through the gate whose body is not read unless the attempt is admitted. */
  receive(inbound: Inbound, expected: ExpectedAttempt): Promise<Outcome>;
  /** Answers an outcome as JSON, or as a problem document or page. */
  respond(inbound: Inbound, outcome: Outcome, options?: RespondOptions): Response;
  /** Answers a denial that is already recorded; people see the page that `frame` makes of it, or one of its own. */
  problem: Responder["problem"];
  /** Records a denial that happened before the gate, and answers it. `options` say what was attempted, and where. */
  refuse(inbound: Inbound, denial: Denial, options?: RefuseOptions): Response;
  json: Responder["json"];
  redirect: Responder["redirect"];
  /** Header fields for a response that another framework writes. */
  fields: Responder["fields"];
  page(inbound: Inbound, page: Html, options?: PageOptions): Response;
  /** A CSRF token for this visitor's session, which begins now where there is none. */
  csrfToken(inbound: Inbound): string;
  /** Runs an action for a request: the framework-neutral form of `action`. */
  answer(action: AnyAction, inbound: Inbound, options?: ActionAnswerOptions): Promise<Response>;
  /**
   * A Hono handler that runs an action: `app.post("/payments", edge.action(pay))`. A request throws a TypeError where
   * the gate does not know the action at this entrance; `misplaced` tells before.
   */
  action(action: AnyAction, options?: ActionRouteOptions): Handler;
  /** A Hono handler that runs an action for signed messages: `app.post("/webhooks/bank", edge.webhook(noted))`. */
  webhook(action: AnyAction, options?: Omit<ActionRouteOptions, "entrance">): Handler;
  /** Reasons not to start: routes of `action` and `webhook` whose action the gate does not know at their entrance. */
  misplaced(): readonly string[];
  /** Records the refusal of a connection on which no request could be read. */
  refuseConnection(connection: Connection, denial: Denial): void;
  /** Puts a Hono application behind the edge. */
  handler(app: Hono): EdgeHandler;
  /** Puts any fetch function behind the edge. */
  wrap(fetch: InnerFetch): EdgeHandler;
}

/** What lies behind the edge. `bindings` is what the server passes along: the Node request, for upgrades. */
export type InnerFetch = (request: Request, connection: Connection, bindings?: object) => Response | Promise<Response>;

/**
 * The HTTP entrance.
 * @throws {BootRefusedError} for unsafe cross-origin rules.
 * @throws {TypeError} for malformed origins, policy sources or features.
 */
export function createEdge(parts: EdgeParts): Edge {
  return new HttpEdge(parts);
}

class HttpEdge implements Edge {
  readonly sessions: EdgeSessions;
  readonly stopping: AbortSignal;
  readonly json: Responder["json"];
  readonly problem: Responder["problem"];
  readonly redirect: Responder["redirect"];
  readonly fields: Responder["fields"];
  readonly #parts: EdgeParts;
  readonly #parser: InboundParser;
  readonly #responder: Responder;
  readonly #cors: Cors;
  readonly #inbounds = new Attachment<Request, Inbound>();
  readonly #recorder: RefusalRecorder;
  readonly #sameSite: SessionPreset["sameSite"];
  readonly #mounted: MountedActions;
  readonly #attempts: EdgeAttempts;
  readonly #stop = new AbortController();

  constructor(parts: EdgeParts) {
    const { clock, random, keyRing } = parts;
    const preset = parts.session ?? SESSION_PRESETS.app;
    const cookies = createSessionCookies({ keyRing, random, clock, absolute: preset.absolute });
    this.#parts = parts;
    this.stopping = this.#stop.signal;
    this.#sameSite = preset.sameSite;
    this.#mounted = new MountedActions(parts.gate);
    this.#recorder = createRefusalRecorder(parts);
    this.sessions = createEdgeSessions({ ...parts, cookies, preset });
    this.#attempts = new EdgeAttempts({ gate: parts.gate, sessions: this.sessions, recorder: this.#recorder });
    this.#parser = createInboundParser({ ...parts, cookies, origins: parts.origins ?? [], stopping: this.stopping });
    const securityHeaders = createSecurityHeaders(parts.headers);
    const { problems: problemPages } = parts;
    const responder = createResponder({ clock, sessions: this.sessions, securityHeaders, problems: problemPages });
    this.#responder = responder;
    this.#cors = createCors(parts.cors ?? []);
    this.problem = (inbound, denial, frame) => responder.problem(inbound, denial, frame);
    this.json = (inbound, value, options) => responder.json(inbound, value, options);
    this.fields = (inbound, kind) => responder.fields(inbound, kind);
    this.redirect = (inbound, location, status) => responder.redirect(inbound, location, status);
  }

  inbound(request: Request, connection?: Connection): Inbound {
    const known = this.#inbounds.get(request);
    if (known !== undefined) return known;
    if (connection === undefined)
      throw new TypeError("The request did not come through the edge; pass its connection.");
    const inbound = this.#parser.parse(request, connection);
    this.#inbounds.set(request, inbound);
    return inbound;
  }

  of(context: Context): Inbound {
    return this.#inbounds.get(context.req.raw) ?? this.inbound(context.req.raw, connectionOf(context.env));
  }

  // oxlint-disable-next-line eslint/max-params -- subject, request, input: the options are the fourth by nature
  perform(
    action: AnyAction | string,
    inbound: Inbound,
    input: unknown,
    options: AttemptOptions = {},
  ): Promise<Outcome> {
    return this.#attempts.perform(action, inbound, { ...options, input });
  }

  receive(inbound: Inbound, expected: ExpectedAttempt): Promise<Outcome> {
    return this.#attempts.receive(inbound, expected);
  }

  respond(inbound: Inbound, outcome: Outcome, options: RespondOptions = {}): Response {
    if (!outcome.ok) return this.problem(inbound, outcome);
    const csrfToken = options.csrfToken ?? this.#nextToken(inbound);
    return this.#responder.success(inbound, outcome, { ...options, csrfToken });
  }

  refuse(inbound: Inbound, denial: Denial, options: RefuseOptions = {}): Response {
    this.#recorder.request(inbound, denial, options);
    return this.problem(inbound, denial, options.frame);
  }

  refuseConnection(connection: Connection, denial: Denial): void {
    this.#recorder.connection(connection, denial);
  }

  page(inbound: Inbound, page: Html, options: PageOptions = {}): Response {
    if (options.cache === undefined && isSessionless(inbound)) this.#recorder.sessionless(inbound);
    return this.#responder.page(inbound, page, options);
  }

  csrfToken(inbound: Inbound): string {
    return this.#parts.csrfTokens.issue(this.sessions.ensure(inbound));
  }

  answer(action: AnyAction, inbound: Inbound, options: ActionAnswerOptions = {}): Promise<Response> {
    return answerAction(this, { action, inbound }, options);
  }

  action(action: AnyAction, options: ActionRouteOptions = {}): Handler {
    const check = this.#mounted.add(action, options.entrance ?? "http");
    return (context) => {
      check();
      return this.answer(action, this.of(context), { ...options, parameters: context.req.param() });
    };
  }

  webhook(action: AnyAction, options: ActionRouteOptions = {}): Handler {
    return this.action(action, { ...options, entrance: "webhook" });
  }

  misplaced(): readonly string[] {
    return this.#mounted.faults();
  }

  handler(app: Hono): EdgeHandler {
    app.notFound((context) => {
      const inbound = this.of(context);
      const methods = allowedMethods(app, inbound.url.pathname);
      if (methods.length === 0) return this.refuse(inbound, missing(app, inbound));
      const allow = methods.join(", ");
      if (inbound.method === "OPTIONS") return this.json(inbound, undefined, { headers: { allow } });
      const response = this.refuse(inbound, missing(app, inbound, problems.METHOD_NOT_ALLOWED));
      response.headers.set("allow", allow);
      return response;
    });
    app.onError((error, context) => this.#fail(this.of(context), error));
    return this.wrap((request, connection, bindings) => app.fetch(request, { ...bindings, connection }));
  }

  wrap(fetch: InnerFetch): EdgeHandler {
    const { timings } = this.#parts;
    const respond = async (request: Request, connection: Connection, bindings?: object): Promise<Response> => {
      const inbound = this.inbound(request, connection);
      const response = this.#keepSession(
        inbound,
        await this.#serve(inbound, () => fetch(request, connection, bindings)),
      );
      const fields = this.#cors.headers(inbound.url.pathname, request.headers.get("origin"));
      for (const [name, value] of Object.entries(fields ?? {})) {
        if (name === "vary") response.headers.append(name, value);
        else response.headers.set(name, value);
      }
      return response;
    };
    const handle: EdgeHandler = (request, connection, bindings) =>
      timings === undefined
        ? respond(request, connection, bindings)
        : timings.answer(() => respond(request, connection, bindings));
    return Object.assign(handle, { stop: () => this.#stop.abort() });
  }

  async #serve(inbound: Inbound, fetch: () => Response | Promise<Response>): Promise<Response> {
    if (inbound.refusal !== undefined) return this.refuse(inbound, inbound.refusal);
    if (inbound.method === "OPTIONS") {
      const preflight = this.#cors.preflight(inbound.url.pathname, inbound.request);
      if (preflight !== undefined) return this.json(inbound, undefined, { headers: preflight });
    }
    try {
      return this.#responder.complete(inbound, await fetch());
    } catch (error) {
      return this.#fail(inbound, error);
    }
  }

  #keepSession(inbound: Inbound, response: Response): Response {
    const begins = this.sessions.begins(inbound);
    if (!begins || this.#sameSite !== "strict" || !arrivedWithoutCookies(inbound)) return response;
    this.sessions.withhold(inbound);
    return this.#responder.page(inbound, returnPage(inbound));
  }

  #fail(inbound: Inbound, error: unknown): Response {
    this.#parts.report(error, inbound);
    return this.refuse(inbound, denialOfError(error));
  }

  #nextToken(inbound: Inbound): string | undefined {
    if (inbound.method === "GET" || this.sessions.current(inbound) === undefined) return undefined;
    return this.csrfToken(inbound);
  }
}
