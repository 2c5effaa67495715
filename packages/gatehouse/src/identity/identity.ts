import type { Hono } from "hono";
import type { AnyAction } from "../kernel/action.ts";
import type { EndpointParts } from "./endpoints/endpoint.ts";
import { createEndpoints } from "./endpoints/routes.ts";
import { Grants } from "./grants/grants.ts";
import { createGrantPolicy } from "./grants/policy.ts";
import { Issuers, type IssuersParts } from "./issuers.ts";

/** What an identity provider is made from. */
export interface IdentityParts
  extends IssuersParts, Omit<EndpointParts, "issuers" | "grantPolicyOf" | "recogniseDevice"> {
  /** What a client's refresh tokens may do when they are used from elsewhere. Default: all of it, with an event. */
  readonly grantPolicyOf?: EndpointParts["grantPolicyOf"];
  /** Recognises browsers in which somebody has signed in before. Default: devices are told by their kind. */
  readonly recogniseDevice?: EndpointParts["recogniseDevice"];
}

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
  const { grantPolicyOf = () => REPORTING, recogniseDevice = () => undefined } = parts;
  const { actions, routes } = createEndpoints({ ...parts, issuers, grantPolicyOf, recogniseDevice });
  return { actions, routes, issuers, grants: new Grants(parts) };
}

const REPORTING = createGrantPolicy();
