import { base64url } from "../../kernel/codec.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { Sealer } from "../../kernel/seal.ts";

/** What accounts are sealed with. */
export interface AccountSecretsParts {
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
}

/**
 * Turns what rows of accounts must not show into keyed hashes and sealed text. Whoever reads the database learns no
 * address and has no password hash to guess at; whoever writes to it cannot move a factor from one account to another.
 */
export class AccountSecrets {
  readonly #parts: AccountSecretsParts;

  constructor(parts: AccountSecretsParts) {
    this.#parts = parts;
  }

  /** The row's key of a normalised e-mail address. */
  emailKey(tenant: string, email: string): string {
    return this.#parts.keyRing.fingerprint("account-identifier", tenant, "email", email);
  }

  /** The row's key of something that belongs to one account: its password, one of its recovery codes. */
  factorKey({ tenant, id }: AccountKey, kind: string, secret = ""): string {
    return this.#parts.keyRing.fingerprint("account-factor", tenant, id, kind, secret);
  }

  /** The row's key of a passkey, by the identifier its authenticator gave it. */
  passkeyKey(tenant: string, credential: string): string {
    return this.#parts.keyRing.fingerprint("account-passkey", tenant, credential);
  }

  /** Seals what belongs to an account; `what` says which of its things. */
  seal(account: AccountKey, what: string, value: unknown): string {
    return this.#parts.sealer.seal(JSON.stringify(value), bindingOf(account, what));
  }

  /** @throws {SealError} when it is not what was sealed as this thing of this account. */
  open(account: AccountKey, what: string, sealed: string): unknown {
    return JSON.parse(this.#parts.sealer.openStored(sealed, bindingOf(account, what)));
  }

  /** Whether a row is sealed under a key that has been replaced meanwhile. */
  needsReseal(sealed: string): boolean {
    return this.#parts.sealer.needsReseal(sealed);
  }

  /** The newest first: what signs a text, and what older signatures may have been made with. */
  macs(purpose: string, ...parts: string[]): readonly string[] {
    const { keyRing } = this.#parts;
    const current = keyRing.current(purpose);
    const keys = [current, ...keyRing.all(purpose).filter(({ id }) => id !== current.id)];
    return keys.map(({ mac }) => base64url(mac(...parts)));
  }
}

function bindingOf({ tenant, id }: AccountKey, what: string) {
  return { purpose: "account", context: [tenant, id, what] };
}
