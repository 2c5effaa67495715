import type { AdapterPayload } from "oidc-provider";
import type { ClientFeatures } from "./client-features.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

/** Where the engine finds clients, and what lets them register. All of it happens within a unit of work. */
export interface ClientSource {
  /** `undefined` where there is none, or it is disabled. */
  find(work: UnitOfWork, id: string): Promise<AdapterPayload | undefined>;
  /** Keeps a client that registers, or changes what it says of itself. */
  put(work: UnitOfWork, id: string, metadata: AdapterPayload): Promise<void>;
  remove(work: UnitOfWork, id: string): Promise<void>;
  /** Whether a client has a secret. */
  hasSecret(work: UnitOfWork, id: string, secret: string): Promise<boolean>;
  /** The token that lets its bearer register; taking it counts as a use once the registration is committed. */
  findToken(work: UnitOfWork, token: string): Promise<AdapterPayload | undefined>;
  /** `work` is the unit of work of the current call. */
  features(work: () => UnitOfWork): ClientFeatures;
}
