import { errors, type AdapterPayload } from "oidc-provider";
import { constantTimeEqual, utf8 } from "../../kernel/codec.ts";
import type { ClientKey, OAuthClients, StoredClient } from "../../kernel/ports/oauth-clients.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { ClientFeatures } from "../engine/client-features.ts";
import type { ClientSource } from "../engine/client-source.ts";
import type { UnitOfWork } from "../engine/unit-of-work.ts";
import type { ClientCodec } from "./client-codec.ts";
import { needsSecret, signsWithSecret, type ClientSecrets } from "./client-secrets.ts";
import type { ClientMetadata } from "./client-settings.ts";
import type { StaticClients } from "./static-clients.ts";

/** What the engine's view of clients is made from. */
export interface EngineClientsParts {
  readonly clients: OAuthClients;
  readonly artifacts: Pick<OAuthArtifacts, "revoke">;
  readonly codec: ClientCodec;
  readonly secrets: ClientSecrets;
  readonly statics: StaticClients;
  readonly features: (work: () => UnitOfWork) => ClientFeatures;
}

/** Clients as the engine finds, registers and changes them. */
export class EngineClients implements ClientSource {
  readonly #parts: EngineClientsParts;

  constructor(parts: EngineClientsParts) {
    this.#parts = parts;
  }

  async find(work: UnitOfWork, id: string): Promise<AdapterPayload | undefined> {
    const { statics, clients, codec } = this.#parts;
    const key = keyOf(work, id);
    const known = statics.find(key);
    if (known !== undefined) {
      const secret = known.secret === undefined ? {} : { client_secret: known.secret };
      return { ...known.metadata, client_id: id, ...secret };
    }
    const client = await work.read((reading) => clients.find(reading, key));
    if (client === undefined || client.origin === "document" || client.state === "disabled") return undefined;
    // Whatever the engine does for a client holds only while the client is what it was when the engine looked.
    work.use(`client ${id}`, client.usedAt, (writing) => clients.use(writing, key, client.version));
    const metadata = codec.openMetadata(key, client.body);
    const issued = { client_id: id, client_id_issued_at: Math.floor(client.createdAt / 1000) };
    return { ...metadata, ...issued, ...(await this.#secretOf(work, key, metadata)) };
  }

  async put(work: UnitOfWork, id: string, payload: AdapterPayload): Promise<void> {
    const { clients, codec } = this.#parts;
    const key = keyOf(work, id);
    const { client_id: _id, client_id_issued_at: _at, client_secret: secret, ...said }: ClientMetadata = payload;
    const { client_secret_expires_at: expires = 0, ...metadata } = said;
    const before = await work.read((reading) => clients.find(reading, key));
    const body = codec.sealMetadata(key, metadata);
    work.further(`put ${id}`, async (writing) =>
      before === undefined
        ? clients.create(writing, { ...key, origin: "registration", body })
        : (await clients.update(writing, key, { body, expected: before.version })) !== undefined,
    );
    const expiresAt = expires === 0 ? undefined : expires * 1000;
    await this.#putSecret(work, key, { before, metadata, secret, expiresAt });
  }

  async remove(work: UnitOfWork, id: string): Promise<void> {
    const { clients, artifacts } = this.#parts;
    const key = keyOf(work, id);
    work.further(`remove ${id}`, async (writing) => {
      await artifacts.revoke(writing, { tenant: key.tenant, client: id }, { cause: "client", by: id });
      return clients.remove(writing, key);
    });
  }

  async hasSecret(work: UnitOfWork, id: string, secret: string): Promise<boolean> {
    const { statics, clients, codec, secrets } = this.#parts;
    const key = keyOf(work, id);
    const known = statics.find(key);
    if (known !== undefined) return known.secret !== undefined && constantTimeEqual(utf8(known.secret), utf8(secret));
    const wanted = codec.secretKey(key, secret);
    const found = await work.read((reading) => secrets.list(reading, key));
    const shown = found.find((candidate) => candidate.key === wanted);
    if (shown === undefined) return false;
    work.use(`secret ${wanted}`, shown.usedAt, (writing) => clients.useSecret(writing, wanted));
    return true;
  }

  async findToken(work: UnitOfWork, token: string): Promise<AdapterPayload | undefined> {
    const { clients, codec } = this.#parts;
    const key = codec.tokenKey(work.codec.tenant, token);
    const found = await work.read((reading) => clients.findToken(reading, key));
    if (found === undefined) return undefined;
    work.further("registration token", (writing) => clients.useToken(writing, key));
    const seconds = { iat: Math.floor(found.createdAt / 1000), exp: Math.floor(found.expiresAt / 1000) };
    return { kind: "InitialAccessToken", jti: token, ...seconds };
  }

  features(work: () => UnitOfWork): ClientFeatures {
    return this.#parts.features(work);
  }

  /** What the engine takes for the client's secret: the one the call is about, where it may know one at all. */
  async #secretOf(work: UnitOfWork, key: ClientKey, metadata: ClientMetadata): Promise<Partial<ClientMetadata>> {
    if (!needsSecret(metadata)) return {};
    const { codec, secrets } = this.#parts;
    const placeholder = codec.placeholder(key);
    const { assertion, secret } = work.presented;
    if (!signsWithSecret(metadata) && secret === undefined) return { client_secret: placeholder };
    const found = await work.read((reading) => secrets.list(reading, key));
    if (secret !== undefined) {
      const wanted = codec.secretKey(key, secret);
      if (found.some((candidate) => candidate.key === wanted)) return { client_secret: secret };
    }
    return { client_secret: (await secrets.signing(key, found, assertion)) ?? placeholder };
  }

  async #putSecret(work: UnitOfWork, key: ClientKey, change: SecretChange): Promise<void> {
    const { clients, codec, secrets } = this.#parts;
    const { before, metadata, secret, expiresAt } = change;
    if (!needsSecret(metadata) || secret === undefined) {
      if (before === undefined) return;
      work.further(`secrets ${key.id}`, async (writing) => {
        await clients.removeSecrets(writing, key);
        return true;
      });
      return;
    }
    const signs = signsWithSecret(metadata);
    const found = before === undefined ? [] : await work.read((reading) => secrets.list(reading, key));
    const kept = found.find(({ key: candidate }) => candidate === codec.secretKey(key, secret));
    if (kept === undefined && secret !== codec.placeholder(key)) {
      work.further(`secret ${key.id}`, async (writing) => {
        await secrets.add(writing, key, { secret, signs, expiresAt });
        return true;
      });
      return;
    }
    if (signs && kept?.body === undefined) {
      throw new errors.InvalidClientMetadata("a client that begins to sign with a secret has to register anew");
    }
  }
}

interface SecretChange {
  readonly before: StoredClient | undefined;
  readonly metadata: ClientMetadata;
  readonly secret: string | undefined;
  readonly expiresAt: number | undefined;
}

function keyOf(work: UnitOfWork, id: string): ClientKey {
  return { tenant: work.codec.tenant, id };
}
