import { Hono } from "hono";
import type { AnyAction, LimitPolicy, LimitSubject } from "../../kernel/action.ts";
import { identityEvents } from "../events.ts";
import { OAUTH_PATHS } from "../engine/provider.ts";
import { createEndpoint, type EndpointParts } from "./endpoint.ts";

const MINUTE = 60_000;

function perMinute(name: string, limit: number, by: readonly LimitSubject[]): readonly LimitPolicy[] {
  return [{ name, by, rule: { kind: "window", limit, window: MINUTE } }];
}

/** All endpoints of the protocol: what can be attempted, and the routes that lead there. */
export function createEndpoints(parts: EndpointParts): {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
} {
  const { oauth_token_issued: issued, oauth_client_registered: registered, oauth_answered: answered } = identityEvents;
  const looking = perMinute("oauth.look", 240, ["ip"]);
  const token = createEndpoint(parts, {
    name: "oauth.token",
    limits: perMinute("oauth.token", 60, ["ip", "claimed-client"]),
    event: issued,
  });
  const authorize = createEndpoint(parts, {
    name: "oauth.authorize",
    limits: perMinute("oauth.authorize", 120, ["ip"]),
    event: answered,
  });
  const userinfo = createEndpoint(parts, {
    name: "oauth.userinfo",
    limits: perMinute("oauth.userinfo", 300, ["ip"]),
    event: answered,
  });
  const introspect = createEndpoint(parts, {
    name: "oauth.introspect",
    limits: perMinute("oauth.introspect", 180, ["ip", "claimed-client"]),
    event: answered,
  });
  const revoke = createEndpoint(parts, {
    name: "oauth.revoke",
    limits: perMinute("oauth.revoke", 60, ["ip", "claimed-client"]),
    event: answered,
  });
  const push = createEndpoint(parts, {
    name: "oauth.push",
    limits: perMinute("oauth.push", 120, ["ip", "claimed-client"]),
    event: answered,
  });
  const device = createEndpoint(parts, {
    name: "oauth.device",
    limits: perMinute("oauth.device", 60, ["ip", "claimed-client"]),
    event: answered,
  });
  const leave = createEndpoint(parts, {
    name: "oauth.logout",
    limits: perMinute("oauth.logout", 60, ["ip"]),
    event: answered,
  });
  const register = createEndpoint(parts, {
    name: "oauth.register",
    limits: [{ name: "oauth.register", by: ["ip"], rule: { kind: "window", limit: 5, window: 60 * MINUTE } }],
    event: registered,
  });
  const describe = createEndpoint(parts, { name: "oauth.describe", limits: looking, event: answered });
  const routes = new Hono()
    .post(OAUTH_PATHS.token, token.handler)
    .get(OAUTH_PATHS.authorization, authorize.handler)
    .get(`${OAUTH_PATHS.authorization}/:uid`, authorize.handler)
    .get(OAUTH_PATHS.userinfo, userinfo.handler)
    .post(OAUTH_PATHS.userinfo, userinfo.handler)
    .post(OAUTH_PATHS.introspection, introspect.handler)
    .post(OAUTH_PATHS.revocation, revoke.handler)
    .post(OAUTH_PATHS.pushed_authorization_request, push.handler)
    .post(OAUTH_PATHS.device_authorization, device.handler)
    .get(OAUTH_PATHS.end_session, leave.handler)
    .post(`${OAUTH_PATHS.end_session}/confirm`, leave.handler)
    .get(`${OAUTH_PATHS.end_session}/success`, leave.handler)
    .post(OAUTH_PATHS.registration, register.handler)
    .get("/.well-known/openid-configuration", describe.handler)
    .get("/.well-known/oauth-authorization-server", describe.handler)
    .get(OAUTH_PATHS.jwks, describe.handler);
  const all = [token, authorize, userinfo, introspect, revoke, push, device, leave, register, describe];
  return { actions: all.map(({ action }) => action), routes };
}
