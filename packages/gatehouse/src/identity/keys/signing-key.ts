import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, type JWK } from "jose";
import type { SigningKey } from "../../kernel/ports/signing-keys.ts";
import type { SealBinding, Sealer } from "../../kernel/seal.ts";

const generate = promisify(generateKeyPair);

/** Makes a key pair of an algorithm. RSA keys have 4096 bits, which takes seconds to find. */
export async function makeSigningKey(
  algorithm: string,
  { sealer, now, state }: { readonly sealer: Sealer; readonly now: number; readonly state: "next" | "active" },
): Promise<SigningKey> {
  const { publicKey, privateKey } = await pairOf(algorithm);
  const published = jwkOf(publicKey);
  const kid = await calculateJwkThumbprint(published);
  const marks = { kid, alg: algorithm, use: "sig" };
  return {
    ...{ kid, algorithm, state, createdAt: now, since: now },
    publicKey: JSON.stringify({ ...published, ...marks }),
    privateKey: sealer.seal(JSON.stringify({ ...jwkOf(privateKey), ...marks }), bindingOf(kid)),
  };
}

/** The private part of a key. @throws {SealError} when it is not what was sealed for this key. */
export function openSigningKey({ kid, privateKey }: SigningKey, sealer: Sealer): JWK | undefined {
  if (privateKey === undefined) return undefined;
  // Sealed by `makeSigningKey` for this very name.
  return JSON.parse(sealer.openStored(privateKey, bindingOf(kid))) as JWK;
}

/** The private part of a key, sealed anew. */
export function resealSigningKey(key: SigningKey, sealer: Sealer): string | undefined {
  const opened = openSigningKey(key, sealer);
  return opened && sealer.seal(JSON.stringify(opened), bindingOf(key.kid));
}

function pairOf(algorithm: string): Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }> {
  switch (algorithm) {
    case "RS256":
      return generate("rsa", { modulusLength: 4096 });
    case "ES256":
      return generate("ec", { namedCurve: "P-256" });
    case "EdDSA":
      return generate("ed25519");
    default:
      throw new TypeError(`There are no signing keys of the algorithm "${algorithm}"; choose RS256, ES256 or EdDSA.`);
  }
}

function jwkOf(key: KeyObject): JWK {
  // Node's type leaves the kind of key open, which its export names.
  return key.export({ format: "jwk" });
}

function bindingOf(kid: string): SealBinding {
  return { purpose: "oauth-signing-key", context: [kid] };
}
