import type { AnyAction } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Counters } from "../../kernel/ports/counters.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { OAuthClients } from "../../kernel/ports/oauth-clients.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import type { ClientSource } from "../engine/client-source.ts";
import type { ProtectedResource } from "../engine/configuration.ts";
import { ClientCodec } from "./client-codec.ts";
import { ClientRegistry } from "./client-registry.ts";
import { ClientSecrets } from "./client-secrets.ts";
import type { StaticClient } from "./client-settings.ts";
import { EngineClients } from "./engine-clients.ts";
import { engineFeatures, type RegistrationAccess } from "./engine-features.ts";
import { DOCUMENT_POLICY, MetadataDocuments, type DocumentPolicy } from "./metadata-documents.ts";
import { OwnClients } from "./own-clients.ts";
import { createClientOperations, type ClientOperationsParts } from "./operations.ts";
import { createOutboundFetch, type OutboundOptions } from "./outbound-fetch.ts";
import { REGISTRATION_POLICY, type RegistrationPolicy } from "./registration-policy.ts";
import { RegistrationTokens } from "./registration-tokens.ts";
import { resealClients } from "./resealing.ts";
import { StaticClients } from "./static-clients.ts";

const UNUSED_AFTER = 90 * 86_400_000;

/** What clients are made from. */
export interface ClientServicesParts extends Pick<ClientOperationsParts, "operatorsOnly" | "entrances"> {
  readonly clients: OAuthClients;
  readonly artifacts: Pick<OAuthArtifacts, "revoke">;
  readonly counters: Counters;
  readonly events: EventStream;
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  readonly ids: Ids;
  readonly random: Random;
  readonly clock: Clock;
  /** Who may register clients. Default: who has a token of an operator. */
  readonly registration?: RegistrationAccess;
  /** What clients may be that nobody of the operators has made. */
  readonly policy?: Partial<RegistrationPolicy>;
  /** Milliseconds after which clients that have registered and that nobody uses are removed; 0: never. Default: 90 days. */
  readonly unusedAfter?: number;
  /** Which clients may be known by a document at their address. Default: none. */
  readonly metadataDocuments?: Partial<DocumentPolicy>;
  readonly resources?: readonly ProtectedResource[];
  /** What may be fetched for clients besides what is public. */
  readonly outbound?: OutboundOptions;
  /** Origins whose pages may use any client. Those of clients without a secret may use their own in any case. */
  readonly origins?: readonly string[];
  /** Whether redirect addresses have to be those of a public server. */
  readonly production: boolean;
  /** Clients of the configuration. */
  readonly configured?: readonly StaticClient[];
  /** Reaches the server itself for a visitor: clients in its process are told of logouts this way. */
  readonly fetchOwn?: (visitor: string | undefined) => typeof fetch;
}

/** Everything there is to do with clients. */
export interface ClientServices {
  /** For operators. */
  readonly registry: ClientRegistry;
  /** For the engine. */
  readonly source: ClientSource;
  readonly tokens: RegistrationTokens;
  /** Applications in the process. */
  readonly own: OwnClients;
  /** What operators do. */
  readonly operations: readonly AnyAction[];
  /** Removes what has expired and clients that nobody uses, at most `limit` of each; returns how many. */
  readonly prune: (writing: WriteTransaction, limit: number) => Promise<number>;
  /** Seals all clients under the current key; see `AccountServices.reseal`. Returns how many texts were sealed anew. */
  readonly reseal: (store: Store, signal?: AbortSignal) => Promise<number>;
}

/**
 * Puts the clients of an identity provider together.
 * @throws {BootRefusedError} when a client of the configuration is unsafe or cannot work.
 */
export function createClientServices(parts: ClientServicesParts): ClientServices {
  const { production, configured = [], unusedAfter = UNUSED_AFTER } = parts;
  const own = new OwnClients();
  const codec = new ClientCodec(parts);
  const secrets = new ClientSecrets({ ...parts, codec });
  const shared = { ...parts, codec, secrets, statics: new StaticClients(configured, { production, own }) };
  const documentPolicy = { ...DOCUMENT_POLICY, ...parts.metadataDocuments };
  const features = {
    ...{ ...shared, documentPolicy, policy: { ...REGISTRATION_POLICY, ...parts.policy } },
    access: parts.registration ?? "token",
    documents: new MetadataDocuments({ ...shared, policy: documentPolicy }),
    fetch: createOutboundFetch(parts.outbound),
    ...{ own, fetchOwn: parts.fetchOwn },
    resources: parts.resources ?? [],
    origins: parts.origins ?? [],
  };
  const registry = new ClientRegistry(shared);
  const tokens = new RegistrationTokens(shared);
  return {
    registry,
    tokens,
    own,
    source: new EngineClients({ ...shared, features: (work) => engineFeatures(features, work) }),
    operations: createClientOperations({ ...parts, registry, tokens }),
    prune: async (writing, limit) =>
      (await parts.clients.prune(writing, limit)) + (await registry.removeUnused(writing, { unusedAfter, limit })),
    reseal: (store, signal) => resealClients(store, shared, signal),
  };
}
