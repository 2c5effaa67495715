import type * as oauth from "openid-client";
import type { Edge } from "../../http/edge.ts";
import type { SessionIdentity } from "../../http/session-scope.ts";
import type { IssuerClient } from "./issuer-client.ts";
import type { Logins } from "./logins.ts";
import type { PendingSignIns } from "./pending-sign-ins.ts";
import type { ProtocolOptions, SignInRequirement } from "./exchange.ts";
import type { PartySessions } from "./party-sessions.ts";
import type { Redemptions } from "./redemptions.ts";

/** What an issuer says about who has signed in: the claims of the ID token, and those of userinfo where they are asked for. */
export type SignInClaims = oauth.IDToken;

/** Who somebody is here, by what the issuer says; `undefined` for nobody who may come in. */
export type PrincipalOf = (
  claims: SignInClaims,
  tenant: string,
) => SessionIdentity | undefined | Promise<SessionIdentity | undefined>;

/** The addresses of a relying party, all below one path. */
export interface RelyingPartyPaths {
  /** Begins a sign-in; `return` in the query says where it leads. */
  readonly start: string;
  readonly callback: string;
  /** Takes forms with `_csrf_token`. */
  readonly signOut: string;
  /** Where the issuer tells of sessions that it has ended. */
  readonly backChannelLogout: string;
}

/** A relying party as its actions see it. */
export interface Party extends ProtocolOptions {
  readonly name: string;
  readonly edge: Edge;
  readonly issuerOf: (tenant: string) => string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly principalOf: PrincipalOf;
  readonly keepTokens: boolean;
  readonly pushed: boolean;
  readonly issuers: IssuerClient;
  readonly pending: PendingSignIns;
  readonly redemptions: Redemptions;
  readonly logins: Logins;
  readonly sessions: PartySessions;
  /** What single requests demand besides, by name. */
  readonly demands: Readonly<Record<string, SignInRequirement>>;
  readonly paths: RelyingPartyPaths;
  /** Where people go on whose sign-in leads nowhere in particular. */
  readonly landing: string;
  readonly landingAfterSignOut: string;
  /** Whether people who came in through another relying party sign out at the issuer too. */
  readonly signsOutOthers: boolean;
}

/** The address that begins a sign-in. */
export function startOf({ paths }: Pick<Party, "paths">, returnTo: string, demand: string | undefined): string {
  const query = new URLSearchParams({ return: returnTo, ...(demand === undefined ? {} : { demand }) });
  return `${paths.start}?${query.toString()}`;
}

/** What is demanded of one sign-in: what the application always does, and what was asked for this time besides. */
export function requirementOf({ requirement = {}, demands }: Party, demand: string | undefined): SignInRequirement {
  const named = demand === undefined || !Object.hasOwn(demands, demand) ? undefined : demands[demand];
  return named === undefined ? requirement : strictestOf(requirement, named);
}

/**
 * What meets both. Who signs in chooses among demands by an address, so that none may lower what always holds.
 * @throws {TypeError} when nothing can meet both.
 */
export function strictestOf(always: SignInRequirement, besides: SignInRequirement): SignInRequirement {
  const maxAge = Math.min(always.maxAge ?? Infinity, besides.maxAge ?? Infinity);
  const { acrValues: held = [] } = always;
  const { acrValues: wanted = [] } = besides;
  const both =
    held.length === 0 || wanted.length === 0 ? [...held, ...wanted] : wanted.filter((acr) => held.includes(acr));
  if (both.length === 0 && held.length > 0)
    throw new TypeError(`No sign-in is both ${held.join("/")} and ${wanted.join("/")}.`);
  return { ...(both.length === 0 ? {} : { acrValues: both }), ...(maxAge === Infinity ? {} : { maxAge }) };
}
