import type { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { ownPath } from "../../http/own-path.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Leases } from "../../kernel/ports/leases.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import { systemTimers, type Timers } from "../../kernel/timers.ts";
import { createBegin } from "./begin-action.ts";
import { createEnd } from "./end-action.ts";
import type { ProtocolOptions } from "./exchange.ts";
import { createFinish } from "./finish-action.ts";
import { IssuerClient, type ClientRegistration, type IssuerFetchFor } from "./issuer-client.ts";
import { createLeave } from "./leave-action.ts";
import { Logins } from "./logins.ts";
import type { Party, PrincipalOf, RelyingPartyPaths } from "./party.ts";
import { PendingSignIns } from "./pending-sign-ins.ts";
import { Redemptions } from "./redemptions.ts";
import { createRelyingPartyRoutes } from "./routes.ts";
import { Tokens, type ResourceRequest } from "./tokens.ts";

/** What a relying party is made from; `Services` has all of the ports. */
export interface RelyingPartyOptions extends ProtocolOptions {
  readonly edge: Edge;
  readonly store: Store;
  readonly documents: Documents;
  readonly leases: Leases;
  readonly sealer: Sealer;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  /** Default: the machine's. */
  readonly timers?: Timers;
  /** The issuer's identifier, an https address; of each tenant, where they have their own. */
  readonly issuer: string | ((tenant: string) => string);
  readonly client: ClientRegistration;
  /** What the application may ask for besides `openid`. Default: nothing. */
  readonly scopes?: readonly string[];
  readonly principalOf: PrincipalOf;
  /** Path below which the routes are. Default `/auth`. */
  readonly path?: string;
  /** Name of the actions, limits and cookies; several in one application have different ones. Default `auth`. */
  readonly name?: string;
  /** Where people go on whose sign-in leads nowhere in particular. Default `/`. */
  readonly landing?: string;
  /** Where people come out who have signed out; registered at the issuer with this server's origin. Default `/`. */
  readonly landingAfterSignOut?: string;
  /**
   * Whether people who came in through another relying party sign out at the issuer too: where several of one issuer
   * share the sessions of a server. Default false.
   */
  readonly signsOutOthers?: boolean;
  /** Keeps people's tokens, sealed, to ask protected resources on their behalf. Default false. */
  readonly keepTokens?: boolean;
  /** Sends what is asked for to the issuer directly, not through the browser (RFC 9126). Default false. */
  readonly pushed?: boolean;
  /**
   * How the issuer is reached. Default: over the network. Where it is in this process:
   * `(peer) => services.backChannel.fetchFor(peer)`.
   */
  readonly fetchFor?: IssuerFetchFor;
}

/** An application that lets an issuer sign people in. */
export interface RelyingParty {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  readonly paths: RelyingPartyPaths;
  /** The address that begins a sign-in and leads back to a path of this server. */
  startAt(returnTo: string): string;
  /**
   * Asks a protected resource on behalf of whoever is signed in. A token that has expired is refreshed before, once for
   * all who ask at the same time, in all processes. Denies where no tokens are kept, or the issuer is away.
   */
  fetch(inbound: Inbound, url: URL, request?: ResourceRequest): Promise<Response | Denial>;
}

const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;
const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * An application that lets an issuer sign people in: OpenID Connect, authorization code with PKCE.
 * @throws {TypeError} when a path or name cannot be one.
 */
export function createRelyingParty(options: RelyingPartyOptions): RelyingParty {
  const { client, clock, timers = systemTimers, edge } = options;
  const { path = "/auth", name = "auth", landing = "/", landingAfterSignOut = "/" } = options;
  if (!PATH.test(path)) throw new TypeError(`"${path}" is not a path such as /auth.`);
  if (!NAME.test(name)) throw new TypeError(`"${name}" is not a name such as auth.`);
  for (const each of [landing, landingAfterSignOut]) {
    if (ownPath(each) === undefined) throw new TypeError(`"${each}" is not a path of this server.`);
  }
  const { issuer, scopes = [], keepTokens = false, pushed = false, signsOutOthers = false } = options;
  const paths = pathsBelow(path);
  const party: Party = {
    ...protocolOf(options),
    ...{
      name,
      edge,
      scopes,
      keepTokens,
      pushed,
      paths,
      landing,
      landingAfterSignOut,
      signsOutOthers,
      clientId: client.id,
    },
    principalOf: options.principalOf,
    issuerOf: typeof issuer === "string" ? () => issuer : issuer,
    issuers: new IssuerClient({ client, clock, fetchFor: options.fetchFor }),
    pending: new PendingSignIns({ ...options, name }),
    redemptions: new Redemptions({ ...options, name, timers }),
    logins: new Logins({ ...options, name, lifetime: edge.sessions.absolute }),
  };
  const begin = createBegin(party, options);
  const finish = createFinish(party, options);
  const leave = createLeave(party);
  const end = createEnd(party, options);
  const tokens = new Tokens(party, { ...options, timers });
  return {
    actions: [begin, finish, leave, end],
    routes: createRelyingPartyRoutes(party, { begin, finish, leave, end }),
    paths,
    startAt: (returnTo) => `${paths.start}?${new URLSearchParams({ return: returnTo }).toString()}`,
    fetch: (inbound, url, request) => tokens.fetch(inbound, url, request),
  };
}

function protocolOf({ requirement, dpop, userInfo }: ProtocolOptions): ProtocolOptions {
  return {
    ...(requirement === undefined ? {} : { requirement }),
    ...(dpop === undefined ? {} : { dpop }),
    ...(userInfo === undefined ? {} : { userInfo }),
  };
}

function pathsBelow(path: string): RelyingPartyPaths {
  return {
    start: `${path}/start`,
    callback: `${path}/callback`,
    signOut: `${path}/sign-out`,
    backChannelLogout: `${path}/back-channel-logout`,
  };
}
