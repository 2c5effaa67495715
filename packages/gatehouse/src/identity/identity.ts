import type { Hono } from "hono";
import type { Edge } from "../http/edge.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Clock } from "../kernel/clock.ts";
import type { OAuthArtifacts } from "../kernel/ports/oauth-artifacts.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createEndpoints } from "./endpoints/routes.ts";
import { Issuers, type IssuersParts } from "./issuers.ts";

/** What an identity provider is made from. */
export interface IdentityParts extends IssuersParts {
  readonly edge: Edge;
  readonly store: Store;
  readonly clock: Clock;
  readonly artifacts: OAuthArtifacts;
  /** Milliseconds in which a refresh token that was used up is answered as the first time; 0: never. */
  readonly grace: number;
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
  const { actions, routes } = createEndpoints({ ...parts, issuers });
  return { actions, routes, issuers };
}
