import * as oauth from "openid-client";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { relyingPartyEvents } from "./events.ts";
import { SIGNATURES, type KnownIssuer } from "./issuer-client.ts";
import type { KeptTokens } from "./logins.ts";
import type { PendingSignIn } from "./pending-sign-ins.ts";
import { relyingPartyProblems } from "./problems.ts";

/** What an application demands of how people sign in. */
export interface SignInRequirement {
  /** Authentication contexts of which one must have been reached, best first: `aal2`. */
  readonly acrValues?: readonly string[];
  /** Seconds since the person proved who they are, at most. */
  readonly maxAge?: number;
}

/** How the protocol is spoken beyond what everybody does. */
export interface ProtocolOptions {
  readonly requirement?: SignInRequirement;
  /** Binds tokens to a key of this application (RFC 9449). Default false. */
  readonly dpop?: boolean;
  /** Asks for claims at the userinfo endpoint as well: those of `profile` and `email` are not in ID tokens. Default false. */
  readonly userInfo?: boolean;
}

/** What the issuer said about who has signed in. */
export interface Exchanged {
  readonly claims: oauth.IDToken;
  readonly idToken: string;
  readonly tokens: Omit<KeptTokens, "expiresAt"> & { readonly lifetime: number };
}

/** Seconds a token lives of which the issuer does not say. */
const UNSAID_LIFETIME = 300;

/**
 * Exchanges the code of an authorization response for tokens, and checks all that was said: state, issuer (RFC 9207),
 * signature, audience, nonce and times, and whether the person signed in as strongly as is demanded.
 */
export async function exchangeCode(
  { configuration }: KnownIssuer,
  { url, pending }: { readonly url: URL; readonly pending: PendingSignIn },
  { requirement = {}, dpop = false, userInfo = false }: ProtocolOptions,
): Promise<Exchanged | Denial> {
  const pair = dpop ? await oauth.randomDPoPKeyPair("ES256", { extractable: true }) : undefined;
  const proof = pair === undefined ? {} : { DPoP: oauth.getDPoPHandle(configuration, pair) };
  const { maxAge, acrValues = [] } = requirement;
  const checks = {
    ...{ expectedState: pending.state, expectedNonce: pending.nonce, pkceCodeVerifier: pending.verifier },
    ...(maxAge === undefined ? {} : { maxAge }),
  };
  const response = await oauth.authorizationCodeGrant(configuration, url, checks, undefined, proof);
  const { id_token: idToken, access_token: access, refresh_token: refresh } = response;
  const said = response.claims();
  if (said === undefined || idToken === undefined) return failed("no ID token");
  if (!SIGNATURES.includes(algorithmOf(idToken))) return failed("signature algorithm");
  if (acrValues.length > 0 && !acrValues.includes(String(said["acr"]))) {
    const context = { acr: String(said["acr"]).slice(0, 100) };
    return deny(relyingPartyProblems.SIGN_IN_TOO_WEAK, { event: relyingPartyEvents.oauth_sign_in_fail, context });
  }
  const more = userInfo ? await oauth.fetchUserInfo(configuration, access, said.sub, proof) : {};
  const key = pair === undefined ? {} : { key: await exportPair(pair) };
  const tokens = { access, ...(refresh === undefined ? {} : { refresh }), ...key };
  return {
    // What the ID token says is signed, and counts before the rest.
    claims: { ...more, ...said },
    idToken,
    tokens: { ...tokens, lifetime: (response.expires_in ?? UNSAID_LIFETIME) * 1000 },
  };
}

/** What proves possession of the key that kept tokens are bound to. */
export async function proofOf(
  { configuration }: KnownIssuer,
  { key }: Pick<KeptTokens, "key">,
): Promise<oauth.DPoPOptions> {
  if (key === undefined) return {};
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const [publicKey, privateKey] = await Promise.all([
    crypto.subtle.importKey("jwk", key.publicKey, algorithm, true, ["verify"]),
    crypto.subtle.importKey("jwk", key.privateKey, algorithm, false, ["sign"]),
  ]);
  return { DPoP: oauth.getDPoPHandle(configuration, { publicKey, privateKey }) };
}

/** Tokens in the place of those that have expired. */
export async function refreshTokens(
  issuer: KnownIssuer,
  tokens: KeptTokens & { readonly refresh: string },
): Promise<Exchanged["tokens"]> {
  const proof = await proofOf(issuer, tokens);
  const response = await oauth.refreshTokenGrant(issuer.configuration, tokens.refresh, undefined, proof);
  const { access_token: access, refresh_token: refresh = tokens.refresh, expires_in: seconds } = response;
  const { key } = tokens;
  return { access, refresh, ...(key === undefined ? {} : { key }), lifetime: (seconds ?? UNSAID_LIFETIME) * 1000 };
}

async function exportPair({ publicKey, privateKey }: oauth.CryptoKeyPair): Promise<NonNullable<KeptTokens["key"]>> {
  const [exportedPublic, exportedPrivate] = await Promise.all(
    [publicKey, privateKey].map((key) => crypto.subtle.exportKey("jwk", key)),
  );
  return { publicKey: { ...exportedPublic }, privateKey: { ...exportedPrivate } };
}

function algorithmOf(token: string): string {
  const [head = ""] = token.split(".");
  const header: unknown = JSON.parse(Buffer.from(head, "base64url").toString());
  return typeof header === "object" && header !== null && "alg" in header ? String(header.alg) : "none";
}

function failed(reason: string): Denial {
  return deny(relyingPartyProblems.SIGN_IN_FAILED, {
    event: relyingPartyEvents.oauth_sign_in_fail,
    context: { reason },
  });
}
