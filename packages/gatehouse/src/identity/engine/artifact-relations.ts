import type { AdapterPayload } from "oidc-provider";
import type { ArtifactCodec } from "./artifact-codec.ts";

/** What ends with a grant. A question to a person names the grant there is, and is still to be answered without it. */
export function grantOf(codec: ArtifactCodec, kind: string, { grantId }: AdapterPayload): string | undefined {
  return grantId === undefined || kind === "Interaction" ? undefined : codec.keyOf("Grant", grantId);
}

/** Whose it is. Of a question it is whoever has answered it: what signs an account out also ends its signing in. */
export function accountOf({ accountId, result }: AdapterPayload): string | undefined {
  return result?.login?.accountId ?? accountId;
}

/** The second key of what can be found by another of its names. */
export function aliasOf(codec: ArtifactCodec, kind: string, { uid, userCode }: AdapterPayload): string | undefined {
  if (kind === "Session" && uid !== undefined) return codec.aliasOf(kind, "uid", uid);
  if (kind === "DeviceCode" && userCode !== undefined) return codec.aliasOf(kind, "userCode", userCode);
  return undefined;
}
