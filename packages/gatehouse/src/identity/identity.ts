import type { Hono } from "hono";
import type { AnyAction } from "../kernel/action.ts";
import type { EndpointParts } from "./endpoints/endpoint.ts";
import { createEndpoints } from "./endpoints/routes.ts";
import { Grants } from "./grants/grants.ts";
import { createGrantPolicy } from "./grants/policy.ts";
import { Issuers, type IssuersParts } from "./issuers.ts";
import { createAssetRoutes } from "./screens/asset-routes.ts";
import { createViewRenderer } from "./screens/engine-views.ts";
import { Pages } from "./screens/pages.ts";
import { createScreens, type ScreensParts } from "./screens/screens.ts";
import { createTheme, type Theme } from "./screens/theme.ts";

/** What an identity provider is made from. */
export interface IdentityParts
  extends IssuersParts, Omit<EndpointParts, "issuers" | "grantPolicyOf" | "recogniseDevice" | "showAnswer"> {
  /** What a client's refresh tokens may do when they are used from elsewhere. Default: all of it, with an event. */
  readonly grantPolicyOf?: EndpointParts["grantPolicyOf"];
  /** Recognises browsers in which somebody has signed in before. Default: devices are told by their kind. */
  readonly recogniseDevice?: EndpointParts["recogniseDevice"];
  /** The look of a tenant's pages. Default: ours. */
  readonly themeOf?: (tenant: string) => Theme;
  /** The pages on which people sign in. Default: none, and `interactionPath` leads to pages of the application. */
  readonly signIn?: Pick<ScreensParts, "accounts" | "factors" | "registration">;
}

/** An identity provider: what can be attempted, and the routes that lead there. */
export interface Identity {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  readonly issuers: Issuers;
  readonly grants: Grants;
  readonly pages: Pages;
}

/** An OAuth 2.1 and OpenID Connect provider behind the gate. */
export function createIdentity(parts: IdentityParts): Identity {
  const issuers = new Issuers(parts);
  const {
    edge,
    signIn,
    themeOf = () => PLAIN,
    grantPolicyOf = () => REPORTING,
    recogniseDevice = () => undefined,
  } = parts;
  const pages = new Pages({ edge, themeOf });
  const showAnswer = createViewRenderer(pages);
  const endpoints = createEndpoints({ ...parts, issuers, grantPolicyOf, recogniseDevice, showAnswer });
  const routes = endpoints.routes.route("/", createAssetRoutes(edge, pages));
  const identity = { actions: endpoints.actions, routes, issuers, pages, grants: new Grants(parts) };
  if (signIn === undefined) return identity;
  const screens = createScreens({
    ...{ ...parts, ...signIn, pages, issuers },
    serviceOf: (tenant) => themeOf(tenant).name,
  });
  const actions = [...endpoints.actions, ...screens.actions];
  return { ...identity, actions, routes: routes.route("/", screens.routes) };
}

const REPORTING = createGrantPolicy();
const PLAIN = createTheme({ name: "Gatehouse" });
