import type { MediaGrant, MediaGrants, MediaScope, Principal, ReadTransaction } from "gatehouse/kernel";
import { findEventById, isHost, type GalleryEvent } from "./events.ts";

/** What somebody may do at an event. */
export interface Viewer {
  /** Whether they may look at its page. */
  readonly sees: boolean;
  readonly isHost: boolean;
  /** What they may do with its photos. */
  readonly scopes: ReadonlySet<MediaScope>;
}

/** What viewers are looked up with. */
export interface ViewerParts {
  readonly grants: Pick<MediaGrants, "of">;
}

interface Looking {
  readonly principal: Principal;
  readonly event: Pick<GalleryEvent, "id" | "tenant" | "visibility">;
}

const NOTHING: ReadonlySet<MediaScope> = new Set();

/** Looks up what somebody may do at an event. */
export async function viewerOf(
  transaction: ReadTransaction,
  { grants }: ViewerParts,
  { principal, event }: Looking,
): Promise<Viewer> {
  const grant = await grants.of(transaction, { principal, collection: event.id });
  const host = grant !== undefined && isHostGrant(grant);
  return {
    sees: grant !== undefined || event.visibility === "open",
    isHost: host,
    scopes: grant?.scopes ?? NOTHING,
  };
}

/** Whether somebody may look at an event now, whatever the page they ask from was shown for. */
export async function seesEvent(
  transaction: ReadTransaction,
  parts: ViewerParts,
  { tenant, principal, eventId }: { readonly tenant: string; readonly principal: Principal; readonly eventId: string },
): Promise<boolean> {
  const event = await findEventById(transaction, tenant, eventId);
  return event !== undefined && (await viewerOf(transaction, parts, { principal, event })).sees;
}

const PREFIX = "host:";
const ALL: ReadonlySet<MediaScope> = new Set<MediaScope>(["view", "upload", "download", "moderate"]);

/** The grants that hosts have at their events, by their accounts. */
export const hostGrants: MediaGrants = {
  async of(transaction, { principal, collection }) {
    const { type, tenant, id: account } = principal;
    if (type !== "user" || !(await isHost(transaction, { tenant, account, eventId: collection }))) return undefined;
    return {
      ...{ id: PREFIX + collection, generation: 1, tenant, collection, scopes: ALL },
      ...{ quota: undefined, expiresAt: undefined },
    };
  },
  generation: ({ id }) => (id.startsWith(PREFIX) ? 1 : undefined),
};

/** Whether a grant is that of a host. */
export function isHostGrant({ id }: MediaGrant): boolean {
  return id.startsWith(PREFIX);
}
