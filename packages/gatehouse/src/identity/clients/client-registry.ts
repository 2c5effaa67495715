import type {
  ClientKey,
  ClientOrigin,
  ClientState,
  OAuthClients,
  StoredClient,
} from "../../kernel/ports/oauth-clients.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { GrantEnding } from "../../kernel/ports/oauth-grants.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { Random } from "../../kernel/random.ts";
import { clientProblems } from "../problems.ts";
import type { ClientCodec } from "./client-codec.ts";
import { needsSecret, newClientId, signsWithSecret, type ClientSecret, type ClientSecrets } from "./client-secrets.ts";
import { clientFaults, metadataOf, settingsOf, type ClientSettings } from "./client-settings.ts";
import type { StaticClients } from "./static-clients.ts";

/** What the registry is made from. */
export interface ClientRegistryParts {
  readonly clients: OAuthClients;
  readonly artifacts: Pick<OAuthArtifacts, "revoke">;
  readonly codec: ClientCodec;
  readonly secrets: ClientSecrets;
  readonly statics: StaticClients;
  readonly random: Random;
  /** Whether redirect addresses have to be those of a public server. */
  readonly production: boolean;
}

/** A client as operators see it. */
export interface ClientRecord extends ClientKey {
  readonly origin: ClientOrigin | "configuration";
  readonly state: ClientState;
  readonly settings: ClientSettings;
  readonly secrets: readonly ClientSecret[];
  /** Epoch milliseconds; absent for those of the configuration. */
  readonly createdAt?: number | undefined;
  readonly changedAt?: number | undefined;
  readonly usedAt?: number | undefined;
}

/** A client that was made, with its secret, which nobody sees again. */
export interface CreatedClient {
  readonly id: string;
  readonly secret?: string | undefined;
}

/** How a secret is replaced, in milliseconds. */
export interface SecretRotation {
  /** How long the new one is good. Default: for ever. */
  readonly lifetime?: number | undefined;
  /** How long the others stay good. */
  readonly overlap: number;
}

/** A secret that was made. */
export interface CreatedSecret {
  readonly id: string;
  readonly secret: string;
}

/** Who ends what a client has, and why. */
export type ClientEnding = Pick<GrantEnding, "by" | "reason">;

/** The clients of the identity provider, for operators. Ends what a client has when the client does. */
export class ClientRegistry {
  readonly #parts: ClientRegistryParts;

  constructor(parts: ClientRegistryParts) {
    this.#parts = parts;
  }

  async find(reading: ReadTransaction, key: ClientKey): Promise<ClientRecord | undefined> {
    const known = this.#parts.statics.find(key);
    if (known !== undefined) return { ...configured(key), settings: settingsOf(known.metadata) };
    const found = await this.#parts.clients.find(reading, key);
    return found === undefined ? undefined : this.#recordOf(reading, found);
  }

  /** Those of the configuration first. */
  async list(
    reading: ReadTransaction,
    { tenant, after, limit }: { readonly tenant: string; readonly after?: string | undefined; readonly limit: number },
  ): Promise<ClientRecord[]> {
    const { clients, statics } = this.#parts;
    const page = { tenant, after: after === undefined ? undefined : { tenant, id: after }, limit };
    const records: ClientRecord[] = [];
    if (after === undefined) {
      for (const known of statics.of(tenant)) {
        records.push({ ...configured({ tenant, id: known.id }), settings: settingsOf(known.metadata) });
      }
    }
    for (const client of await clients.list(reading, page)) records.push(await this.#recordOf(reading, client));
    return records;
  }

  async create(writing: WriteTransaction, tenant: string, settings: ClientSettings): Promise<CreatedClient | Denial> {
    const { clients, codec, random, secrets } = this.#parts;
    const faulty = this.#refuse(settings);
    if (faulty !== undefined) return faulty;
    const key = { tenant, id: newClientId(random) };
    const metadata = metadataOf(settings);
    const client = { ...key, origin: "operator" as const, body: codec.sealMetadata(key, metadata) };
    if (!(await clients.create(writing, client))) throw new Error("A random name of a client was there already.");
    if (!needsSecret(metadata)) return { id: key.id };
    const secret = secrets.generate();
    await secrets.add(writing, key, { secret, signs: signsWithSecret(metadata) });
    return { id: key.id, secret };
  }

  /** Replaces what is said of a client; who begins to prove itself with a secret gets one by rotating. */
  async change(writing: WriteTransaction, key: ClientKey, settings: ClientSettings): Promise<Denial | undefined> {
    const { clients, codec } = this.#parts;
    const faulty = this.#refuse(settings);
    if (faulty !== undefined) return faulty;
    const client = await this.#own(writing, key);
    if ("problem" in client) return client;
    const [before, after] = [codec.openMetadata(key, client.body), metadataOf(settings)];
    // How it proves itself decides what is kept of its secrets.
    if (before.token_endpoint_auth_method !== after.token_endpoint_auth_method) {
      await clients.removeSecrets(writing, key);
    }
    const body = codec.sealMetadata(key, { ...before, ...after });
    await clients.update(writing, key, { body, expected: client.version });
    return undefined;
  }

  /** Lets a client get tokens, or not any more; what it has is revoked then. */
  async setState(
    writing: WriteTransaction,
    key: ClientKey,
    { state, ...by }: ClientEnding & { readonly state: ClientState },
  ): Promise<Denial | undefined> {
    const { clients } = this.#parts;
    const client = await this.#stored(writing, key);
    if ("problem" in client) return client;
    await clients.update(writing, key, { state });
    if (state === "disabled") await this.#revoke(writing, key, by);
    return undefined;
  }

  async remove(writing: WriteTransaction, key: ClientKey, by: ClientEnding): Promise<Denial | undefined> {
    const client = await this.#stored(writing, key);
    if ("problem" in client) return client;
    await this.#revoke(writing, key, by);
    await this.#parts.clients.remove(writing, key);
    return undefined;
  }

  /** Gives a client a further secret and lets the others end: at once, or once it had time to take over the new one. */
  async rotateSecret(
    writing: WriteTransaction,
    key: ClientKey,
    { lifetime, overlap }: SecretRotation,
  ): Promise<CreatedSecret | Denial> {
    const { clients, codec, secrets } = this.#parts;
    const client = await this.#own(writing, key);
    if ("problem" in client) return client;
    const metadata = codec.openMetadata(key, client.body);
    if (!needsSecret(metadata))
      return deny(clientProblems.CLIENT_FIXED, { detail: "This client does not have a secret." });
    const now = await writing.now();
    for (const { id } of await secrets.list(writing, key)) {
      await clients.expireSecret(writing, { ...key, secret: id }, now + overlap);
    }
    const secret = secrets.generate();
    const expiresAt = lifetime === undefined ? undefined : now + lifetime;
    return { secret, id: await secrets.add(writing, key, { secret, signs: signsWithSecret(metadata), expiresAt }) };
  }

  /** Lets a secret end now. */
  async retireSecret(writing: WriteTransaction, key: ClientKey, secret: string): Promise<Denial | undefined> {
    const gone = await this.#parts.clients.expireSecret(writing, { ...key, secret }, await writing.now());
    return gone ? undefined : deny(problems.NOT_FOUND, { detail: `There is no secret ${secret}.` });
  }

  /** Removes clients that came by themselves and that nobody has used for so long; returns how many. */
  async removeUnused(
    writing: WriteTransaction,
    { unusedAfter, limit }: { readonly unusedAfter: number; readonly limit: number },
  ): Promise<number> {
    if (unusedAfter === 0) return 0;
    const unused = await this.#parts.clients.unused(writing, (await writing.now()) - unusedAfter, limit);
    for (const key of unused) {
      await this.#revoke(writing, key, { by: "housekeeping" });
      await this.#parts.clients.remove(writing, key);
    }
    return unused.length;
  }

  /** A client of the store, whoever registered it, its own document among them. */
  async #stored(reading: ReadTransaction, key: ClientKey): Promise<StoredClient | Denial> {
    const { statics, clients } = this.#parts;
    if (statics.find(key) !== undefined) {
      return deny(clientProblems.CLIENT_FIXED, {
        detail: `The client ${key.id} is one of the configuration: change it there.`,
      });
    }
    const found = await clients.find(reading, key);
    return found ?? deny(problems.NOT_FOUND, { detail: `There is no client ${key.id}.` });
  }

  async #own(reading: ReadTransaction, key: ClientKey): Promise<StoredClient | Denial> {
    const client = await this.#stored(reading, key);
    if ("problem" in client || client.origin !== "document") return client;
    return deny(clientProblems.CLIENT_FIXED, { detail: "What this client is, the document at its address says." });
  }

  #refuse(settings: ClientSettings): Denial | undefined {
    const violations = clientFaults(settings, this.#parts.production);
    return violations.length === 0 ? undefined : deny(problems.VALIDATION_ERROR, { violations });
  }

  async #revoke(writing: WriteTransaction, { tenant, id }: ClientKey, by: ClientEnding): Promise<void> {
    await this.#parts.artifacts.revoke(writing, { tenant, client: id }, { cause: "operator", ...by });
  }

  async #recordOf(reading: ReadTransaction, client: StoredClient): Promise<ClientRecord> {
    const { codec, secrets } = this.#parts;
    const { tenant, id, origin, state, createdAt, changedAt, usedAt } = client;
    const found = await secrets.list(reading, client);
    return {
      ...{ tenant, id, origin, state, createdAt, changedAt, usedAt },
      settings: settingsOf(codec.openMetadata(client, client.body)),
      secrets: found.map((secret) => ({
        ...{ id: secret.id, createdAt: secret.createdAt, expiresAt: secret.expiresAt, usedAt: secret.usedAt },
      })),
    };
  }
}

function configured({ tenant, id }: ClientKey): Omit<ClientRecord, "settings"> {
  return { tenant, id, origin: "configuration", state: "active", secrets: [] };
}
