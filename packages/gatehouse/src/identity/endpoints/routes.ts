import { Hono } from "hono";
import type { AnyAction, LimitSubject } from "../../kernel/action.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import { OAUTH_PATHS } from "../engine/configuration.ts";
import { identityEvents } from "../events.ts";
import { createEndpoint, type EndpointParts } from "./endpoint.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BY_ADDRESS = ["ip"] as const;
const BY_CLIENT = ["ip", "claimed-client"] as const;
const { oauth_answered: ANSWERED, oauth_token_issued: ISSUED, oauth_client_registered: REGISTERED } = identityEvents;

/** An endpoint: its action, who may ask how often, and where. */
interface EndpointEntry {
  readonly name: string;
  readonly limit: number;
  /** Milliseconds. Default: a minute. */
  readonly window?: number;
  readonly by: readonly LimitSubject[];
  readonly event?: EventDefinition;
  readonly routes: readonly (readonly [method: "GET" | "POST", path: string])[];
}

const PATHS = OAUTH_PATHS;
const ENDPOINTS: readonly EndpointEntry[] = [
  { name: "oauth.token", limit: 60, by: BY_CLIENT, event: ISSUED, routes: [["POST", PATHS.token]] },
  {
    ...{ name: "oauth.authorize", limit: 120, by: BY_ADDRESS },
    routes: [
      ["GET", PATHS.authorization],
      ["GET", `${PATHS.authorization}/:uid`],
    ],
  },
  {
    ...{ name: "oauth.userinfo", limit: 300, by: BY_ADDRESS },
    routes: [
      ["GET", PATHS.userinfo],
      ["POST", PATHS.userinfo],
    ],
  },
  { name: "oauth.introspect", limit: 180, by: BY_CLIENT, routes: [["POST", PATHS.introspection]] },
  { name: "oauth.revoke", limit: 60, by: BY_CLIENT, routes: [["POST", PATHS.revocation]] },
  { name: "oauth.push", limit: 120, by: BY_CLIENT, routes: [["POST", PATHS.pushed_authorization_request]] },
  { name: "oauth.device", limit: 60, by: BY_CLIENT, routes: [["POST", PATHS.device_authorization]] },
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
    ...{ name: "oauth.register", limit: 5, window: HOUR, by: BY_ADDRESS, event: REGISTERED },
    routes: [["POST", PATHS.registration]],
  },
  {
    ...{ name: "oauth.describe", limit: 240, by: BY_ADDRESS },
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
  const actions = ENDPOINTS.map(({ name, limit, window = MINUTE, by, event = ANSWERED, routes: places }) => {
    const limits = [{ name, by, rule: { kind: "window", limit, window } as const }];
    const { action, handler } = createEndpoint(parts, { name, limits, event });
    for (const [method, path] of places) routes.on(method, path, handler);
    return action;
  });
  return { actions, routes };
}
