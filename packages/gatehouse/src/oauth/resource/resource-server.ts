import type { Hono } from "hono";
import type { Authenticator } from "../../guards/authenticate.ts";
import type { Edge } from "../../http/edge.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { OAuthResource } from "./oauth-resource.ts";
import { replaysInDocuments, type ProofReplays } from "./proof-replays.ts";
import { Proofs } from "./proofs.ts";
import { createMetadataRoutes, type MetadataPlace } from "./routes.ts";
import { TokenAuthenticator } from "./token-authenticator.ts";
import type { TokenIssuer } from "./token-issuer.ts";

/** What a resource server is made from; the services of an application have most of it. */
export interface ResourceServerParts {
  readonly edge: Edge;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly store: Store;
  readonly documents: Documents;
  /** Whose metadata is published. */
  readonly resources: readonly OAuthResource[];
  /** Whose tokens count. Of one tenant at most one is asked about tokens that say nothing themselves. */
  readonly issuers: readonly TokenIssuer[];
  /** Whether a client is an agent: a program that decides by itself what to do for somebody. Default: none is. */
  readonly isAgent?: (client: string) => boolean;
  /** Whether proofs need a nonce of ours, which clients fetch by themselves. Default true. */
  readonly proofNonces?: boolean;
  /** For a resource server beside another: what its action is named, and where its metadata are. Default: all there are. */
  readonly metadata?: MetadataPlace;
  /** Where it is kept which proofs were used. Default: in the store. */
  readonly proofReplays?: ProofReplays;
}

/** What an application adds to serve protected resources. */
export interface ResourceServer {
  readonly actions: readonly AnyAction[];
  readonly authenticators: { readonly bearer: Authenticator<"bearer"> };
  /** The metadata of the resources. */
  readonly routes: Hono;
}

/**
 * Recognises access tokens at every entrance, for actions whose rule is `oauth`, and publishes where to get them.
 * @throws {TypeError} when two issuers of a tenant would be asked about the same tokens: the one whose token it is not
 * could use it.
 */
export function createResourceServer(parts: ResourceServerParts): ResourceServer {
  const { issuers, proofNonces = true, proofReplays = replaysInDocuments(parts), isAgent = () => false } = parts;
  checkLookUps(issuers);
  const proofs = new Proofs({ ...parts, replays: proofReplays, nonces: proofNonces });
  const bearer = new TokenAuthenticator({ ...parts, proofs, isAgent });
  return { ...createMetadataRoutes(parts), authenticators: { bearer } };
}

function checkLookUps(issuers: readonly TokenIssuer[]): void {
  const asked = issuers.filter(({ looksUp }) => looksUp).map(({ tenant }) => tenant);
  const everyones = asked.includes(undefined) && asked.length > 1;
  if (everyones || new Set(asked).size < asked.length) {
    throw new TypeError("At most one issuer of a tenant can be asked what a token means.");
  }
}
