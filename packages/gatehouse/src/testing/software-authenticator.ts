import { generateKeyPairSync, hash, sign, type KeyObject } from "node:crypto";
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import { systemRandom } from "../kernel/random.ts";

/** What an authenticator does differently from a well-behaved one. */
export interface AuthenticatorQuirks {
  /** The page it believes to be on. */
  readonly origin?: string;
  readonly relyingParty?: string;
  /** Its user was not verified: no finger, face or PIN. */
  readonly unverified?: boolean;
  /** What it says its counter is. */
  readonly counter?: number;
  readonly challenge?: string;
  /** What it says instead of the owner it knows; `null`: nothing. */
  readonly userHandle?: string | null;
  readonly type?: string;
}

interface Credential {
  readonly id: Buffer;
  readonly key: KeyObject;
  readonly relyingParty: string;
  readonly userHandle: string;
}

/** How an authenticator is built. */
export interface AuthenticatorOptions {
  readonly origin: string;
  readonly algorithm?: "ES256" | "EdDSA";
  /** Whether it counts signatures; synchronised ones cannot. */
  readonly counts?: boolean;
  readonly synchronised?: boolean;
}

const FLAGS = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, attested: 0x40 } as const;

type Cbor = number | string | Uint8Array | ReadonlyMap<Cbor, Cbor>;

/** An authenticator with passkeys in memory: it makes keys, and signs with them, as WebAuthn level 3 says. */
export class SoftwareAuthenticator {
  readonly #options: AuthenticatorOptions;
  readonly #credentials: Credential[] = [];
  #signatures = 0;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** `navigator.credentials.create`. */
  create(options: PublicKeyCredentialCreationOptionsJSON, quirks: AuthenticatorQuirks = {}): RegistrationResponseJSON {
    const { algorithm = "ES256" } = this.#options;
    const pair =
      algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
    const relyingParty = quirks.relyingParty ?? options.rp.id ?? "";
    const credential = {
      id: Buffer.from(systemRandom.bytes(32)),
      key: pair.privateKey,
      relyingParty,
      userHandle: options.user.id,
    };
    this.#credentials.push(credential);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(credential.id.byteLength);
    const attested = Buffer.concat([Buffer.alloc(16), length, credential.id, cbor(coseKey(pair.publicKey))]);
    const authData = Buffer.concat([this.#data(credential, FLAGS.attested, quirks), attested]);
    const attestation = new Map<Cbor, Cbor>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ]);
    const id = credential.id.toString("base64url");
    return {
      ...{ id, rawId: id, type: "public-key", clientExtensionResults: {} },
      response: {
        clientDataJSON: this.#clientData(quirks.type ?? "webauthn.create", options.challenge, quirks).toString(
          "base64url",
        ),
        attestationObject: cbor(attestation).toString("base64url"),
        transports: ["internal"],
      },
    };
  }

  /** `navigator.credentials.get`; with the newest passkey that fits. */
  get(options: PublicKeyCredentialRequestOptionsJSON, quirks: AuthenticatorQuirks = {}): AuthenticationResponseJSON {
    const allowed = new Set((options.allowCredentials ?? []).map(({ id: allowedId }) => allowedId));
    const credential = this.#credentials.findLast(
      ({ id: ours }) => allowed.size === 0 || allowed.has(ours.toString("base64url")),
    );
    if (credential === undefined) throw new Error("No passkey fits.");
    const authData = this.#data(credential, 0, quirks);
    const clientData = this.#clientData(quirks.type ?? "webauthn.get", options.challenge, quirks);
    const signed = Buffer.concat([authData, hash("sha256", clientData, "buffer")]);
    const algorithm = credential.key.asymmetricKeyType === "ec" ? "sha256" : null;
    const handle = quirks.userHandle === undefined ? credential.userHandle : quirks.userHandle;
    const id = credential.id.toString("base64url");
    return {
      ...{ id, rawId: id, type: "public-key", clientExtensionResults: {} },
      response: {
        authenticatorData: authData.toString("base64url"),
        clientDataJSON: clientData.toString("base64url"),
        signature: sign(algorithm, signed, credential.key).toString("base64url"),
        ...(handle === null ? {} : { userHandle: handle }),
      },
    };
  }

  #data({ relyingParty }: Credential, more: number, quirks: AuthenticatorQuirks): Buffer {
    const { counts = true, synchronised = false } = this.#options;
    if (counts) this.#signatures += 1;
    const kept = synchronised ? FLAGS.eligible | FLAGS.backedUp : 0;
    const flags = FLAGS.present | (quirks.unverified === true ? 0 : FLAGS.verified) | kept | more;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(quirks.counter ?? this.#signatures);
    const party = quirks.relyingParty ?? relyingParty;
    return Buffer.concat([hash("sha256", party, "buffer"), Buffer.from([flags]), counter]);
  }

  #clientData(type: string, challenge: string, quirks: AuthenticatorQuirks): Buffer {
    const { origin = this.#options.origin } = quirks;
    return Buffer.from(JSON.stringify({ type, challenge: quirks.challenge ?? challenge, origin, crossOrigin: false }));
  }
}

/** A public key in the form of COSE (RFC 9053 sections 2.1, 2.2 and 7). */
function coseKey(key: KeyObject): ReadonlyMap<Cbor, Cbor> {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const bytes = (text: string): Buffer => Buffer.from(text, "base64url");
  if (key.asymmetricKeyType === "ed25519")
    return new Map<Cbor, Cbor>([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(x)],
    ]);
  return new Map<Cbor, Cbor>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, bytes(x)],
    [-3, bytes(y)],
  ]);
}

/** CBOR (RFC 8949), as far as authenticators need it. */
function cbor(value: Cbor): Buffer {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.byteLength), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 0x100) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff]);
}
