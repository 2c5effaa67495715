import type { Attempt, Principal } from "../kernel/attempt.ts";
import { jsonDigest } from "../kernel/digest.ts";
import type { WorkActor, WorkProvenance } from "../kernel/ports/work-orders.ts";

/** What records say of the program that attempts something: its own words, and what the server has seen of it. */
export function provenanceOf({ program, peer }: Pick<Attempt, "program" | "peer">): WorkProvenance {
  const said = { ...program, ip: peer.ip };
  return { ...said, fingerprint: jsonDigest(said) };
}

/** A principal as records keep it. */
export function actorOf({ type, id, onBehalfOf }: Principal): WorkActor {
  return { type, id, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
}
