import { parseAuthorization } from "../../http/authorization.ts";
import { isDenial } from "../../kernel/outcome.ts";

/** Of tokens, which name no client. */
const NO_PROOF = { text: "", method: "", url: "" };

/** The client a request says it comes from: in Basic credentials (RFC 6749 section 2.3.1) or as a parameter. */
export function claimedClientOf(
  headers: Headers,
  { client_id: named }: Readonly<Record<string, string>>,
): string | undefined {
  const header = headers.get("authorization");
  const credential = header === null ? undefined : parseAuthorization(header, NO_PROOF);
  if (credential === undefined || isDenial(credential) || credential.kind !== "client") return named;
  return credential.id;
}
