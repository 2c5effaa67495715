import type { JWK } from "jose";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { Sealer } from "../kernel/seal.ts";
import type { FindAccount } from "oidc-provider";
import { base64url } from "../kernel/codec.ts";
import { ArtifactCodec } from "./engine/artifact-codec.ts";
import type { Lifetimes, ProtectedResource } from "./engine/configuration.ts";
import type { ClientSource } from "./engine/client-source.ts";
import { kidOf } from "./engine/jwt-access-token.ts";
import { buildEngine, type IssuerEngine } from "./engine/provider.ts";

/** The keys tokens are signed with, as they are now. */
export interface IssuerKeys {
  /** Changes whenever the keys do. */
  readonly version: number;
  /** Private keys: of each algorithm the one to sign with first, then those that are published only. */
  all(): readonly JWK[];
  /** Resolves once there are any. */
  ready(): Promise<void>;
  /** Takes over what other servers have done to the keys. Default: there are none. */
  refresh?(): Promise<void>;
  /** Seconds for which others may keep the public keys. Default: they are told nothing. */
  readonly maxAge?: number;
}

/** One issuer as it is now. */
export interface Issuer {
  /** Scheme and host; also its identifier in tokens. */
  readonly origin: string;
  readonly engine: IssuerEngine;
  readonly codec: ArtifactCodec;
}

/** What issuers are built from. */
export interface IssuersParts {
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  readonly keys: IssuerKeys;
  /** The issuer's address of a tenant. */
  readonly originOf: (tenant: string) => string;
  readonly lifetimes: Lifetimes;
  readonly resources: readonly ProtectedResource[];
  /** Resources at the issuer's own address, besides. Default: none. */
  readonly ownResources?: ((origin: string) => readonly ProtectedResource[]) | undefined;
  readonly publicClients: boolean;
  /** Whether proofs of possession need a nonce of the issuer (RFC 9449 section 8). Default: they need none. */
  readonly proofNonces?: boolean;
  /** Where clients are found. Default: among what the engine keeps. */
  readonly clients?: ClientSource;
  readonly findAccount: (tenant: string) => FindAccount;
  readonly interactionPath: (uid: string) => string;
  /** Whether a client is the operator's own, which nobody is asked to allow anything. Default: none is. */
  readonly isFirstParty?: (tenant: string, client: string) => boolean;
}

/** Engines kept at a time; one is built in about a millisecond. */
const MOST = 100;
const COOKIES = "oauth-cookies";
const PROOF_NONCES = "oauth-issuer-proof-nonce";

/** What an engine was built from. */
interface Built extends Issuer {
  readonly version: number;
  /** Which version of the key ring was current. */
  readonly ring: string;
}

/**
 * The issuers of all tenants. Each has an engine that is replaced as a whole when the keys change, those of the key ring
 * too; calls that are under way end on the one they began with.
 */
export class Issuers {
  readonly #parts: IssuersParts;
  readonly #built = new Map<string, Built>();

  constructor(parts: IssuersParts) {
    this.#parts = parts;
  }

  /** Resolves once tokens can be signed, which takes seconds on the first start of all. Await it before `of`. */
  ready(): Promise<void> {
    return this.#parts.keys.ready();
  }

  /** Resolves once the keys are those of this moment, on whichever server they were made. */
  async refresh(): Promise<void> {
    await this.#parts.keys.refresh?.();
  }

  /**
   * Resolves once the key is known that a text says it was signed with, where there is such a key: another server may
   * have made it a moment ago.
   */
  async meet(text: string): Promise<void> {
    const kid = kidOf(text);
    if (kid !== undefined && !this.#parts.keys.all().some((key) => key.kid === kid)) await this.refresh();
  }

  /** Seconds for which others may keep the public keys. */
  get keysMaxAge(): number | undefined {
    return this.#parts.keys.maxAge;
  }

  /** The address of a tenant's issuer. */
  originOf(tenant: string): string {
    return this.#parts.originOf(tenant);
  }

  /** @throws {TypeError} before `ready`. */
  of(tenant: string): Issuer {
    const known = this.#built.get(tenant);
    const { version } = this.#parts.keys;
    const ring = this.#parts.keyRing.current(COOKIES).id;
    const origin = this.originOf(tenant);
    if (known?.version === version && known.ring === ring && known.origin === origin) return known;
    const issuer = { ...this.#build(tenant, origin), version, ring };
    this.#built.delete(tenant);
    this.#built.set(tenant, issuer);
    const [oldest] = this.#built.keys();
    if (this.#built.size > MOST && oldest !== undefined) this.#built.delete(oldest);
    return issuer;
  }

  #build(tenant: string, origin: string): Issuer {
    const {
      keyRing,
      sealer,
      keys,
      findAccount,
      isFirstParty,
      proofNonces = false,
      ownResources,
      ...settings
    } = this.#parts;
    // Without keys the engine would take its own, which everybody knows.
    if (keys.all().length === 0) throw new TypeError("There are no keys to sign tokens with yet.");
    const cookieKeys = keyRing.all(COOKIES).map(({ mac }) => base64url(mac(tenant)));
    const engine = buildEngine({
      ...settings,
      resources: [...settings.resources, ...(ownResources?.(origin) ?? [])],
      issuer: origin,
      keys: keys.all(),
      cookieKeys,
      // The same on every server: each takes over the next version of the ring at the same time.
      proofNonceSecret: proofNonces ? Buffer.from(keyRing.current(PROOF_NONCES).mac(tenant)) : undefined,
      findAccount: findAccount(tenant),
      isFirstParty: (client) => isFirstParty?.(tenant, client) === true,
    });
    return { origin, engine, codec: new ArtifactCodec({ keyRing, sealer, tenant }) };
  }
}
