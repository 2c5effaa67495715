import type { ClientMetadata } from "./client-settings.ts";

/** A client that is not of the store, as it is known to the engine. */
export interface KnownClient {
  readonly id: string;
  /** Absent: a client of all tenants. */
  readonly tenant: string | undefined;
  readonly metadata: ClientMetadata;
  readonly secret: string | undefined;
}
