/** A protected resource as its author declares it. */
export interface OAuthResourceDefinition<Scope extends string> {
  /**
   * Its identifier: an absolute URL without a fragment, which tokens have to have as an audience, character by
   * character. A function where every tenant has one of its own.
   */
  readonly resource: string | ((tenant: string) => string);
  /** Scopes it knows. */
  readonly scopes: readonly Scope[];
  /** What people call it. */
  readonly name?: string;
  /** The address of its documentation for developers. */
  readonly documentation?: string;
  /** Whether only tokens count that are bound to a key of their bearer's (RFC 9449). Default false. */
  readonly boundTokensOnly?: boolean;
}

/** A protected resource. */
export interface OAuthResource<Scope extends string = string> {
  readonly scopes: readonly Scope[];
  readonly name: string | undefined;
  readonly documentation: string | undefined;
  readonly boundTokensOnly: boolean;
  /** Its identifier for a tenant. */
  resourceOf(tenant: string): string;
}

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Declares a protected resource: `oauth` asks for tokens for it, and a resource server publishes its metadata.
 * @throws {TypeError} for an identifier or scope that is malformed.
 */
export function defineResource<const Scope extends string>(
  definition: OAuthResourceDefinition<Scope>,
): OAuthResource<Scope> {
  const { resource, scopes, name, documentation, boundTokensOnly = false } = definition;
  for (const scope of scopes) if (!SCOPE.test(scope)) throw new TypeError(`"${scope}" is not a scope.`);
  const resourceOf = typeof resource === "string" ? checked(resource) : (tenant: string) => checked(resource(tenant))();
  return Object.freeze({ scopes, name, documentation, boundTokensOnly, resourceOf });
}

function checked(identifier: string): () => string {
  const url = URL.parse(identifier);
  const absolute = url !== null && (url.protocol === "https:" || url.protocol === "http:");
  if (!absolute || /[#"\\\s]/.test(identifier) || url.username !== "" || url.password !== "") {
    throw new TypeError(`The resource "${identifier}" is not an absolute http or https URL without a fragment.`);
  }
  return () => identifier;
}

/** Path below which metadata of protected resources is found (RFC 9728 section 3). */
export const METADATA_PATH = "/.well-known/oauth-protected-resource";

/** The address of a resource's metadata: the well-known path goes between host and path (RFC 9728 section 3.1). */
export function metadataAddress(resource: string): string {
  const { origin, pathname, search } = new URL(resource);
  return `${origin}${METADATA_PATH}${pathname === "/" ? "" : pathname}${search}`;
}
