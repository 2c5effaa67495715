import type { Principal, ReadTransaction } from "gatehouse/kernel";
import { isHost, type GalleryEvent } from "./events.ts";

/** What somebody may do at an event, photos aside. */
export interface Viewer {
  /** Whether they may look at its page. */
  readonly sees: boolean;
  readonly isHost: boolean;
}

/** Looks up what somebody may do at an event. */
export async function viewerOf(
  transaction: ReadTransaction,
  principal: Principal,
  event: Pick<GalleryEvent, "id" | "tenant" | "visibility">,
): Promise<Viewer> {
  const host =
    principal.type === "user" &&
    (await isHost(transaction, { tenant: event.tenant, account: principal.id, eventId: event.id }));
  return { sees: host || event.visibility === "open", isHost: host };
}
