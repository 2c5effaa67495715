/** Algorithms with a public key: the only ones by which tokens of other issuers and proofs can be checked. */
export const PUBLIC_KEY_ALGORITHMS = [
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
] as const;

/** An algorithm with a public key. */
export type PublicKeyAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number];

/** Algorithms of proofs: those that clients make in browsers and on devices. */
export const PROOF_ALGORITHMS: readonly PublicKeyAlgorithm[] = ["ES256", "EdDSA", "Ed25519", "PS256", "RS256"];

/** Milliseconds by which other machines' clocks may differ. */
export const CLOCK_LEEWAY = 60_000;

/** Whether a token is a signed text, by its form. */
export function isSigned(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}
