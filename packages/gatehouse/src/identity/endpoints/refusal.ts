import { z } from "zod";
import type { EventDefinition } from "../../kernel/event.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Problem } from "../../kernel/problem.ts";
import { problems } from "../../kernel/problems.ts";
import type { EngineAnswer } from "../engine/engine-call.ts";
import { identityEvents } from "../events.ts";
import { oauthProblems } from "../problems.ts";

const ErrorDocument = z.object({ error: z.string().max(100), error_description: z.string().optional() });

const REFUSALS: Readonly<Record<string, readonly [Problem, EventDefinition]>> = {
  invalid_client: [oauthProblems.OAUTH_CLIENT_REFUSED, identityEvents.oauth_client_authn_fail],
  invalid_grant: [oauthProblems.OAUTH_GRANT_REFUSED, identityEvents.oauth_grant_refused],
  invalid_token: [oauthProblems.OAUTH_TOKEN_REFUSED, identityEvents.oauth_grant_refused],
  invalid_scope: [oauthProblems.OAUTH_SCOPE_REFUSED, identityEvents.oauth_request_refused],
  authorization_pending: [oauthProblems.OAUTH_PENDING, identityEvents.oauth_request_refused],
  slow_down: [oauthProblems.OAUTH_PENDING, identityEvents.oauth_request_refused],
};

/** The denial that an engine's answer is, with the answer itself for the entrance to give; `undefined` for a success. */
export function denialOf(answer: EngineAnswer): Denial | undefined {
  if (answer.status < 400) return undefined;
  if (answer.status >= 500) return deny(problems.INTERNAL_ERROR);
  const error = errorOf(answer);
  const [problem, event] = REFUSALS[error] ?? [
    oauthProblems.OAUTH_REQUEST_REFUSED,
    identityEvents.oauth_request_refused,
  ];
  return deny(problem, { event, context: { error, status: answer.status }, extensions: { answer } });
}

/** The engine's own answer of a denial, which has headers that the protocol asks for. */
export function answerOf({ extensions }: Denial): EngineAnswer | undefined {
  // Put there by `denialOf` alone: no other denial of this entrance's actions has extensions.
  return extensions?.["answer"] as EngineAnswer | undefined;
}

function errorOf({ body, headers }: EngineAnswer): string {
  const parsed = ErrorDocument.safeParse(parse(body));
  if (parsed.success) return parsed.data.error;
  return /error="([a-z_]+)"/.exec(headers.get("www-authenticate") ?? "")?.[1] ?? "unnamed";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
