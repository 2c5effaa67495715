import type { JWK } from "jose";
import {
  errors,
  interactionPolicy,
  type AccessToken,
  type AdapterFactory,
  type Client,
  type ClientAuthMethod,
  type ClientCredentials,
  type Configuration,
  type CookiesSetOptions,
  type FindAccount,
  type JWKS,
  type KoaContextWithOIDC,
  type RefreshToken,
  type ResourceServer,
  type SigningAlgorithm,
} from "oidc-provider";
import type { ClientFeatures } from "./client-features.ts";
import { authenticationClaims } from "./authentication-claims.ts";
import { ASSURANCE_LEVELS, requireAssurance } from "./assurance.ts";
import { existingGrant } from "./existing-grant.ts";
import { ENGINE_VIEWS } from "./view.ts";

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
  /** Those of them that only clients have whose settings name them. Default: none. */
  readonly reserved?: readonly string[];
  /** Clients that may look up tokens for it, such as its servers. Every client may look up its own. */
  readonly lookedUpBy?: readonly string[];
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
  readonly lifetimes: Lifetimes;
  readonly resources: readonly ProtectedResource[];
  /** Whether clients without a secret may register: browser apps, command lines, agents over MCP. */
  readonly publicClients: boolean;
  /** 32 bytes from which the nonces are derived that proofs of possession need. Absent: they need none. */
  readonly proofNonceSecret?: Buffer | undefined;
  readonly findAccount: FindAccount;
  /** Where a person signs in and consents: the address of an interaction. */
  readonly interactionPath: (uid: string) => string;
  /** Whether a client is the operator's own, which nobody is asked to allow anything. Default: none is. */
  readonly isFirstParty?: ((client: string) => boolean) | undefined;
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

/** What an engine asks while it works. */
export interface EngineHooks {
  readonly adapter: AdapterFactory;
  readonly clients?: ClientFeatures;
  /** Adds to when people are asked to sign in. */
  readonly requireFreshSignIn: (policy: interactionPolicy.DefaultPolicy) => interactionPolicy.DefaultPolicy;
  /** Whether a refresh token is replaced when it is used; throws where it may not be used. */
  readonly rotates: (context: KoaContextWithOIDC) => Promise<boolean>;
}

/** What the engine is told; all it says about itself follows from this. */
export function configurationOf(options: IssuerOptions, hooks: EngineHooks): Configuration {
  const { clients } = hooks;
  const {
    issuer,
    keys,
    cookieKeys,
    lifetimes,
    publicClients,
    findAccount,
    interactionPath,
    isFirstParty = nobody,
  } = options;
  return {
    adapter: hooks.adapter,
    findAccount,
    // The types know the members of each kind of key, and that of one whose kind is not known.
    jwks: { keys: [...keys] as JWKS["keys"] },
    routes: OAUTH_PATHS,
    responseTypes: ["code"],
    pkce: { required: () => true },
    rotateRefreshToken: hooks.rotates,
    revokeGrantPolicy: () => true,
    issueRefreshToken: async (_context, client, code) =>
      client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    clientAuthMethods: publicClients ? [...WITH_SECRETS, "none"] : WITH_SECRETS,
    clockTolerance: CLOCK_TOLERANCE,
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: CLAIMS,
    cookies: {
      names: cookieNames(issuer),
      keys: cookieKeys,
      long: cookieOptions(issuer),
      short: cookieOptions(issuer),
    },
    extraClientMetadata: { properties: [RESOURCE_SCOPES] },
    interactions: {
      policy: requireAssurance(hooks.requireFreshSignIn(interactionPolicy.base())),
      url: (_context, { uid }) => interactionPath(uid),
    },
    acrValues: ASSURANCE_LEVELS,
    extraTokenClaims: authenticationClaims,
    loadExistingGrant: existingGrant(isFirstParty),
    renderError: ENGINE_VIEWS.renderError,
    ...algorithmsOf(keys),
    ttl: lifetimesOf(lifetimes),
    ...clients?.configuration,
    features: { ...featuresOf(options), ...clients?.features },
  };
}

/** Member of a client's metadata: the scopes it may have, by resource. */
export const RESOURCE_SCOPES = "resource_scopes";
function nobody(): boolean {
  return false;
}

/** Seconds by which other machines' clocks may differ. */
export const CLOCK_TOLERANCE = 60;
const WITH_SECRETS: readonly ClientAuthMethod[] = [
  "client_secret_basic",
  "client_secret_post",
  "client_secret_jwt",
  "private_key_jwt",
];
const CLAIMS = {
  openid: ["sub", "acr", "amr", "auth_time"],
  profile: ["name", "locale", "updated_at"],
  email: ["email", "email_verified"],
};

function algorithmsOf(keys: readonly JWK[]): Pick<Configuration, "enabledJWA" | "clientDefaults"> {
  // Keys of ours are of these algorithms alone.
  const algorithms = [...new Set(keys.map(({ alg }) => alg as SigningAlgorithm))];
  return {
    enabledJWA: { idTokenSigningAlgValues: algorithms, userinfoSigningAlgValues: algorithms },
    clientDefaults: {
      id_token_signed_response_alg: algorithms[0],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  };
}

function lifetimesOf(lifetimes: Lifetimes): Configuration["ttl"] {
  const { accessToken, refreshToken, authorizationCode, idToken, deviceCode, interaction, session } = lifetimes;
  return {
    AccessToken: (_context, { resourceServer }) => resourceServer?.accessTokenTTL ?? accessToken,
    ClientCredentials: (_context, { resourceServer }) => resourceServer?.accessTokenTTL ?? accessToken,
    RefreshToken: refreshToken,
    AuthorizationCode: authorizationCode,
    IdToken: idToken,
    DeviceCode: deviceCode,
    Interaction: interaction,
    Session: session,
    Grant: refreshToken,
  };
}

function featuresOf({ resources, lifetimes, proofNonceSecret: nonceSecret }: IssuerOptions): Configuration["features"] {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true, ...ENGINE_VIEWS.deviceFlow },
    dPoP: { enabled: true, ...(nonceSecret === undefined ? {} : { nonceSecret, requireNonce: () => true }) },
    introspection: {
      enabled: true,
      allowedPolicy: (context, client, token) => mayLookUp(resources, context, { client, token }),
    },
    pushedAuthorizationRequests: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
    rpInitiatedLogout: { enabled: true, ...ENGINE_VIEWS.rpInitiatedLogout },
    backchannelLogout: { enabled: true },
    userinfo: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => [],
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, resource, client) =>
        resourceServerOf(resources, { wanted: resource, client }, lifetimes),
    },
  };
}

interface Looked {
  readonly client: Client;
  readonly token: AccessToken | ClientCredentials | RefreshToken;
}

async function mayLookUp(
  resources: readonly ProtectedResource[],
  { oidc }: KoaContextWithOIDC,
  { client: { clientId }, token }: Looked,
): Promise<boolean> {
  if (token.clientId === clientId) return true;
  // The client a token was issued to may be gone since.
  if (token.clientId === undefined || (await oidc.provider.Client.find(token.clientId)) === undefined) return false;
  const audience = "aud" in token ? [token.aud].flat() : [];
  return resources.some(
    ({ resource, lookedUpBy = [] }) => audience.includes(resource) && lookedUpBy.includes(clientId),
  );
}

function cookieOptions(issuer: string): CookiesSetOptions {
  return { signed: true, httpOnly: true, sameSite: "lax", secure: isEncrypted(issuer), path: "/" };
}

/** Browsers keep the prefix to what is set for this host alone, over https. */
function cookieNames(issuer: string): {
  readonly session: string;
  readonly interaction: string;
  readonly resume: string;
} {
  const prefix = isEncrypted(issuer) ? "__Host-" : "";
  return { session: `${prefix}idp`, interaction: `${prefix}idp_interaction`, resume: `${prefix}idp_resume` };
}

function isEncrypted(issuer: string): boolean {
  return issuer.startsWith("https:");
}

/** Scopes that clients have of whom nothing else is said. */
export function unreserved({ scopes, reserved = [] }: ProtectedResource): readonly string[] {
  return scopes.filter((scope) => !reserved.includes(scope));
}

function resourceServerOf(
  resources: readonly ProtectedResource[],
  { wanted, client }: { readonly wanted: string; readonly client: Client },
  lifetimes: Lifetimes,
): ResourceServer {
  const known = resources.find(({ resource }) => resource === wanted);
  if (known === undefined) throw new errors.InvalidTarget();
  // A member of ours, which the engine keeps as the client source gives it.
  const allowed = client[RESOURCE_SCOPES] as Readonly<Record<string, readonly string[]>> | undefined;
  const own = allowed === undefined ? unreserved(known) : allowed[wanted];
  if (own === undefined) throw new errors.InvalidTarget("the client is not allowed at this resource");
  return {
    scope: known.scopes.filter((scope) => own.includes(scope)).join(" "),
    audience: known.resource,
    accessTokenTTL: known.lifetime ?? lifetimes.accessToken,
    accessTokenFormat: known.format ?? "opaque",
  };
}
