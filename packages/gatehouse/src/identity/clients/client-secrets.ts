import { compactVerify } from "jose";
import { utf8 } from "../../kernel/codec.ts";
import type { ClientKey, OAuthClients, StoredClientSecret } from "../../kernel/ports/oauth-clients.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { Random } from "../../kernel/random.ts";
import type { ClientCodec } from "./client-codec.ts";
import type { ClientMetadata } from "./client-settings.ts";

/** What secrets are kept with. */
export interface ClientSecretsParts {
  readonly clients: OAuthClients;
  readonly codec: ClientCodec;
  readonly random: Random;
  readonly ids: Ids;
}

/** A secret as operators see it. */
export type ClientSecret = Pick<StoredClientSecret, "id" | "createdAt" | "expiresAt" | "usedAt">;

/** A secret that is to be kept. */
export interface NewSecret {
  readonly secret: string;
  /** Whether signatures are made with it, so that it has to be kept itself. */
  readonly signs: boolean;
  /** Epoch milliseconds. Default: never. */
  readonly expiresAt?: number | undefined;
}

const SECRET = "secret";
const SECRET_BYTES = 32;
/** Bytes of a client's name after its prefix. */
const NAME_BYTES = 16;

/** A name for a client: `client_` and 32 hexadecimal digits. */
export function newClientId(random: Random): string {
  return `client_${hex(random.bytes(NAME_BYTES))}`;
}

/** A secret: 64 hexadecimal digits. */
export function newClientSecret(random: Random): string {
  return hex(random.bytes(SECRET_BYTES));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Whether a client proves itself with a secret. */
export function needsSecret({ token_endpoint_auth_method: method = "client_secret_basic" }: ClientMetadata): boolean {
  return method.startsWith("client_secret");
}

/** Whether a client makes signatures with its secret. */
export function signsWithSecret({ token_endpoint_auth_method: method }: ClientMetadata): boolean {
  return method === "client_secret_jwt";
}

/** The secrets of clients: several each, of which any opens as long as it has not expired. */
export class ClientSecrets {
  readonly #parts: ClientSecretsParts;

  constructor(parts: ClientSecretsParts) {
    this.#parts = parts;
  }

  /** The newest first. */
  list(reading: ReadTransaction, client: ClientKey): Promise<StoredClientSecret[]> {
    return this.#parts.clients.secrets(reading, client);
  }

  /** Keeps a secret; returns what operators call it. */
  async add(writing: WriteTransaction, client: ClientKey, { secret, signs, expiresAt }: NewSecret): Promise<string> {
    const { clients, codec, ids } = this.#parts;
    const key = codec.secretKey(client, secret);
    const id = ids.next();
    await clients.addSecret(writing, {
      ...{ key, tenant: client.tenant, client: client.id, id, expiresAt },
      body: signs ? codec.seal(client, SECRET + key, secret) : undefined,
    });
    return id;
  }

  /** A new secret, which only who is answered ever sees. */
  generate(): string {
    return newClientSecret(this.#parts.random);
  }

  /** The secret a signature was made with; the newest where none or another made it, for the engine to refuse. */
  async signing(
    client: ClientKey,
    secrets: readonly StoredClientSecret[],
    assertion: string | undefined,
  ): Promise<string | undefined> {
    const { codec } = this.#parts;
    const opened = secrets.flatMap(({ key, body }) =>
      body === undefined ? [] : [codec.open(client, SECRET + key, body)],
    );
    if (assertion === undefined || opened.length < 2) return opened[0];
    for (const secret of opened) if (await isSignedWith(secret, assertion)) return secret;
    return opened[0];
  }

  /** Seals anew what is sealed under a key that has been replaced; returns how many. */
  async reseal(writing: WriteTransaction, client: ClientKey): Promise<number> {
    const { clients, codec } = this.#parts;
    let sealed = 0;
    for (const { key, body: before } of await clients.secrets(writing, client)) {
      if (before === undefined || !codec.needsReseal(before)) continue;
      const body = codec.seal(client, SECRET + key, codec.open(client, SECRET + key, before));
      await clients.resealSecret(writing, key, { before, body });
      sealed += 1;
    }
    return sealed;
  }
}

async function isSignedWith(secret: string, assertion: string): Promise<boolean> {
  try {
    await compactVerify(assertion, utf8(secret), { algorithms: ["HS256", "HS384", "HS512"] });
    return true;
  } catch {
    return false;
  }
}
