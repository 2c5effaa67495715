import type { Configuration } from "oidc-provider";

/** What the engine is told about clients besides where they are. */
export interface ClientFeatures {
  readonly configuration: Pick<
    Configuration,
    "fetch" | "fetchResponseBodyLimits" | "extraClientMetadata" | "clientBasedCORS"
  >;
  readonly features: Pick<
    NonNullable<Configuration["features"]>,
    "registration" | "registrationManagement" | "clientIdMetadataDocument"
  >;
  /** What the engine answers instead of a document it has made; `undefined`: just that. */
  readonly complete: (route: string, document: object) => object | undefined;
}
