import { z } from "zod";
import type { StoredGrant } from "../../kernel/ports/oauth-grants.ts";
import type { ArtifactCodec } from "../engine/artifact-codec.ts";
import { KnownPlace, Place } from "./place.ts";
import { subnetOf, type SubnetPrefixes } from "./policy.ts";

/** Reads what was kept of a grant. */
export const GrantBody = z.object({
  /** The browser in which the person consented. */
  signIn: Place.optional(),
  /** Whoever fetched tokens last: an application, or the server of one. */
  last: KnownPlace.optional(),
});
/** What is known of where a grant was used. */
export type GrantBody = z.infer<typeof GrantBody>;

/** Seals what belongs to one grant. */
export function sealGrantBody(codec: ArtifactCodec, key: string, body: GrantBody): string {
  return codec.seal(bodyKey(key), body);
}

/** What was sealed; nothing where there is no grant, or it has ended. */
export function openGrantBody(codec: ArtifactCodec, grant: StoredGrant | undefined): GrantBody {
  if (grant === undefined || grant.body === "") return {};
  return GrantBody.parse(codec.open(bodyKey(grant.key), grant.body));
}

/** The keyed hashes by which a use from a place is found. */
export function tracesOf(codec: ArtifactCodec, { device, ip }: Place, prefixes: SubnetPrefixes): readonly string[] {
  return [codec.traceOf("device", device), codec.traceOf("ip", ip), codec.traceOf("subnet", subnetOf(ip, prefixes))];
}

function bodyKey(key: string): string {
  return `grant:${key}`;
}
