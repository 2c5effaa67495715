import type { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { ownPath } from "../../http/own-path.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Authentication } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Leases } from "../../kernel/ports/leases.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import { systemTimers, type Timers } from "../../kernel/timers.ts";
import { createBegin } from "./begin-action.ts";
import { createEnd } from "./end-action.ts";
import type { ProtocolOptions, SignInRequirement } from "./exchange.ts";
import { createFinish } from "./finish-action.ts";
import { IssuerClient, type ClientRegistration, type IssuerFetchFor } from "./issuer-client.ts";
import { createLeave } from "./leave-action.ts";
import { Logins, type Login } from "./logins.ts";
import { startOf, strictestOf, type Party, type PrincipalOf, type RelyingPartyPaths } from "./party.ts";
import { edgeSessions, type PartySessions } from "./party-sessions.ts";
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
  /** Where those who have signed in have their sessions. Default: the browser's one session at the edge. */
  readonly sessions?: PartySessions | undefined;
  /** What single sign-ins demand besides `requirement`, by the name that `startAt` is given. */
  readonly demands?: Readonly<Record<string, SignInRequirement>> | undefined;
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
  /**
   * The address that begins a sign-in and leads back to a path of this server. With the name of a demand, people have to
   * meet that too; whoever relies on it asks the session afterwards, because addresses can be changed.
   */
  startAt(returnTo: string, demand?: string): string;
  /** The sign-ins here of a subject that last, newest first. */
  signInsOf(reading: ReadTransaction, tenant: string, subject: string): Promise<readonly OwnSignIn[]>;
  /**
   * How somebody has signed in whose session began here, as the issuer has said: it may have known them for hours.
   * `undefined` for sessions that did not.
   */
  authenticationOf(reading: ReadTransaction, tenant: string, session: string): Promise<Authentication | undefined>;
  /** Ends a session of a subject; `false` where it has none by this name. */
  endSession(transaction: WriteTransaction, owner: SubjectKey, session: string): Promise<boolean>;
  /**
   * Asks a protected resource on behalf of whoever is signed in. A token that has expired is refreshed before, once for
   * all who ask at the same time, in all processes. Denies where no tokens are kept, or the issuer is away.
   */
  fetch(inbound: Inbound, url: URL, request?: ResourceRequest): Promise<Response | Denial>;
}

/** Somebody as the issuer knows them. */
export interface SubjectKey {
  readonly tenant: string;
  readonly subject: string;
}

/** A sign-in that a session began with, without what is secret of it. */
export interface OwnSignIn extends Pick<Login, "sid" | "at" | "ip" | "agent"> {
  readonly session: string;
}

/** The level of an issuer of ours that asks for a second factor. */
const TWO_FACTORS = "aal2";
const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;
const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * An application that lets an issuer sign people in: OpenID Connect, authorization code with PKCE.
 * @throws {TypeError} when a path or name cannot be one, or no sign-in can meet a demand.
 */
export function createRelyingParty(options: RelyingPartyOptions): RelyingParty {
  const { client, clock, timers = systemTimers, edge } = options;
  const { path = "/auth", name = "auth", landing = "/", landingAfterSignOut = "/" } = options;
  if (!PATH.test(path)) throw new TypeError(`"${path}" is not a path such as /auth.`);
  if (!NAME.test(name)) throw new TypeError(`"${name}" is not a name such as auth.`);
  for (const each of [landing, landingAfterSignOut]) {
    if (ownPath(each) === undefined) throw new TypeError(`"${each}" is not a path of this server.`);
  }
  for (const demand of Object.values(options.demands ?? {})) strictestOf(options.requirement ?? {}, demand);
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
    sessions: options.sessions ?? edgeSessions(edge),
    demands: options.demands ?? {},
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
    startAt: (returnTo, demand) => startOf(party, returnTo, demand),
    signInsOf: (reading, tenant, subject) => signInsOf(party, reading, { tenant, subject }),
    async authenticationOf(reading, tenant, session) {
      const login = await party.logins.find(reading, { tenant, session });
      // Of an issuer that does not say when, nobody knows that it was lately.
      return login && { at: (login.authTime ?? 0) * 1000, secondFactor: login.acr === TWO_FACTORS };
    },
    async endSession(transaction, { tenant, subject }, session) {
      const sessions = await party.logins.sessionsOf(transaction, tenant, { subject });
      if (!sessions.includes(session)) return false;
      await party.logins.end(transaction, { tenant, session });
      await party.sessions.end(transaction, tenant, session);
      return true;
    },
    fetch: (inbound, url, request) => tokens.fetch(inbound, url, request),
  };
}

async function signInsOf(
  { logins }: Party,
  reading: ReadTransaction,
  { tenant, subject }: SubjectKey,
): Promise<readonly OwnSignIn[]> {
  const found: OwnSignIn[] = [];
  for (const session of await logins.sessionsOf(reading, tenant, { subject })) {
    const login = await logins.find(reading, { tenant, session });
    if (login === undefined) continue;
    const { sid, at, ip, agent } = login;
    found.push({ session, sid, at, ip, agent });
  }
  return found.toReversed();
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
