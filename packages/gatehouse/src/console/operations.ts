import type { AnyAction } from "../kernel/action.ts";
import type { Clock } from "../kernel/clock.ts";
import type { InventoryRow } from "../kernel/gate.ts";
import type { AuditTrail } from "../kernel/ports/audit.ts";
import type { Bans } from "../kernel/ports/bans.ts";
import type { OneTimeLinks } from "../http/one-time-links.ts";
import { createAuditOperations } from "./audit/audit-operations.ts";
import type { EmergencySwitches } from "../kernel/ports/emergency.ts";
import { createBanOperations } from "./threat/ban-operations.ts";
import { createEmergencyOperations } from "./threat/emergency-operations.ts";
import { createKeyOperations, rotationOf, type KeyKeeper } from "./key-operations.ts";
import { createLinkOperations, type LinkTargets } from "./link-operations.ts";
import { createSystemOperations, type StoreKeeper } from "./system-operations.ts";

/** What operators need from the rest of the system. */
export interface OperationsParts {
  readonly bans: Bans;
  readonly emergency: EmergencySwitches;
  readonly trail: AuditTrail;
  readonly clock: Clock;
  readonly keys: KeyKeeper;
  /** Milliseconds after which keys are to be rotated. */
  readonly rotateAfter: number;
  readonly store: StoreKeeper;
  readonly links: OneTimeLinks;
  readonly linkTargets: LinkTargets;
  /** Where browsers reach a tenant, where tenants have addresses of their own. */
  readonly originOf?: ((tenant: string) => string | undefined) | undefined;
  readonly inventory: () => readonly InventoryRow[];
}

/** Everything an operator can do, the same from the console and the command line. */
export function createOperations(parts: OperationsParts): readonly AnyAction[] {
  return [
    ...createBanOperations(parts),
    ...createEmergencyOperations(parts),
    ...createAuditOperations(parts),
    ...createKeyOperations(parts),
    ...createLinkOperations(parts),
    ...createSystemOperations({ ...parts, rotation: () => rotationOf(parts) }),
  ];
}
