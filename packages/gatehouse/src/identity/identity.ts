import type { Hono } from "hono";
import type { AnyAction } from "../kernel/action.ts";
import type { EndpointParts } from "./endpoints/endpoint.ts";
import { createEndpoints } from "./endpoints/routes.ts";
import { Grants } from "./grants/grants.ts";
import { Issuers, type IssuersParts } from "./issuers.ts";

/** What an identity provider is made from. */
export interface IdentityParts extends IssuersParts, Omit<EndpointParts, "issuerOf"> {}

/** An identity provider: what can be attempted, and the routes that lead there. */
export interface Identity {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  readonly issuers: Issuers;
  readonly grants: Grants;
}

/** An OAuth 2.1 and OpenID Connect provider behind the gate. */
export function createIdentity(parts: IdentityParts): Identity {
  const issuers = new Issuers(parts);
  const { actions, routes } = createEndpoints({ ...parts, issuerOf: (tenant) => issuers.of(tenant) });
  const grants = new Grants({ ...parts, codecOf: (tenant) => issuers.of(tenant).codec });
  return { actions, routes, issuers, grants };
}
