import type { Client, Configuration, KoaContextWithOIDC } from "oidc-provider";
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { RESOURCE_SCOPES, type ProtectedResource } from "../engine/configuration.ts";
import type { ClientFeatures } from "../engine/client-features.ts";
import type { UnitOfWork } from "../engine/unit-of-work.ts";
import type { ClientCodec } from "./client-codec.ts";
import { newClientId, newClientSecret } from "./client-secrets.ts";
import type { ClientMetadata } from "./client-settings.ts";
import type { DocumentPolicy, MetadataDocuments } from "./metadata-documents.ts";
import type { OwnClients } from "./own-clients.ts";
import { applyRegistrationPolicy, type RegistrationPolicy } from "./registration-policy.ts";

/** Who may register clients: nobody, who has a token of an operator, or everybody. */
export type RegistrationAccess = "off" | "token" | "open";

/** What the engine's features for clients are made from. */
export interface EngineFeaturesParts {
  readonly codec: ClientCodec;
  readonly documents: MetadataDocuments;
  readonly documentPolicy: DocumentPolicy;
  readonly access: RegistrationAccess;
  readonly policy: RegistrationPolicy;
  readonly resources: readonly ProtectedResource[];
  readonly production: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: typeof fetch;
  readonly own: Pick<OwnClients, "isToldAt">;
  readonly fetchOwn?: ((visitor: string | undefined) => typeof fetch) | undefined;
  /** Origins whose pages may use any client. */
  readonly origins: readonly string[];
}

/** Version of the draft the engine implements; it refuses to start with another one. */
const DOCUMENT_DRAFT = "draft-02";
const REGISTRATION_ROUTES: ReadonlySet<string> = new Set(["registration", "client", "client_update"]);

/** What the engine is told about registration, documents of clients, and what it may fetch for them. */
export function engineFeatures(parts: EngineFeaturesParts, work: () => UnitOfWork): ClientFeatures {
  const { access, random, origins } = parts;
  const enabled = access !== "off";
  return {
    configuration: {
      fetch: (input, init) => fetchFor(parts, work(), input)(input, init),
      fetchResponseBodyLimits: { jwks_uri: 64 * 1024, sector_identifier_uri: 64 * 1024 },
      extraClientMetadata: {
        properties: [RESOURCE_SCOPES],
        validator: (...given) => judge(parts, given[0], given[3]),
      },
      // Browsers name their own origin too, where the server's own pages send something.
      clientBasedCORS: ({ oidc }, origin, client) =>
        origin === oidc.issuer || origins.includes(origin) || isPageOf(client, origin),
    },
    features: {
      registration: {
        enabled,
        ...(enabled ? { initialAccessToken: access === "token", issueRegistrationAccessToken: true } : {}),
        idFactory: () => newClientId(random),
        secretFactory: () => newClientSecret(random),
      },
      registrationManagement: { enabled, ...(enabled ? { rotateRegistrationAccessToken: true } : {}) },
      ...documentFeature(parts, work),
    },
    complete: (route, document) =>
      REGISTRATION_ROUTES.has(route) ? registered(parts.codec, document, work().codec.tenant) : undefined,
  };
}

/** What is for a client in the process takes no way that could lead elsewhere, and counts against who caused it. */
function fetchFor(
  { fetch, fetchOwn, own }: EngineFeaturesParts,
  { codec, visitor }: UnitOfWork,
  input: Parameters<typeof fetch>[0],
): typeof fetch {
  const address = input instanceof Request ? input.url : String(input);
  return fetchOwn !== undefined && own.isToldAt(codec.tenant, address) ? fetchOwn(visitor) : fetch;
}

function documentFeature(
  { documents, documentPolicy: { hosts, keep } }: EngineFeaturesParts,
  work: () => UnitOfWork,
): Pick<NonNullable<Configuration["features"]>, "clientIdMetadataDocument"> {
  if (hosts.length === 0) return {};
  return {
    clientIdMetadataDocument: {
      ...{ enabled: true, ack: DOCUMENT_DRAFT, cacheDuration: keep },
      allowFetch: (context, id) => documents.mayFetch(context, id),
      allowClient: (_context, client) => documents.mayUse(work(), client),
    },
  };
}

/** Holds clients that come by themselves to the policy, and no others: what operators have made was judged then. */
function judge(
  { policy, resources, production, clock }: EngineFeaturesParts,
  context: KoaContextWithOIDC | undefined,
  given: object,
): void {
  // The metadata as the engine is completing it, by their standard names.
  const metadata = given as Record<string, unknown>;
  const shared = { metadata, resources, production, now: clock.now() };
  if (context !== undefined) {
    applyRegistrationPolicy(policy, { ...shared, said: saidIn(context) });
  } else if (/^https:/i.test(String(metadata["client_id"]))) {
    // A document says what a client is to every server: what we do not offer of it does not matter.
    const grants = metadata["grant_types"];
    if (Array.isArray(grants)) {
      metadata["grant_types"] = grants.filter((grant) => policy.grantTypes.includes(String(grant)));
    }
    const { application_type: _, ...said } = metadata;
    applyRegistrationPolicy(policy, { ...shared, said });
  }
}

function saidIn({ oidc }: KoaContextWithOIDC): Readonly<Record<string, unknown>> {
  return oidc.body ?? {};
}

/** A page of a client that has no secret is where its redirects lead. */
function isPageOf({ redirectUris = [], tokenEndpointAuthMethod }: Client, origin: string): boolean {
  if (tokenEndpointAuthMethod !== "none" || origin === "null") return false;
  return redirectUris.some((address) => URL.parse(address)?.origin === origin);
}

/** Tells a client what was registered: all its scopes in one, and nothing in place of a secret that nobody knows. */
function registered(codec: ClientCodec, given: object, tenant: string): object {
  // What the engine answers on these routes: a client's metadata, and how it is managed.
  const { [RESOURCE_SCOPES]: byResource = {}, scope, client_secret: secret, ...rest } = given as ClientMetadata;
  const { client_secret_expires_at: expires = 0, ...document } = rest;
  const known = secret !== undefined && secret !== codec.placeholder({ tenant, id: rest.client_id ?? "" });
  return {
    ...document,
    ...(known ? { client_secret: secret, client_secret_expires_at: expires } : {}),
    scope: [scope ?? [], ...Object.values(byResource)].flat().join(" "),
  };
}
