import { PROOF_ALGORITHMS } from "./algorithms.ts";
import type { OAuthResource } from "./oauth-resource.ts";

/** The metadata of a resource (RFC 9728 section 2): who issues tokens for it, and for what. */
export function metadataOf(
  resource: OAuthResource,
  { tenant, issuers }: { readonly tenant: string; readonly issuers: readonly string[] },
): Readonly<Record<string, unknown>> {
  const { scopes, name, documentation, boundTokensOnly } = resource;
  return {
    resource: resource.resourceOf(tenant),
    authorization_servers: issuers,
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    ...(boundTokensOnly ? { dpop_bound_access_tokens_required: true } : {}),
    ...(name === undefined ? {} : { resource_name: name }),
    ...(documentation === undefined ? {} : { resource_documentation: documentation }),
  };
}
