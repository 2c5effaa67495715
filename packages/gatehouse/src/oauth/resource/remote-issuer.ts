import { SINGLE_TENANT } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { AccessToken } from "../../kernel/ports/access-tokens.ts";
import { isSigned, PUBLIC_KEY_ALGORITHMS, type PublicKeyAlgorithm } from "./algorithms.ts";
import { resourceEvents } from "./events.ts";
import { fetchDocument, IssuerUnavailableError, type IssuerFetch } from "./issuer-fetch.ts";
import { isPrivate, readIssuerMetadata, type IssuerMetadata } from "./issuer-metadata.ts";
import { KeptDocument } from "./kept-document.ts";
import { LookedUpTokens, type IntrospectionOptions } from "./looked-up-tokens.ts";
import { resourceProblems } from "./problems.ts";
import { SignedTokens } from "./signed-tokens.ts";
import type { TokenIssuer } from "./token-issuer.ts";

/** An issuer elsewhere. */
export interface RemoteIssuerOptions {
  /** Its identifier, character by character: an https address; http only on this machine. */
  readonly issuer: string;
  readonly clock: Pick<Clock, "now">;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  /** The tenant whose tokens it issues. Default: that of installations with only one. */
  readonly tenant?: string;
  /** By which it signs. Default: every algorithm with a public key. */
  readonly algorithms?: readonly PublicKeyAlgorithm[];
  /** Credentials to ask it with what a token means that says nothing itself. Without them such tokens are refused. */
  readonly introspection?: IntrospectionOptions;
  /** Default: the machine's. */
  readonly fetch?: IssuerFetch;
}

/** Seconds. */
const RETRY_AFTER = 5;

/**
 * An issuer elsewhere. Its signed tokens (RFC 9068) are checked here, by its keys; of others it is asked. Its addresses
 * are those of its metadata.
 * @throws {TypeError} when its identifier is not an encrypted address, or an algorithm has no public key.
 */
export function remoteIssuer(options: RemoteIssuerOptions): TokenIssuer {
  const { issuer, tenant = SINGLE_TENANT, algorithms = PUBLIC_KEY_ALGORITHMS, introspection } = options;
  if (!isPrivate(issuer)) throw new TypeError(`The issuer "${issuer}" is not an https address.`);
  const unfit = algorithms.find((algorithm) => !PUBLIC_KEY_ALGORITHMS.includes(algorithm));
  if (unfit !== undefined) throw new TypeError(`Tokens of others cannot be checked by the algorithm "${unfit}".`);
  const { clock, keyRing, fetch = globalThis.fetch } = options;
  const metadata = new KeptDocument({ clock, load: () => readIssuerMetadata(fetch, issuer) });
  const address = async (name: "jwks_uri" | "introspection_endpoint"): Promise<string> =>
    required(await metadata.get(), name);
  const fetchKeys = async (): Promise<unknown> => fetchDocument(fetch, await address("jwks_uri"));
  const signed = new SignedTokens({ issuer, algorithms, clock, fetchKeys });
  const lookedUp =
    introspection === undefined
      ? undefined
      : new LookedUpTokens({
          ...{ ...introspection, issuer, fetch, keyRing, clock },
          endpoint: () => address("introspection_endpoint"),
        });
  return {
    tenant,
    looksUp: lookedUp !== undefined,
    issuerOf: () => issuer,
    find: (_tenant, token) => available(async () => (isSigned(token) ? signed.find(token) : lookedUp?.find(token))),
  };
}

function required(metadata: IssuerMetadata, name: "jwks_uri" | "introspection_endpoint"): string {
  const address = metadata[name];
  if (address === undefined) throw new IssuerUnavailableError(`The metadata has no ${name}.`);
  return address;
}

/** A token is not called wrong because it cannot be checked: its bearer would throw it away. */
async function available(find: () => Promise<AccessToken | undefined>): Promise<AccessToken | Denial | undefined> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof IssuerUnavailableError)) throw error;
    return deny(resourceProblems.ISSUER_UNAVAILABLE, {
      retryAfter: RETRY_AFTER,
      event: resourceEvents.oauth_issuer_unavailable,
      context: { reason: error.message },
    });
  }
}
