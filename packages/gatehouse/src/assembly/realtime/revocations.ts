import { z } from "zod";
import { identityEvents } from "../../identity/events.ts";
import { parseJson } from "../../kernel/config/kind.ts";
import type { SecurityEvent } from "../../kernel/event.ts";
import type { Connections } from "../../realtime/connection/connections.ts";
import type { ConnectionFilter } from "../../realtime/connection/registry.ts";
import { subscribeLastingly } from "../../store/lasting-subscription.ts";
import type { Services } from "../application.ts";
import type { MountedGuests } from "../guests/mounted-guests.ts";

const TOPIC = "gatehouse.realtime.revoked";

/** What may have taken something from somebody who is connected. */
const REVOKING: ReadonlySet<string> = new Set(
  [
    ...[identityEvents.oauth_grant_revoked, identityEvents.oauth_grant_reused],
    ...[identityEvents.oauth_client_disabled, identityEvents.oauth_client_deleted],
    ...[identityEvents.account_sessions_ended, identityEvents.account_grant_withdrawn],
    ...[identityEvents.authn_password_change, identityEvents.user_signed_out, identityEvents.user_factors_reset],
    ...[identityEvents.user_updated, identityEvents.user_disabled, identityEvents.user_deleted],
  ].map(({ name }) => name),
);

const tidings = z.union([
  z.strictObject({ session: z.string() }),
  z.strictObject({ tenant: z.string(), concerning: z.array(z.string()).max(16) }),
]);
type Tidings = z.infer<typeof tidings>;

/** What revocations are heard of by. */
export interface RevocationParts {
  readonly services: Services;
  /** Tells of join tokens on every server by itself. */
  readonly guests: Pick<MountedGuests, "onRevoked">;
  readonly connections: Pick<Connections, "refresh">;
  readonly report: (error: unknown) => void;
}

/**
 * Has connections look at once at what they came with when a session ends, a grant is withdrawn, an account changes or a
 * join token is revoked, on every server. What is missed here they see at their next sign of life.
 */
export async function watchRevocations(parts: RevocationParts): Promise<AsyncDisposable> {
  const { services, guests, connections, report } = parts;
  const { bus, edge, events } = services;
  const tell = (told: Tidings): void => {
    look(parts, told);
    bus.publish(TOPIC, JSON.stringify(told)).catch(report);
  };
  const ends = edge.sessions.onEnd((session) => tell({ session }));
  const heard = events.subscribe((event) => {
    if (event.name === identityEvents.oauth_token_revoked.name) tell({ session: String(event.context["fingerprint"]) });
    if (REVOKING.has(event.name) && event.outcome === "success") tell(concernedBy(event));
  });
  const invitations = guests.onRevoked(() => void connections.refresh({ invited: true }).catch(report));
  const subscription = await subscribeLastingly(bus, TOPIC, { heard: (message) => hear(parts, message), report });
  return {
    async [Symbol.asyncDispose]() {
      ends[Symbol.dispose]();
      invitations[Symbol.dispose]();
      heard[Symbol.dispose]();
      await subscription[Symbol.asyncDispose]();
    },
  };
}

/** What was missed while the bus was away, connections see at their next sign of life. */
function hear(parts: RevocationParts, message: string | undefined): void {
  const parsed = tidings.safeParse(message === undefined ? undefined : parseJson(message));
  if (parsed.success) look(parts, parsed.data);
}

function look({ connections, report }: RevocationParts, told: Tidings): void {
  const filter: ConnectionFilter =
    "session" in told ? told : { tenant: told.tenant, concerning: new Set(told.concerning) };
  connections.refresh(filter).catch(report);
}

/** Everybody whom an event names. Somebody too many looks once more, and finds nothing. */
function concernedBy({ tenant, actor, target, context }: SecurityEvent): Tidings {
  const named = [actor.id, actor.onBehalfOf, target, context["account"], context["client"]];
  return { tenant, concerning: named.filter((name) => typeof name === "string") };
}
