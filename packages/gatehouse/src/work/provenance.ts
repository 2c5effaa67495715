import { createHash } from "node:crypto";
import type { Attempt, Principal } from "../kernel/attempt.ts";
import { base64url, canonicalJson } from "../kernel/codec.ts";
import type { WorkActor, WorkProvenance } from "../kernel/ports/work-orders.ts";

/** What records say of the program that attempts something: its own words, and what the server has seen of it. */
export function provenanceOf({ program, peer }: Pick<Attempt, "program" | "peer">): WorkProvenance {
  const said = { ...program, ip: peer.ip };
  const fingerprint = base64url(createHash("sha256").update(canonicalJson(said)).digest());
  return { ...said, fingerprint };
}

/** A principal as records keep it. */
export function actorOf({ type, id, onBehalfOf }: Principal): WorkActor {
  return { type, id, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
}
