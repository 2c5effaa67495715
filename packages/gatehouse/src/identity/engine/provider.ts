import { AsyncLocalStorage } from "node:async_hooks";
import type { RequestListener } from "node:http";
import type { JWK } from "jose";
import {
  errors,
  Provider,
  type Configuration,
  type FindAccount,
  type ResourceServer,
  type SigningAlgorithmWithNone,
} from "oidc-provider";
import { createAdapter } from "./adapter.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

/** Lifetimes of what the engine issues, in seconds. */
export interface Lifetimes {
  readonly accessToken: number;
  readonly refreshToken: number;
  readonly authorizationCode: number;
  readonly idToken: number;
  readonly deviceCode: number;
  readonly interaction: number;
  readonly session: number;
}

/** Lifetimes where nothing else is said: an hour, 30 days, 10 minutes, an hour, 10 minutes, an hour, two hours. */
export const LIFETIMES: Lifetimes = {
  accessToken: 3600,
  refreshToken: 30 * 86_400,
  authorizationCode: 600,
  idToken: 3600,
  deviceCode: 600,
  interaction: 3600,
  session: 7200,
};

/** A protected resource tokens can be issued for (RFC 8707). */
export interface ProtectedResource {
  /** Its identifier, an absolute URL. */
  readonly resource: string;
  /** Scopes it knows. */
  readonly scopes: readonly string[];
  /** `opaque` by default: only a look-up tells what it means. `jwt`: a signed token its servers can check themselves. */
  readonly format?: "opaque" | "jwt";
  /** Seconds. Default: as of any access token. */
  readonly lifetime?: number;
}

/** One issuer. */
export interface IssuerOptions {
  /** Its identifier: scheme and host. */
  readonly issuer: string;
  /** Private keys, the one to sign with first of its algorithm. */
  readonly keys: readonly JWK[];
  /** Secrets that cookies are signed with, the current one first. */
  readonly cookieKeys: readonly string[];
  /** Cookie names; with `__Host-` wherever the issuer is on https. */
  readonly lifetimes: Lifetimes;
  readonly resources: readonly ProtectedResource[];
  /** Whether clients without a secret may register: browser apps, command lines, agents over MCP. */
  readonly publicClients: boolean;
  readonly findAccount: FindAccount;
  /** Where a person signs in and consents: the address of an interaction. */
  readonly interactionPath: (uid: string) => string;
}

/** An issuer's engine at one state of its keys and settings; replaced as a whole when either changes. */
export interface IssuerEngine {
  readonly provider: Provider;
  readonly listener: RequestListener;
  /** Runs a call of the engine within a unit of work. */
  within<Result>(work: UnitOfWork, call: () => Promise<Result>): Promise<Result>;
}

/** The addresses of the protocol's endpoints. */
export const OAUTH_PATHS = {
  authorization: "/oauth/authorize",
  token: "/oauth/token",
  userinfo: "/oauth/userinfo",
  introspection: "/oauth/introspect",
  revocation: "/oauth/revoke",
  registration: "/oauth/clients",
  pushed_authorization_request: "/oauth/par",
  device_authorization: "/oauth/device",
  code_verification: "/device",
  end_session: "/oauth/logout",
  jwks: "/.well-known/jwks.json",
} as const;

/** Builds the engine of an issuer, which takes about a millisecond. */
export function buildEngine(options: IssuerOptions): IssuerEngine {
  const current = new AsyncLocalStorage<UnitOfWork>();
  const provider = new Provider(options.issuer, configurationOf(options, current));
  // What it believes of the scheme is what its caller tells it, which is the issuer's.
  provider.proxy = true;
  provider.on("server_error", (_context, error) => {
    const work = current.getStore();
    if (work !== undefined) work.failure = error;
  });
  return {
    provider,
    listener: provider.callback(),
    within: (work, call) => current.run(work, call),
  };
}

function configurationOf(options: IssuerOptions, current: AsyncLocalStorage<UnitOfWork>): Configuration {
  const { keys, cookieKeys, lifetimes, resources, publicClients, findAccount, interactionPath } = options;
  const secure = options.issuer.startsWith("https:");
  const algorithms = [...new Set(keys.map(({ alg }) => alg))].filter((alg) => alg !== undefined);
  return {
    adapter: (kind) => createAdapter(kind, current),
    jwks: { keys: keys.map((key) => ({ ...key })) as never },
    findAccount,
    routes: OAUTH_PATHS,
    responseTypes: ["code"],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    revokeGrantPolicy: () => true,
    issueRefreshToken: async (_context, client, code) =>
      client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    clientAuthMethods: [
      "client_secret_basic",
      "client_secret_post",
      "client_secret_jwt",
      "private_key_jwt",
      ...(publicClients ? (["none"] as const) : []),
    ],
    clockTolerance: 60,
    conformIdTokenClaims: true,
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: {
      openid: ["sub"],
      profile: ["name", "locale", "updated_at"],
      email: ["email", "email_verified"],
    },
    cookies: {
      names: cookieNames(secure),
      keys: [...cookieKeys],
      long: { signed: true, httpOnly: true, sameSite: "lax", secure, path: "/" },
      short: { signed: true, httpOnly: true, sameSite: "lax", secure, path: "/" },
    },
    interactions: { url: (_context, interaction) => interactionPath(interaction.uid) },
    enabledJWA: {
      idTokenSigningAlgValues: algorithms as SigningAlgorithmWithNone[],
      userinfoSigningAlgValues: algorithms as SigningAlgorithmWithNone[],
    },
    clientDefaults: {
      id_token_signed_response_alg: algorithms[0] as SigningAlgorithmWithNone,
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
    ttl: {
      AccessToken: (_context, token) => lifetimeOf(token.resourceServer, lifetimes),
      ClientCredentials: (_context, token) => lifetimeOf(token.resourceServer, lifetimes),
      RefreshToken: lifetimes.refreshToken,
      AuthorizationCode: lifetimes.authorizationCode,
      IdToken: lifetimes.idToken,
      DeviceCode: lifetimes.deviceCode,
      Interaction: lifetimes.interaction,
      Session: lifetimes.session,
      Grant: lifetimes.refreshToken,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => resourceServerOf(resources, resource, lifetimes),
      },
    },
  };
}

function cookieNames(secure: boolean): {
  readonly session: string;
  readonly interaction: string;
  readonly resume: string;
} {
  // Browsers keep the prefix to what is set for this host alone, over https.
  const prefix = secure ? "__Host-" : "";
  return { session: `${prefix}idp`, interaction: `${prefix}idp_interaction`, resume: `${prefix}idp_resume` };
}

function lifetimeOf(server: Pick<ResourceServer, "accessTokenTTL"> | undefined, { accessToken }: Lifetimes): number {
  return server?.accessTokenTTL ?? accessToken;
}

function resourceServerOf(
  resources: readonly ProtectedResource[],
  wanted: string,
  lifetimes: Lifetimes,
): ResourceServer {
  const known = resources.find(({ resource }) => resource === wanted);
  if (known === undefined) throw new errors.InvalidTarget();
  return {
    scope: known.scopes.join(" "),
    audience: known.resource,
    accessTokenTTL: known.lifetime ?? lifetimes.accessToken,
    accessTokenFormat: known.format ?? "opaque",
  };
}
