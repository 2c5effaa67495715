import { errors } from "oidc-provider";
import { unreserved, type ProtectedResource } from "../engine/configuration.ts";
import type { ClientMetadata } from "./client-settings.ts";
import { isThisMachine, redirectFault } from "./redirect-rules.ts";

/** What clients may be that nobody of the operators has made. */
export interface RegistrationPolicy {
  /** Scopes of people they may have. */
  readonly scopes: readonly string[];
  /** Scopes they may have at resources. Default: all of all resources. */
  readonly resources?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Hosts they may have people sent back to, `.example.com` for all below it; `*`: any. This machine always, for programs on it. */
  readonly redirectHosts: readonly string[] | "*";
  readonly grantTypes: readonly string[];
  /** Whether clients without a secret may register. They prove themselves by PKCE alone. */
  readonly publicClients: boolean;
  /** Milliseconds after which their secrets end; 0: never. */
  readonly secretLifetime: number;
}

/** What clients may be where nothing else is said. */
export const REGISTRATION_POLICY: RegistrationPolicy = Object.freeze({
  scopes: Object.freeze(["openid", "offline_access", "profile", "email"]),
  redirectHosts: "*",
  grantTypes: Object.freeze(["authorization_code", "refresh_token"]),
  publicClients: true,
  secretLifetime: 0,
});

/** A registration that is to be judged. */
export interface Registration {
  /** As the engine has completed it; what is allowed of it is written back. */
  readonly metadata: Record<string, unknown>;
  /** As it was sent. */
  readonly said: Readonly<Record<string, unknown>>;
  readonly resources: readonly ProtectedResource[];
  readonly production: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

const MOST_ADDRESSES = 20;
const LONGEST_NAME = 120;
/**
 * What people do not see, or what makes them see something else: characters that control others, letters that are blank,
 * and marks that are piled up over the lines around. Joiners and variants, which scripts and emoji need, may be there.
 */
const UNFIT_IN_NAMES = /(?![\u200c\u200d])\p{C}|\p{Zl}|\p{Zp}|[\u115f\u1160\u3164\uffa0\u2800]|\p{Mn}{5}/u;
const PLACES = [
  ...["client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri", "backchannel_logout_uri", "initiate_login_uri"],
];

/**
 * Holds a registration to the policy. Scopes it must not have are left out (RFC 7591 section 2); everything else that
 * is not allowed is refused.
 * @throws {errors.OIDCProviderError} when it is refused.
 */
export function applyRegistrationPolicy(policy: RegistrationPolicy, registration: Registration): void {
  const { metadata, said, now } = registration;
  if (said["software_statement"] !== undefined) {
    throw refusal("invalid_software_statement", "software statements are not supported");
  }
  if (said["sector_identifier_uri"] !== undefined) refuse("sector_identifier_uri is not supported");
  checkName(metadata["client_name"]);
  metadata["application_type"] = typeOf(registration);
  checkMeans(policy, metadata);
  checkAddresses(policy, registration);
  checkPlaces(registration);
  Object.assign(metadata, scopesOf(policy, registration));
  if (policy.secretLifetime > 0 && typeof metadata["client_secret"] === "string") {
    metadata["client_secret_expires_at"] = Math.floor((now + policy.secretLifetime) / 1000);
  }
}

function checkName(name: unknown): void {
  if (name === undefined) return;
  const text = typeof name === "string" ? name : "";
  if (text.length > LONGEST_NAME || UNFIT_IN_NAMES.test(text) || !/[\p{L}\p{N}]/u.test(text)) {
    refuse(`client_name has at most ${LONGEST_NAME} characters that are seen, letters or digits among them`);
  }
}

/** Programs on people's machines seldom say that they are: what all their addresses tell counts. */
function typeOf({ metadata, said }: Registration): "web" | "native" {
  if (said["application_type"] !== undefined) return metadata["application_type"] === "native" ? "native" : "web";
  const addresses = textsOf(metadata["redirect_uris"]);
  const isNative = (address: string): boolean => {
    const url = URL.parse(address);
    return url !== null && (url.protocol === "http:" ? isThisMachine(url.hostname) : url.protocol !== "https:");
  };
  return addresses.length > 0 && addresses.every(isNative) ? "native" : "web";
}

function checkMeans(policy: RegistrationPolicy, metadata: Readonly<Record<string, unknown>>): void {
  if (metadata["token_endpoint_auth_method"] === "none" && !policy.publicClients) {
    refuse("clients without a secret do not register here");
  }
  const grant = textsOf(metadata["grant_types"]).find((type) => !policy.grantTypes.includes(type));
  if (grant !== undefined) refuse(`the grant type ${grant.slice(0, 100)} is not for clients that register`);
}

function checkAddresses({ redirectHosts }: RegistrationPolicy, { metadata, production }: Registration): void {
  const type = metadata["application_type"] === "native" ? "native" : "web";
  const afterwards = textsOf(metadata["post_logout_redirect_uris"]);
  const addresses = [...textsOf(metadata["redirect_uris"]), ...afterwards];
  if (addresses.length > MOST_ADDRESSES) refuse(`a client has at most ${MOST_ADDRESSES} addresses`);
  for (const address of addresses) {
    const fault = redirectFault(address, { type, production });
    if (fault !== undefined) throw refusal("invalid_redirect_uri", `${address.slice(0, 200)}: ${fault}`);
    const { protocol, hostname } = new URL(address);
    if (!/^https?:$/.test(protocol) || redirectHosts === "*" || (type === "native" && isThisMachine(hostname)))
      continue;
    if (!redirectHosts.some((host) => matchesHost(hostname, host))) {
      throw refusal("invalid_redirect_uri", `people are not sent to ${hostname} from here`);
    }
  }
}

/** Whether a host is one of a rule: `example.com` itself, or `.example.com`, whatever is below it. */
export function matchesHost(hostname: string, rule: string): boolean {
  return rule.startsWith(".") ? hostname.endsWith(rule) : hostname === rule;
}

function checkPlaces({ metadata, production }: Registration): void {
  for (const member of PLACES) {
    const address = metadata[member];
    if (address === undefined) continue;
    const url = typeof address === "string" ? URL.parse(address) : null;
    const safe = url !== null && (url.protocol === "https:" || (!production && url.protocol === "http:"));
    if (!safe || (production && isThisMachine(url.hostname))) refuse(`${member} must be an https address`);
  }
}

function scopesOf(policy: RegistrationPolicy, { said, resources }: Registration): Partial<ClientMetadata> {
  const asked = typeof said["scope"] === "string" ? said["scope"].split(" ") : undefined;
  const may = (scope: string): boolean => asked === undefined || asked.includes(scope);
  // Of people's scopes there is always one: a client without any would have all.
  const own = policy.scopes.filter(may);
  const known = Object.fromEntries(resources.map((each) => [each.resource, unreserved(each)]));
  const allowed = policy.resources ?? known;
  const byResource = Object.entries(known).flatMap(([resource, scopes]) => {
    const granted = scopes.filter((scope) => (allowed[resource] ?? []).includes(scope) && may(scope));
    return granted.length === 0 ? [] : [[resource, granted] as const];
  });
  if (own.length === 0 && byResource.length === 0) refuse("none of the scopes is for clients that register");
  return {
    scope: own.length === 0 ? "openid" : own.join(" "),
    resource_scopes: Object.fromEntries(byResource),
  };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function refuse(description: string): never {
  throw new errors.InvalidClientMetadata(description);
}

function refusal(error: string, description: string): Error {
  return new errors.CustomOIDCProviderError(error, description);
}
