import type { Client, KoaContextWithOIDC } from "oidc-provider";
import { addressKey } from "../../guards/address.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { EventContext } from "../../kernel/event.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Counters } from "../../kernel/ports/counters.ts";
import type { ClientKey, OAuthClients, StoredClient } from "../../kernel/ports/oauth-clients.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { UnitOfWork } from "../engine/unit-of-work.ts";
import { identityEvents } from "../events.ts";
import type { ClientCodec } from "./client-codec.ts";
import type { ClientMetadata } from "./client-settings.ts";
import { matchesHost } from "./registration-policy.ts";

/** Which clients may be known by a document at their address. */
export interface DocumentPolicy {
  /** Hosts of the documents, `.example.com` for all below it; `*`: any. None: there are no such clients. */
  readonly hosts: readonly string[] | "*";
  /** Seconds a document is kept, at least and at most, whatever its headers say. */
  readonly keep: { readonly min: number; readonly max: number };
}

/** No documents, unless somebody says whose; kept from a minute to an hour. */
export const DOCUMENT_POLICY: DocumentPolicy = Object.freeze({
  hosts: Object.freeze([]),
  keep: Object.freeze({ min: 60, max: 3600 }),
});

/** What documents are watched with. */
export interface MetadataDocumentsParts {
  readonly clients: OAuthClients;
  readonly codec: ClientCodec;
  readonly counters: Counters;
  readonly keyRing: KeyRing;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly policy: DocumentPolicy;
}

/** Documents a source may have fetched: each makes this server ask another one. */
const FETCHES = { kind: "window", limit: 20, window: 60_000 } as const;
/** Members whose change decides where codes go, or whom people believe to deal with. */
const TELLING = ["client_name", "redirect_uris", "jwks", "jwks_uri", "token_endpoint_auth_method", "scope"] as const;

/**
 * Clients that are known by a document at their address (draft-ietf-oauth-client-id-metadata-document). Each that was
 * used once is in the registry, where it can be disabled. A document that says something else than before is an event.
 */
export class MetadataDocuments {
  readonly #parts: MetadataDocumentsParts;

  constructor(parts: MetadataDocumentsParts) {
    this.#parts = parts;
  }

  /** Whether a document may be fetched for whoever names it. */
  async mayFetch({ ip }: Pick<KoaContextWithOIDC, "ip">, id: string): Promise<boolean> {
    const { policy, counters, keyRing } = this.#parts;
    const hostname = URL.parse(id)?.hostname;
    if (hostname === undefined) return false;
    if (policy.hosts !== "*" && !policy.hosts.some((rule) => matchesHost(hostname, rule))) return false;
    const key = keyRing.fingerprint("limit", "oauth.document", addressKey(ip));
    const decision = await counters.take([{ policy: "oauth.document", key, rule: FETCHES, cost: 1 }]);
    return decision.admitted;
  }

  /** Whether a client that is known by its document may be used, and notes what its document says now. */
  async mayUse(work: UnitOfWork, client: Client): Promise<boolean> {
    const { clients, codec } = this.#parts;
    const key = { tenant: work.codec.tenant, id: client.clientId };
    const said = client.metadata();
    const found = await work.read((reading) => clients.find(reading, key));
    if (found === undefined) {
      const body = codec.sealMetadata(key, said);
      work.further(`client ${key.id}`, (writing) => clients.create(writing, { ...key, origin: "document", body }));
      return true;
    }
    if (found.state === "disabled") return false;
    const changed = differences(codec.openMetadata(key, found.body), said);
    const name = `client ${key.id}`;
    if (changed.length === 0) work.use(name, found.usedAt, (writing) => clients.use(writing, key, found.version));
    else work.further(name, (writing) => this.#change(writing, { key, found, said, changed }));
    return true;
  }

  async #change(writing: WriteTransaction, { key, found, said, changed }: Changed): Promise<boolean> {
    const { clients, codec } = this.#parts;
    const body = codec.sealMetadata(key, said);
    const version = await clients.update(writing, key, { body, expected: found.version });
    if (version === undefined) return false;
    writing.afterCommit(() => this.#announce(key, { changed: changed.join(" "), redirects: hostsOf(said) }));
    return true;
  }

  #announce({ tenant, id: target }: ClientKey, context: EventContext): void {
    const { events, ids, clock } = this.#parts;
    const { name, level } = identityEvents.oauth_client_document_changed;
    const id = ids.next();
    events.emit({
      ...{ id, at: clock.now(), name, level, tenant, target, requestId: id, context },
      actor: { type: "client", id: target.slice(0, 256) },
      source: { entrance: "oauth" },
      action: "oauth.document",
      outcome: "success",
    });
  }
}

interface Changed {
  readonly key: ClientKey;
  readonly found: StoredClient;
  readonly said: ClientMetadata;
  readonly changed: readonly string[];
}

function differences(before: ClientMetadata, after: ClientMetadata): string[] {
  return TELLING.filter((member) => JSON.stringify(before[member]) !== JSON.stringify(after[member]));
}

function hostsOf({ redirect_uris: addresses = [] }: ClientMetadata): string {
  const hosts = new Set(addresses.map((address) => URL.parse(address)?.host ?? ""));
  return [...hosts].join(" ").slice(0, 500);
}
