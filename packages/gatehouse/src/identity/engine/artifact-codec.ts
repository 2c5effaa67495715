import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Sealer } from "../../kernel/seal.ts";

/** What the codec works with. */
export interface ArtifactCodecParts {
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  readonly tenant: string;
}

/**
 * Turns what the engine keeps into rows and back: identifiers into keyed hashes, contents into sealed text. Whoever
 * reads the database finds no code or token that could be used, and whoever writes to it can neither alter a row nor
 * put its content into another.
 */
export class ArtifactCodec {
  readonly tenant: string;
  readonly #parts: ArtifactCodecParts;

  constructor(parts: ArtifactCodecParts) {
    this.tenant = parts.tenant;
    this.#parts = parts;
  }

  /** The row's key of an identifier. */
  keyOf(kind: string, id: string): string {
    return this.#parts.keyRing.fingerprint("oauth-artifact", this.tenant, kind, id);
  }

  /** The second key of what can be found by another of its names: the `uid` of a session, the code a person types. */
  aliasOf(kind: string, name: string, value: string): string {
    return this.#parts.keyRing.fingerprint("oauth-alias", this.tenant, kind, name, value);
  }

  /** What a place is looked up by: an address, a device. */
  traceOf(kind: string, ...values: string[]): string {
    return this.#parts.keyRing.fingerprint("oauth-grant-trace", this.tenant, kind, ...values);
  }

  seal(key: string, value: unknown): string {
    return this.#parts.sealer.seal(JSON.stringify(value), this.#binding(key));
  }

  /** @throws {SealError} when it is not what was sealed for this key. */
  open(key: string, sealed: string): unknown {
    return JSON.parse(this.#parts.sealer.openStored(sealed, this.#binding(key)));
  }

  #binding(key: string): { readonly purpose: string; readonly context: readonly string[] } {
    return { purpose: "oauth-artifact", context: [this.tenant, key] };
  }
}
