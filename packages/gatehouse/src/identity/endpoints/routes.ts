import { Hono } from "hono";
import type { AnyAction, LimitPolicy, LimitSubject } from "../../kernel/action.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import { OAUTH_PATHS } from "../engine/configuration.ts";
import { identityEvents } from "../events.ts";
import { preflightAnswer, type CorsReach } from "./cors.ts";
import type { ProvenLimit } from "./proven-limit.ts";
import { createEndpoint, type EndpointParts } from "./endpoint.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BY_ADDRESS = ["ip"] as const;
const BY_CLIENT = ["ip", "claimed-client"] as const;
const { oauth_token_revoked: REVOKED } = identityEvents;
const { oauth_answered: ANSWERED, oauth_token_issued: ISSUED, oauth_client_registered: REGISTERED } = identityEvents;
const { oauth_client_changed: CHANGED, oauth_client_removed: REMOVED } = identityEvents;

/** An endpoint: its action, who may ask how often, and where. */
interface EndpointEntry {
  readonly name: string;
  readonly limit: number;
  /** Milliseconds. Default: a minute. */
  readonly window?: number;
  readonly by: readonly LimitSubject[];
  /** Gives back what a call that succeeds has taken: for those who are counted again, by who they are. */
  readonly refund?: "success";
  /** Counted besides, a minute at a time, once it is known who calls. */
  readonly proven?: { readonly by: ProvenLimit["by"]; readonly limit: number };
  readonly event?: EventDefinition;
  /** Whose pages may read the answers. Default: nobody's. */
  readonly reach?: CorsReach;
  readonly registers?: true;
  readonly routes: readonly (readonly [method: "GET" | "POST" | "PUT" | "DELETE", path: string])[];
}

const PATHS = OAUTH_PATHS;
const ENDPOINTS: readonly EndpointEntry[] = [
  { name: "oauth.token", limit: 60, by: BY_CLIENT, event: ISSUED, reach: "client", routes: [["POST", PATHS.token]] },
  {
    ...{ name: "oauth.authorize", limit: 120, by: BY_ADDRESS },
    routes: [
      ["GET", PATHS.authorization],
      ["GET", `${PATHS.authorization}/:uid`],
    ],
  },
  {
    ...{ name: "oauth.userinfo", limit: 300, by: BY_ADDRESS, refund: "success", reach: "client" },
    proven: { by: "account", limit: 300 },
    routes: [
      ["GET", PATHS.userinfo],
      ["POST", PATHS.userinfo],
    ],
  },
  {
    ...{ name: "oauth.introspect", limit: 180, by: BY_CLIENT, proven: { by: "client", limit: 180 } },
    routes: [["POST", PATHS.introspection]],
  },
  {
    ...{ name: "oauth.revoke", limit: 60, by: BY_CLIENT, event: REVOKED, reach: "client" },
    routes: [["POST", PATHS.revocation]],
  },
  {
    name: "oauth.push",
    limit: 120,
    by: BY_CLIENT,
    reach: "client",
    routes: [["POST", PATHS.pushed_authorization_request]],
  },
  { name: "oauth.device", limit: 60, by: BY_CLIENT, reach: "client", routes: [["POST", PATHS.device_authorization]] },
  {
    // Codes that people type are short: guessing at them has to be slow.
    ...{ name: "oauth.verify-device", limit: 30, by: BY_ADDRESS },
    routes: [
      ["GET", PATHS.code_verification],
      ["POST", PATHS.code_verification],
      ["GET", `${PATHS.code_verification}/:uid`],
    ],
  },
  {
    ...{ name: "oauth.logout", limit: 60, by: BY_ADDRESS },
    routes: [
      ["GET", PATHS.end_session],
      ["POST", `${PATHS.end_session}/confirm`],
      ["GET", `${PATHS.end_session}/success`],
    ],
  },
  {
    ...{ name: "oauth.register", limit: 5, window: HOUR, by: BY_ADDRESS, event: REGISTERED, registers: true },
    routes: [["POST", PATHS.registration]],
  },
  { name: "oauth.client-read", limit: 60, by: BY_ADDRESS, routes: [["GET", `${PATHS.registration}/:id`]] },
  {
    ...{ name: "oauth.client-change", limit: 60, by: BY_ADDRESS, event: CHANGED },
    routes: [["PUT", `${PATHS.registration}/:id`]],
  },
  {
    ...{ name: "oauth.client-remove", limit: 60, by: BY_ADDRESS, event: REMOVED },
    routes: [["DELETE", `${PATHS.registration}/:id`]],
  },
  {
    ...{ name: "oauth.describe", limit: 240, by: BY_ADDRESS, reach: "public" },
    routes: [
      ["GET", "/.well-known/openid-configuration"],
      ["GET", "/.well-known/oauth-authorization-server"],
      ["GET", PATHS.jwks],
    ],
  },
];

/** All endpoints of the protocol: what can be attempted, and the routes that lead there. */
export function createEndpoints(parts: EndpointParts): {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
} {
  const routes = new Hono();
  const actions = ENDPOINTS.map(({ event = ANSWERED, reach = "none", ...entry }) => {
    const { name, registers, routes: places } = entry;
    const limits = { limits: [limitOf(entry)], proven: provenLimitOf(entry) };
    const { action, handler } = createEndpoint(parts, { name, event, reach, registers, ...limits });
    for (const [method, path] of places) routes.on(method, path, handler);
    if (reach !== "none") {
      for (const [path, methods] of Map.groupBy(places, ([, place]) => place)) {
        routes.options(path, () => preflightAnswer(methods.map(([method]) => method)));
      }
    }
    return action;
  });
  return { actions, routes };
}

function limitOf({ name, by, limit, window = MINUTE, refund }: EndpointEntry): LimitPolicy {
  return { name, by, rule: { kind: "window", limit, window }, ...(refund === undefined ? {} : { refund }) };
}

function provenLimitOf({ name, proven }: EndpointEntry): ProvenLimit | undefined {
  if (proven === undefined) return undefined;
  return {
    name: `${name} by ${proven.by}`,
    by: proven.by,
    rule: { kind: "window", limit: proven.limit, window: MINUTE },
  };
}
