import type { Hono } from "hono";
import type { Edge } from "../http/edge.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Clock } from "../kernel/clock.ts";
import type { OAuthArtifacts } from "../kernel/ports/oauth-artifacts.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { KeyUses } from "./keys/key-uses.ts";
import { createEndpoints } from "./endpoints/routes.ts";
import { Issuers, type IssuersParts } from "./issuers.ts";
import { createAssetRoutes } from "./screens/asset-routes.ts";
import { createViewRenderer } from "./screens/engine-views.ts";
import { Pages } from "./screens/pages.ts";
import { createScreens, type ScreensParts } from "./screens/screens.ts";
import { createTheme, type Theme } from "./screens/theme.ts";

/** What an identity provider is made from. */
export interface IdentityParts extends IssuersParts {
  readonly edge: Edge;
  readonly store: Store;
  readonly clock: Clock;
  readonly artifacts: OAuthArtifacts;
  /** Milliseconds in which a refresh token that was used up is answered as the first time; 0: never. */
  readonly grace: number;
  /** The look of a tenant's pages. Default: ours. */
  readonly themeOf?: (tenant: string) => Theme;
  /** The pages on which people sign in. Default: none, and `interactionPath` leads to pages of the application. */
  readonly signIn?: Pick<ScreensParts, "accounts" | "factors" | "links">;
  /** Counts what signing keys are used for. Default: nobody does. */
  readonly keyUses?: KeyUses;
}

/** An identity provider: what can be attempted, and the routes that lead there. */
export interface Identity {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  readonly issuers: Issuers;
}

/** An OAuth 2.1 and OpenID Connect provider behind the gate. */
export function createIdentity(parts: IdentityParts): Identity {
  const issuers = new Issuers(parts);
  const { edge, signIn, themeOf = () => PLAIN } = parts;
  const pages = new Pages({ edge, themeOf });
  const { actions, routes } = createEndpoints({ ...parts, issuers, showAnswer: createViewRenderer(pages) });
  routes.route("/", createAssetRoutes(edge, pages));
  if (signIn === undefined) return { actions, routes, issuers };
  const screens = createScreens({
    ...{ ...parts, ...signIn, pages, issuers },
    serviceOf: (tenant) => themeOf(tenant).name,
  });
  return { actions: [...actions, ...screens.actions], routes: routes.route("/", screens.routes), issuers };
}

const PLAIN = createTheme({ name: "Gatehouse" });
