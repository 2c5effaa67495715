import type { KeyRing } from "./key-ring.ts";

/** By what an access token is recognised without being told: the session of whoever shows it, and what events name. */
export function tokenFingerprint(keyRing: Pick<KeyRing, "fingerprint">, token: string): string {
  return keyRing.fingerprint("oauth-token", token);
}
