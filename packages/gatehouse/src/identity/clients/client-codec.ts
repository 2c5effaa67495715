import type { KeyRing } from "../../kernel/key-ring.ts";
import type { ClientKey } from "../../kernel/ports/oauth-clients.ts";
import type { Sealer } from "../../kernel/seal.ts";
import type { ClientMetadata } from "./client-settings.ts";

/** What the codec works with. */
export interface ClientCodecParts {
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
}

/**
 * Turns clients into rows and back. What a client says of itself, its redirect addresses and scopes among it, is sealed
 * for its row. Of a secret there is a keyed hash: secrets have 256 bits, so a slow hash would only be slow. The secret
 * itself is kept, sealed, for `client_secret_jwt` alone, where signatures are checked with it.
 */
export class ClientCodec {
  readonly #parts: ClientCodecParts;

  constructor(parts: ClientCodecParts) {
    this.#parts = parts;
  }

  secretKey({ tenant, id }: ClientKey, secret: string): string {
    return this.#parts.keyRing.fingerprint("oauth-client-secret", tenant, id, secret);
  }

  tokenKey(tenant: string, token: string): string {
    return this.#parts.keyRing.fingerprint("oauth-registration-token", tenant, token);
  }

  /** What the engine takes for the secret of a client whose secret nobody keeps. It opens nothing. */
  placeholder({ tenant, id }: ClientKey): string {
    return this.#parts.keyRing.fingerprint("oauth-client-placeholder", tenant, id);
  }

  sealMetadata(key: ClientKey, metadata: ClientMetadata): string {
    return this.seal(key, "metadata", JSON.stringify(metadata));
  }

  /** @throws {SealError} when it is not what was sealed for this client. */
  openMetadata(key: ClientKey, body: string): ClientMetadata {
    // What `sealMetadata` has sealed for this very client.
    return JSON.parse(this.open(key, "metadata", body)) as ClientMetadata;
  }

  seal({ tenant, id }: ClientKey, what: string, text: string): string {
    return this.#parts.sealer.seal(text, bindingOf(tenant, id, what));
  }

  /** @throws {SealError} when it is not what was sealed as this thing of this client. */
  open({ tenant, id }: ClientKey, what: string, sealed: string): string {
    return this.#parts.sealer.openStored(sealed, bindingOf(tenant, id, what));
  }

  needsReseal(sealed: string): boolean {
    return this.#parts.sealer.needsReseal(sealed);
  }
}

function bindingOf(...context: readonly string[]) {
  return { purpose: "oauth-client", context };
}
