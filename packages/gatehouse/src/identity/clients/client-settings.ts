import type { AllClientMetadata } from "oidc-provider";
import { z } from "zod";
import { isThisMachine, redirectFault } from "./redirect-rules.ts";

/** How a client proves who it is at the token endpoint. */
export const CLIENT_AUTHENTICATIONS = [
  "client_secret_basic",
  "client_secret_post",
  "client_secret_jwt",
  "private_key_jwt",
  "none",
] as const;
/** How a client proves who it is at the token endpoint. */
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

/** Grants a client can have. */
export const CLIENT_GRANTS = [
  "authorization_code",
  "refresh_token",
  "client_credentials",
  "urn:ietf:params:oauth:grant-type:device_code",
] as const;

/** What there is to say about a client, by an operator or in the configuration. */
export interface ClientSettings {
  /** What people see when they are asked for consent. */
  readonly name?: string | undefined;
  /** `native`: a program on people's machines. Default `web`. */
  readonly type?: "web" | "native" | undefined;
  /** Default: `client_secret_basic`; in the configuration, `none` without a secret. */
  readonly authentication?: ClientAuthentication | undefined;
  /** Default: `authorization_code` and `refresh_token`; `client_credentials` where people are sent back nowhere. */
  readonly grantTypes?: readonly string[] | undefined;
  readonly redirectUris?: readonly string[] | undefined;
  readonly postLogoutRedirectUris?: readonly string[] | undefined;
  readonly backchannelLogoutUri?: string | undefined;
  /** Scopes of people it may ask for, separated by spaces. Default: all. */
  readonly scope?: string | undefined;
  /** Scopes it may have, by resource. Default: all of all resources. */
  readonly resources?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Public keys, for `private_key_jwt`. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined;
  /** Where its public keys are. */
  readonly jwksUri?: string | undefined;
  readonly clientUri?: string | undefined;
  readonly logoUri?: string | undefined;
  readonly policyUri?: string | undefined;
  readonly tosUri?: string | undefined;
}

/** A client of the configuration. */
export interface StaticClient extends ClientSettings {
  readonly id: string;
  /** Default: all. */
  readonly tenant?: string | undefined;
  readonly secret?: string | undefined;
}

/** What the engine knows a client by (RFC 7591), with a member of ours. */
export interface ClientMetadata extends AllClientMetadata {
  /** Scopes it may have, by resource. Absent: all of all resources. */
  readonly resource_scopes?: Readonly<Record<string, readonly string[]>>;
}

const Address = z.url().max(2000);
const Web = Address.refine((text) => /^https?:/.test(text), "Write an http or https address.");
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/;

/** What operators may say about a client, member by member. */
export const ClientSettingsShape = {
  name: z
    .string()
    .trim()
    .min(1)
    .max(120)
    .regex(/^\P{Cc}+$/u, "A name has no control characters."),
  type: z.enum(["web", "native"]).default("web"),
  authentication: z.enum(CLIENT_AUTHENTICATIONS).default("client_secret_basic"),
  grantTypes: z.array(z.enum(CLIENT_GRANTS)).max(10).optional(),
  redirectUris: z.array(z.string().max(2000)).max(50).default([]),
  postLogoutRedirectUris: z.array(z.string().max(2000)).max(50).default([]),
  backchannelLogoutUri: Web.optional(),
  scope: z.string().max(1000).regex(SCOPE, "Write scopes separated by single spaces.").optional(),
  resources: z.record(Address, z.array(z.string().max(200)).max(100)).optional(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(20) }).optional(),
  jwksUri: Web.optional(),
  clientUri: Web.optional(),
  logoUri: Web.optional(),
  policyUri: Web.optional(),
  tosUri: Web.optional(),
};

/** Members that lead somewhere, by their names in settings and in metadata. */
const PLACES = [
  ["backchannelLogoutUri", "backchannel_logout_uri"],
  ["jwksUri", "jwks_uri"],
  ["clientUri", "client_uri"],
  ["logoUri", "logo_uri"],
  ["policyUri", "policy_uri"],
  ["tosUri", "tos_uri"],
] as const;

/** Something wrong with the settings of a client. */
export interface ClientFault {
  readonly pointer: string;
  readonly message: string;
}

/** What is wrong with the settings of a client. */
export function clientFaults(settings: ClientSettings, production: boolean): ClientFault[] {
  const { type = "web", authentication, jwks, jwksUri } = settings;
  const faults: ClientFault[] = [];
  for (const member of ["redirectUris", "postLogoutRedirectUris"] as const) {
    for (const [index, address] of (settings[member] ?? []).entries()) {
      const message = redirectFault(address, { type, production, anyScheme: true });
      if (message !== undefined) faults.push({ pointer: `/${member}/${index}`, message });
    }
  }
  const grants = grantsOf(settings);
  if (grants.includes("authorization_code") && (settings.redirectUris ?? []).length === 0) {
    faults.push({ pointer: "/redirectUris", message: "Say where people are sent back to." });
  }
  if (authentication === "none" && grants.includes("client_credentials")) {
    faults.push({ pointer: "/grantTypes", message: "Who cannot prove anything cannot get tokens of its own." });
  }
  if (authentication === "private_key_jwt" && jwks === undefined && jwksUri === undefined) {
    faults.push({ pointer: "/jwks", message: "Give its public keys, or say where they are." });
  }
  for (const [member] of PLACES) {
    const address = settings[member];
    if (production && address !== undefined && !isPublicAddress(address)) {
      faults.push({ pointer: `/${member}`, message: "Write an https address that everybody can reach." });
    }
  }
  return faults;
}

function isPublicAddress(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && url.protocol === "https:" && !isThisMachine(url.hostname);
}

function grantsOf({ grantTypes, redirectUris = [] }: ClientSettings): readonly string[] {
  if (grantTypes !== undefined) return grantTypes;
  return redirectUris.length > 0 ? ["authorization_code", "refresh_token"] : ["client_credentials"];
}

/** What the engine is told of a client. */
export function metadataOf(settings: ClientSettings): ClientMetadata {
  const { name, type = "web", authentication = "client_secret_basic", scope, jwks, resources } = settings;
  const grants = grantsOf(settings);
  const places = PLACES.flatMap(([member, standard]) =>
    settings[member] === undefined ? [] : [[standard, settings[member]] as const],
  );
  return {
    ...(name === undefined ? {} : { client_name: name }),
    application_type: type,
    token_endpoint_auth_method: authentication,
    grant_types: grants,
    response_types: grants.includes("authorization_code") ? ["code"] : [],
    redirect_uris: settings.redirectUris ?? [],
    post_logout_redirect_uris: settings.postLogoutRedirectUris ?? [],
    ...(scope === undefined ? {} : { scope }),
    ...Object.fromEntries(places),
    ...(jwks === undefined ? {} : { jwks }),
    ...(resources === undefined ? {} : { resource_scopes: resources }),
  };
}

/** The settings of a client that the engine is told this of. */
export function settingsOf(metadata: ClientMetadata): ClientSettings {
  const places = PLACES.flatMap(([member, standard]) =>
    metadata[standard] === undefined ? [] : [[member, metadata[standard]] as const],
  );
  const { jwks, token_endpoint_auth_method: method } = metadata;
  return {
    name: metadata.client_name,
    type: metadata.application_type,
    // The engine is told of no others.
    authentication: method as ClientAuthentication | undefined,
    grantTypes: metadata.grant_types,
    redirectUris: metadata.redirect_uris,
    postLogoutRedirectUris: metadata.post_logout_redirect_uris,
    scope: metadata.scope,
    ...(metadata.resource_scopes === undefined ? {} : { resources: metadata.resource_scopes }),
    ...(jwks === undefined ? {} : { jwks: { keys: jwks.keys.map((key) => Object.fromEntries(Object.entries(key))) } }),
    ...Object.fromEntries(places),
  };
}
