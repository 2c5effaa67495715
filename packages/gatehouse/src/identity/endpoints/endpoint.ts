import type { Context, Handler } from "hono";
import { z } from "zod";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { defineAction, Unchanged, type ActionContext, type AnyAction, type LimitPolicy } from "../../kernel/action.ts";
import { describe } from "../../kernel/attempt-event.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import type { Ids } from "../../kernel/ids.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import { tokenFingerprint } from "../../kernel/token-fingerprint.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { OAuthGrants } from "../../kernel/ports/oauth-grants.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { OAUTH_PATHS } from "../engine/configuration.ts";
import { callEngine, type EngineAnswer, type EngineRequest } from "../engine/engine-call.ts";
import { isSigned } from "../engine/jwt-access-token.ts";
import type { IssuerEngine } from "../engine/provider.ts";
import { GrantWatch, type GrantNote } from "../grants/grant-watch.ts";
import type { GrantPolicy } from "../grants/policy.ts";
import { Requester, type RecogniseDevice } from "../grants/requester.ts";
import type { Issuers } from "../issuers.ts";
import { UnitOfWork, type Presented } from "../engine/unit-of-work.ts";
import { identityEvents } from "../events.ts";
import { oauthProblems } from "../problems.ts";
import type { KeyUses } from "../keys/key-uses.ts";
import { claimedClientOf } from "./claimed-client.ts";
import type { CorsReach } from "./cors.ts";
import { keptAnswer, repeatAnswer } from "./lost-answer.ts";
import { Parameters, parametersOf } from "./parameters.ts";
import { ProvenLimits, type ProvenLimit, type ProvenLimitsParts } from "./proven-limit.ts";
import { denialOf } from "./refusal.ts";
import { responseOf, type EndpointAnswer } from "./response.ts";
import { signersOf } from "./signers.ts";

/** What endpoints need of their surroundings. */
export interface EndpointParts extends ProvenLimitsParts {
  readonly edge: Edge;
  readonly store: Store;
  readonly artifacts: OAuthArtifacts;
  readonly issuers: Issuers;
  /** Milliseconds in which a refresh token that was used up is answered as the first time. */
  readonly grace: number;
  /** Makes pages of answers that people are to see. */
  readonly showAnswer: (inbound: Inbound, answer: Response) => Promise<Response>;
  readonly grants: OAuthGrants;
  /** What a client's refresh tokens may do when they are used from elsewhere. */
  readonly grantPolicyOf: (client: string) => GrantPolicy;
  readonly recogniseDevice: RecogniseDevice;
  readonly events: EventStream;
  readonly ids: Ids;
  /** Counts what signing keys are used for. Default: nobody does. */
  readonly keyUses?: KeyUses;
}

/** One endpoint of the protocol. */
export interface EndpointDescription {
  /** The action's name. */
  readonly name: string;
  readonly limits: readonly LimitPolicy[];
  readonly event: EventDefinition;
  /** Counted besides the others, once it is known who calls. */
  readonly proven?: ProvenLimit | undefined;
  /** Whose pages may read the answers. */
  readonly reach: CorsReach;
  /** Whether clients come into being here. */
  readonly registers?: boolean | undefined;
}

/** An endpoint: what is attempted there, and what answers requests. */
export interface Endpoint {
  readonly action: AnyAction;
  readonly handler: Handler;
}

/** An endpoint as an action: the engine answers in its preparation, and what it has changed is committed as its run. */
export function createEndpoint(parts: EndpointParts, description: EndpointDescription): Endpoint {
  const { name, limits, event, proven, registers = false } = description;
  const counted = new ProvenLimits(parts);
  const revoked = ({ token }: Readonly<Record<string, unknown>>) =>
    event === identityEvents.oauth_token_revoked && typeof token === "string"
      ? { fingerprint: tokenFingerprint(parts.keyRing, token) }
      : {};
  const action = defineAction({
    name,
    entrances: ["oauth"],
    effects: "store",
    authorise: "public",
    idempotency: false,
    limits,
    input: EndpointInput,
    audit: {
      event,
      context: ({ parameters }, { facts }: EndpointAnswer) => ({
        ...contextOf(parameters),
        ...revoked(parameters),
        ...facts,
      }),
    },
    prepare: async ({ attempt, input, read }) => {
      const { issuers, artifacts, clock, grace, grants, grantPolicyOf: policyOf, recogniseDevice: recognise } = parts;
      if (registers && parts.emergency?.isOn("registrations-closed") === true) {
        return deny(oauthProblems.OAUTH_REGISTRATION_CLOSED, { event: identityEvents.oauth_request_refused });
      }
      await issuers.ready();
      await takeOverKeys(issuers, input);
      const { codec, engine } = issuers.of(attempt.tenant);
      const requester = await Requester.of(input.request, { codec, recognise });
      const watch = new GrantWatch({ codec, grants, read, policyOf, requester, action: name });
      const visitor = attempt.peer.ip;
      const work = new UnitOfWork({ codec, artifacts, read, grace, now: () => clock.now(), witness: watch, visitor });
      const asked = await ask(parts, engine, { input, work, watch });
      if (isDenial(asked)) return asked;
      const states = proven === undefined ? [] : await counted.take(attempt, work.proven, proven);
      if (isDenial(states)) return states;
      const answer = { answer: asked.answer, limits: states };
      return asked.made?.work.readsOnly === true ? new Unchanged(answer) : { answer, made: asked.made };
    },
    run: async ({ attempt, principal, prepared: { answer, made }, transaction }) => {
      if (made === undefined) return answer;
      await made.work.commit(transaction);
      transaction.afterCommit(() => tell(parts, { attempt, principal }, made.watch.notes));
      return { ...answer, facts: made.watch.facts };
    },
  });
  const handler = (context: Context) => answerEndpoint(parts, { action, description }, parts.edge.of(context));
  return { action, handler };
}

const EndpointInput = z.object({ request: z.custom<EngineRequest>(), parameters: Parameters });
type EndpointInput = z.infer<typeof EndpointInput>;

/** What one call of the engine makes. */
interface Made {
  readonly work: UnitOfWork;
  readonly watch: GrantWatch;
}

interface Asked {
  readonly answer: EngineAnswer;
  /** Absent where the answer is that of the first time. */
  readonly made: Made | undefined;
}

/** Takes the keys as they are at this moment where they are asked for, or a text has come that others may have signed. */
async function takeOverKeys(issuers: Issuers, { request, parameters }: EndpointInput): Promise<void> {
  if (request.url.pathname === OAUTH_PATHS.jwks) await issuers.refresh();
  const { token, id_token_hint: hint } = parameters;
  for (const text of [token, hint]) if (typeof text === "string") await issuers.meet(text);
}

async function ask(
  { store, clock, keyUses }: EndpointParts,
  engine: IssuerEngine,
  { input, work, watch }: Made & { readonly input: EndpointInput },
): Promise<Asked | Denial> {
  const { parameters } = input;
  const request = await recogniseSigned(engine, input, { work, keyUses });
  work.presented = presentedIn(input);
  const answer = await engine.within(work, () => callEngine(engine.listener, request));
  // An exception is a bug or an outage, which the gate tells apart.
  if (work.failure !== undefined) throw work.failure;
  const repeated = repeatAnswer(work.repeated, { parameters, now: clock.now() });
  if (repeated !== undefined) {
    // Proofs and assertions are good once, whatever they led to.
    if (work.changes) await store.write((transaction) => work.commitRefused(transaction));
    return { answer: repeated, made: undefined };
  }
  for (const kid of signersOf(answer)) keyUses?.signed(kid);
  const denial = denialOf(answer);
  if (denial === undefined) {
    work.keepAnswer(() => keptAnswer(answer, { parameters, now: clock.now() }));
    return { answer, made: { work, watch } };
  }
  // What a refusal changes has to last: a code that comes a second time takes its tokens with it.
  if (work.changes) await store.write((transaction) => work.commitRefused(transaction));
  const { refusal } = watch;
  if (refusal === undefined) return denial;
  return { ...denial, event: refusal.event, context: { ...denial.context, ...refusal.context } };
}

/** Events leave once what they speak of is durable. */
function tell(
  parts: EndpointParts,
  by: Pick<ActionContext<unknown>, "attempt" | "principal">,
  notes: readonly GrantNote[],
): void {
  for (const { event: definition, context } of notes) {
    const details = { definition, context, principal: by.principal, outcome: "success" } as const;
    parts.events.emit(describe(parts, by.attempt, details));
  }
}

/** What a call is to be compared with: an assertion, or the secret of a client that changes its registration. */
function presentedIn({ request, parameters }: EndpointInput): Presented {
  const { client_assertion: assertion } = parameters;
  if (typeof assertion === "string") return { assertion };
  if (request.method !== "PUT" || request.body === undefined) return {};
  const { success, data } = ClientUpdate.safeParse(jsonOf(request.body));
  return success ? data : {};
}

const ClientUpdate = z.object({ client_secret: z.string() }).transform(({ client_secret: secret }) => ({ secret }));

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** Under which nothing is ever found. */
const NOBODYS = "-";

/**
 * A token that is a signed text is handed on by its identifier, under which the engine can find it; one that is not
 * ours, or has been tampered with, by one under which it finds nothing.
 */
async function recogniseSigned(
  { identifySigned }: IssuerEngine,
  { request, parameters }: EndpointInput,
  { work, keyUses }: { readonly work: UnitOfWork; readonly keyUses: KeyUses | undefined },
): Promise<EngineRequest> {
  const { token } = parameters;
  if (typeof token !== "string" || request.method !== "POST" || !isSigned(token)) return request;
  const form = new URLSearchParams(new TextDecoder().decode(request.body));
  // One that is there twice is for the engine to refuse.
  if (form.getAll("token").length > 1) return request;
  const mark = await identifySigned(token);
  if (mark !== undefined) work.admitSigned(mark.id);
  if (mark?.kid !== undefined) keyUses?.seen(mark.kid);
  form.set("token", mark?.id ?? NOBODYS);
  return { ...request, body: new TextEncoder().encode(form.toString()) };
}

function contextOf({ client_id: client, grant_type: grantType }: Readonly<Record<string, unknown>>) {
  return {
    ...(typeof client === "string" ? { client } : {}),
    ...(typeof grantType === "string" ? { grantType: grantType.slice(0, 100) } : {}),
  };
}

async function answerEndpoint(
  parts: EndpointParts,
  { action, description }: { readonly action: AnyAction; readonly description: EndpointDescription },
  inbound: Inbound,
): Promise<Response> {
  const outcome = await parts.edge.receive(inbound, {
    action,
    entrance: "oauth",
    read: async () => {
      const bytes = await inbound.bytes();
      if (isDenial(bytes)) return bytes;
      const origin = parts.issuers.originOf(inbound.tenant);
      const { method, url, peer } = inbound;
      const { headers } = inbound.request;
      const body = bytes.byteLength === 0 ? undefined : bytes;
      const target = new URL(`${url.pathname}${url.search}`, origin);
      // The engine would have a script send it on; our page shows it in its field.
      if (method === "GET") target.searchParams.delete("user_code");
      const isForm = inbound.contentType?.essence === "application/x-www-form-urlencoded";
      const fields = isForm ? new URLSearchParams(new TextDecoder().decode(bytes)) : url.searchParams;
      const parameters = parametersOf(fields);
      const value = { request: { method, url: target, headers, body, ip: peer.ip }, parameters };
      return { value, claimedClient: claimedClientOf(headers, parameters) };
    },
  });
  const origin = inbound.request.headers.get("origin");
  const response = responseOf(outcome, { now: parts.clock.now(), reach: description.reach, origin });
  const maxAge = inbound.url.pathname === OAUTH_PATHS.jwks && outcome.ok ? parts.issuers.keysMaxAge : undefined;
  if (maxAge !== undefined) response.headers.set("cache-control", `public, max-age=${maxAge}`);
  return parts.showAnswer(inbound, response);
}
