import type { Principal } from "gatehouse/kernel";

/** Whose entries and likes they are: a guest's, whatever session they come with; else the session's. */
export function writerOf({ type, id, session }: Principal): string {
  return type === "guest" ? id : (session ?? id);
}
