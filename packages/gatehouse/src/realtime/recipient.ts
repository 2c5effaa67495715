import type { Principal } from "../kernel/attempt.ts";

/** The identifier that all strangers share. */
export const STRANGER = "-";

/**
 * By what name principals are told apart where events are for one of them, and where members are listed: a user by the
 * identifier, everybody else with the type before it, as `guest:7f`. So a client whose identifier is that of a user hears
 * nothing that is the user's.
 */
export function recipientOf({ type, id }: Pick<Principal, "type" | "id">): string {
  if (type === "anonymous") return STRANGER;
  return type === "user" && !id.includes(":") ? id : `${type}:${id}`;
}
