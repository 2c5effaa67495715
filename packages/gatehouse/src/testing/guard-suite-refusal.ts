import assert from "node:assert/strict";
import type { Actor, SecurityEvent } from "../kernel/event.ts";
import { problems } from "../kernel/problems.ts";
import type { EntranceHarness, EntranceUnderTest, SuiteAnswer, SuiteRequest } from "./guard-suite-entrance.ts";
import type { SuiteStage } from "./guard-suite-actions.ts";

/** What the parts of the suite work with. */
export interface Suite {
  readonly under: EntranceUnderTest;
  readonly harness: () => EntranceHarness;
  /** Sends an attempt; by default one of ada's that everything about it is right. */
  readonly send: (more?: Partial<SuiteRequest>) => Promise<SuiteAnswer>;
  readonly actions: SuiteStage;
  /** The address attempts come from unless they say otherwise. */
  readonly address: string;
}

/** Refusals that come before anybody is known: the actor of their events is a stranger. */
const BEFORE_ANYBODY_IS_KNOWN: ReadonlySet<string> = new Set([
  "SOURCE_BANNED",
  "ORIGIN_REFUSED",
  "CSRF_TOKEN_INVALID",
  "SIGNATURE_INVALID",
  "SESSION_EXPIRED",
  "CREDENTIAL_INVALID",
  "AUTHENTICATION_REQUIRED",
  "MALFORMED_REQUEST",
  "PAYLOAD_TOO_LARGE",
]);

/** Whom events name for a caller who is known. */
export function actorOf({ under }: Suite, caller: SuiteRequest["as"]): Pick<Actor, "type" | "id"> {
  if (caller === "stranger") return { type: "anonymous", id: "-" };
  return { type: under.provenance === "signed" ? "client" : "user", id: caller };
}

/** Refusals of attempts whose body is not read. */
const BEFORE_THE_BODY_IS_READ: ReadonlySet<string> = new Set(["SOURCE_BANNED", "PAYLOAD_TOO_LARGE"]);

/** Refusals by which no connection is opened. */
const OPENING_NOTHING: ReadonlySet<string> = new Set(["SOURCE_BANNED", "ORIGIN_REFUSED", "CREDENTIAL_INVALID"]);

/** What is expected of a refusal besides its code. */
export interface Refusal {
  /** Default `denied`; `error` for what is nobody's fault but the server's. */
  readonly outcome?: SecurityEvent["outcome"];
  /** Whether the action has begun to run. Default: it must not. */
  readonly ran?: boolean;
  /** Whether it is refused once its body has been read, although others of its code are before. */
  readonly afterTheBody?: boolean;
  /** Whether it comes over a connection that is open already. */
  readonly connected?: boolean;
}

/**
 * Sends an attempt that must be refused with a code. It must run nothing, and leave exactly one event: who, what,
 * whence, which request.
 */
export async function refused(
  suite: Suite,
  code: string,
  more: Partial<SuiteRequest> & Refusal = {},
): Promise<SuiteAnswer> {
  const { outcome = "denied", ran = false, afterTheBody = false, connected = false, ...request } = more;
  const { harness, send, actions, under } = suite;
  const runs = actions.runs.length;
  const before = harness().events.length;
  const answer = await send(request);
  assert.equal(answer.code, code, answer.text);
  if (!ran) assert.equal(actions.runs.length, runs, "the action ran");
  const denials = harness()
    .events.slice(before)
    .filter((event) => event.outcome !== "success");
  assert.equal(denials.length, 1, JSON.stringify(denials));
  const [event] = denials;
  assert.ok(event !== undefined);
  assert.deepEqual([event.problem, event.outcome], [code, outcome]);
  const { as = "ada", action = "suite.change" } = request;
  expectSource(suite, event, { answer, request });
  const known = !BEFORE_ANYBODY_IS_KNOWN.has(code);
  const { type, id } = event.actor;
  assert.deepEqual({ type, id }, known ? actorOf(suite, as) : { type: "anonymous", id: "-" });
  // What a body is meant for that is not read cannot be said at an entrance where the body says it.
  const unnamed =
    under.entrance === "live" && under.wire !== false && !afterTheBody && BEFORE_THE_BODY_IS_READ.has(code);
  const unopened = OPENING_NOTHING.has(code) && !connected ? under.opening : undefined;
  assert.equal(event.action, unopened ?? (unnamed ? "live.request" : action));
  return answer;
}

/** Sends an attempt at something that does not exist, or not here; its event cannot name it as declared. */
export async function refusedUnknown(suite: Suite, code: string, action: string): Promise<void> {
  const { harness, send, actions } = suite;
  const answer = await send({ action });
  assert.equal(answer.code, code, answer.text);
  assert.deepEqual(actions.runs, [], "the action ran");
  const denials = harness().events.filter(({ outcome }) => outcome === "denied");
  assert.deepEqual(
    denials.map(({ problem }) => problem),
    [code],
  );
}

/** Asserts that an event tells where an attempt came from and which request it was. */
export function expectSource(
  { under, address }: Suite,
  event: SecurityEvent,
  { answer, request }: { readonly answer: SuiteAnswer; readonly request: Partial<SuiteRequest> },
): void {
  assert.equal(event.source.entrance, under.entrance);
  assert.equal(event.source.ip, request.ip ?? address);
  assert.notEqual(event.requestId, "");
  const told = under.wire === "http" || (under.wire === "frames" && answer.code !== undefined);
  if (told) assert.equal(event.requestId, answer.requestId);
}

/** Asserts that an attempt succeeded. */
export async function admitted(answer: Promise<SuiteAnswer>): Promise<SuiteAnswer> {
  const settled = await answer;
  assert.equal(settled.code, undefined, settled.text);
  return settled;
}

/** Sends an attempt that must be admitted, and executed just now. */
export function executed(suite: Suite, more?: Partial<SuiteRequest>): Promise<SuiteAnswer> {
  return repeated(suite, more, { cached: false });
}

/** Sends an attempt that must be answered with a stored result, and executed no more. */
export function replayed(suite: Suite, more?: Partial<SuiteRequest>): Promise<SuiteAnswer> {
  return repeated(suite, more, { cached: true });
}

async function repeated(
  { send, actions, under }: Suite,
  more: Partial<SuiteRequest> | undefined,
  { cached }: { readonly cached: boolean },
): Promise<SuiteAnswer> {
  const runs = actions.runs.length;
  const answer = await admitted(send(more));
  assert.equal(actions.runs.length, cached ? runs : runs + 1);
  if (under.tellsReplay !== false) assert.equal(answer.cached, cached, answer.text);
  return answer;
}

/** Whether browsers come to the entrance, with cookies that pages of other sites may make them send. */
export function isForBrowsers({ provenance }: EntranceUnderTest): boolean {
  return provenance === "browser" || provenance === "connection";
}

/** The message of a problem, as callers are told it. */
export function messageOf(code: keyof typeof problems): string {
  return problems[code].message;
}

/** The members of a problem document. */
export function documentOf({ text }: SuiteAnswer): Readonly<Record<string, unknown>> {
  // Problems are JSON objects; each member is compared before it is used.
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
