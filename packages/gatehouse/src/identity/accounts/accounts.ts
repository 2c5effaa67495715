import type { AnyAction } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Accounts, Factors } from "../../kernel/ports/accounts.ts";
import type { Counters } from "../../kernel/ports/counters.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { Sessions } from "../../kernel/ports/sessions.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import { AccountLinks } from "./account-links.ts";
import { AccountRecovery } from "./account-recovery.ts";
import { AccountSecrets } from "./account-secrets.ts";
import { Directory } from "./directory.ts";
import { EmailChange } from "./email-change.ts";
import { GuessThrottle } from "./guess-throttle.ts";
import { KnownDevices } from "./known-devices.ts";
import { Letters, type LettersParts } from "./letters.ts";
import { Membership } from "./membership.ts";
import { createAccountOperations, type AccountOperationsParts } from "./operations.ts";
import { PasskeyChallenges } from "./passkey-challenges.ts";
import { PasskeyRegistration } from "./passkey-registration.ts";
import { PasskeySignIn } from "./passkey-sign-in.ts";
import { Passkeys } from "./passkeys.ts";
import { PasswordSignIn } from "./password-sign-in.ts";
import { PasswordHasher } from "./passwords/hasher.ts";
import { Passwords } from "./passwords/passwords.ts";
import { PasswordPolicy, type PasswordBlocklist } from "./passwords/policy.ts";
import { RecoveryCodes } from "./recovery-codes.ts";
import { resealAccounts } from "./resealing.ts";
import { Totp } from "./totp.ts";

/** What accounts are made from. */
export interface AccountServicesParts
  extends LettersParts, Pick<AccountOperationsParts, "operatorsOnly" | "entrances"> {
  readonly accounts: Accounts;
  readonly factors: Factors;
  readonly documents: Documents;
  readonly sessions: Pick<Sessions, "endAll">;
  readonly artifacts: Pick<OAuthArtifacts, "revoke">;
  readonly counters: Counters;
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether people may register by themselves. */
  readonly registration: boolean;
  /** Passwords that are refused besides those that are easy to guess. */
  readonly blocklists?: readonly PasswordBlocklist[];
  readonly hasher?: PasswordHasher;
}

/** Everything there is to do with accounts, for the pages and actions that do it. */
export interface AccountServices {
  readonly directory: Directory;
  readonly passwordSignIn: PasswordSignIn;
  readonly totp: Totp;
  readonly recoveryCodes: RecoveryCodes;
  readonly passkeys: Passkeys;
  readonly passkeyRegistration: PasskeyRegistration;
  readonly passkeySignIn: PasskeySignIn;
  readonly membership: Membership;
  readonly recovery: AccountRecovery;
  readonly emailChange: EmailChange;
  readonly devices: KnownDevices;
  /** Ask `admit` before strangers have letters sent. */
  readonly letters: Letters;
  /**
   * Seals all accounts under the current key; to be run after each rotation, and before a key version is removed. Returns
   * how many texts were sealed anew.
   */
  readonly reseal: (store: Store, signal?: AbortSignal) => Promise<number>;
  /** What operators do. */
  readonly operations: readonly AnyAction[];
}

/** Puts the accounts of an identity provider together. */
export function createAccountServices(parts: AccountServicesParts): AccountServices {
  const secrets = new AccountSecrets(parts);
  const directory = new Directory({ ...parts, secrets });
  const { random, blocklists, hasher = new PasswordHasher({ random }) } = parts;
  const passwords = new Passwords({ ...parts, secrets, directory, hasher, policy: new PasswordPolicy(blocklists) });
  const throttle = new GuessThrottle(parts);
  const devices = new KnownDevices({ ...parts, secrets });
  const links = new AccountLinks(parts);
  const letters = new Letters(parts);
  const shared = { ...parts, secrets, directory, passwords, throttle, devices, links, letters };
  const membership = new Membership(shared);
  const passkeys = new Passkeys(shared);
  const recovery = new AccountRecovery(shared);
  const ceremony = { ...shared, passkeys, challenges: new PasskeyChallenges(parts) };
  return {
    directory,
    devices,
    letters,
    membership,
    passwordSignIn: new PasswordSignIn(shared),
    totp: new Totp(shared),
    recoveryCodes: new RecoveryCodes(shared),
    passkeys,
    passkeyRegistration: new PasskeyRegistration(ceremony),
    passkeySignIn: new PasskeySignIn(ceremony),
    recovery,
    emailChange: new EmailChange(shared),
    reseal: (store, signal) => resealAccounts(store, shared, signal),
    operations: createAccountOperations({ ...shared, membership, recovery }),
  };
}
