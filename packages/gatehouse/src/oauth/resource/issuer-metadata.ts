import { z } from "zod";
import { isLoopback } from "../../http/loopback.ts";
import { fetchDocument, IssuerUnavailableError, type IssuerFetch } from "./issuer-fetch.ts";

const Metadata = z.object({
  issuer: z.string(),
  jwks_uri: z.string().optional(),
  introspection_endpoint: z.string().optional(),
});

/** What an issuer says about itself, as far as a resource server needs it. */
export type IssuerMetadata = z.infer<typeof Metadata>;

/**
 * Reads what an issuer says about itself (RFC 8414 section 3; its older place in OpenID Connect Discovery where that is
 * all there is). What another issuer says of itself counts for nothing.
 * @throws {IssuerUnavailableError} when it cannot be had.
 */
export async function readIssuerMetadata(fetch: IssuerFetch, issuer: string): Promise<IssuerMetadata> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname === "/" ? "" : pathname;
  const document = await fetchDocument(fetch, `${origin}/.well-known/oauth-authorization-server${path}`).catch(
    (error: unknown) => {
      if (!(error instanceof IssuerUnavailableError)) throw error;
      return fetchDocument(fetch, `${origin}${path.replace(/\/$/, "")}/.well-known/openid-configuration`);
    },
  );
  const metadata = Metadata.safeParse(document);
  if (!metadata.success || metadata.data.issuer !== issuer) {
    throw new IssuerUnavailableError("The metadata is not that of the issuer.");
  }
  for (const address of [metadata.data.jwks_uri, metadata.data.introspection_endpoint]) {
    if (address !== undefined && !isPrivate(address)) throw new IssuerUnavailableError(`${address} is not encrypted.`);
  }
  return metadata.data;
}

/** Whether nobody on the way reads what goes to an address: it is encrypted, or does not leave this machine. */
export function isPrivate(address: string): boolean {
  const url = URL.parse(address);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.host));
}
