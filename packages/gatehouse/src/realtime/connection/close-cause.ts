import { anonymousPrincipal, type Principal } from "../../kernel/attempt.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import type { Admitted } from "../admitted.ts";
import type { Disconnect } from "../protocol/codes.ts";
import type { Transport } from "../transport.ts";
import { CONNECT } from "./connect-action.ts";
import type { ConnectionParts } from "./parts.ts";

/** Why a connection is closed. */
export interface CloseCause {
  readonly disconnect: Disconnect;
  /** What is recorded of it. */
  readonly event?: EventDefinition;
}

/** The connection that is closed. */
export interface Closing {
  readonly client: string;
  readonly admitted: Admitted;
  readonly transport: Transport;
  readonly principal: Principal | undefined;
}

/** Emits the event of a connection that the server closes. */
export function recordClose(
  { ids, clock, events }: Pick<ConnectionParts, "ids" | "clock" | "events">,
  { client, admitted: { tenant, peer }, transport, principal }: Closing,
  { disconnect: { code, reason }, event }: Required<CloseCause>,
): void {
  const { type, id } = principal ?? anonymousPrincipal(tenant);
  events.emit({
    ...{ id: ids.next(), at: clock.now(), name: event.name, level: event.level, tenant },
    actor: { type, id },
    source: { entrance: "realtime", ip: peer.ip },
    action: CONNECT,
    outcome: "denied",
    requestId: client,
    context: { code, reason, transport: transport.kind },
  });
}
