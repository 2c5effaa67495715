import type { Sessions } from "../../kernel/ports/sessions.ts";
import type { Services } from "../application.ts";

/** What work orders are opened with. */
export interface WorkOptions {
  readonly services: Services;
  readonly sessions: Sessions;
  /** Where a tenant's resources are. */
  readonly originOf: (tenant: string) => string;
  readonly report: (error: unknown) => void;
}
