import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { identityEvents } from "../events.ts";
import { accountProblems } from "../problems.ts";
import type { AccountSecrets } from "./account-secrets.ts";
import type { Authentication } from "./authentication.ts";
import type { Account, Directory } from "./directory.ts";
import { normaliseEmail } from "./email.ts";
import type { Guess, GuessThrottle } from "./guess-throttle.ts";
import type { KnownDevices } from "./known-devices.ts";
import type { PasswordRenewal, Passwords } from "./passwords/passwords.ts";
import { mayGoOn, rightAfterCommit, type ProofSource } from "./proof.ts";

/** Somebody who says who they are. */
export interface PasswordClaim extends ProofSource {
  readonly tenant: string;
  /** As it was typed. */
  readonly email: string;
  readonly password: string;
}

/** What signing in with a password works with. */
export interface PasswordSignInParts {
  readonly directory: Directory;
  readonly secrets: AccountSecrets;
  readonly passwords: Passwords;
  readonly throttle: GuessThrottle;
  readonly devices: KnownDevices;
}

/** A right password, before anything was written. */
export interface PreparedSignIn {
  readonly account: Account;
  readonly renewal: PasswordRenewal | undefined;
  readonly guess: Guess;
}

/**
 * The first factor. Wrong passwords, accounts that are not there, that are disabled or have no password get the same
 * answer after the same work.
 */
export class PasswordSignIn {
  readonly #parts: PasswordSignInParts;

  constructor(parts: PasswordSignInParts) {
    this.#parts = parts;
  }

  /** Checks the password; before the transaction, because it takes long. */
  async prepare({ tenant, email, password, ip, devices, read }: PasswordClaim): Promise<PreparedSignIn | Denial> {
    const { directory, secrets, passwords, throttle } = this.#parts;
    const normalised = normaliseEmail(email) ?? email.slice(0, 320);
    const { account, kept } = await read(async (reading) => {
      const found = await directory.findByEmail(reading, tenant, normalised);
      return { account: found, kept: await passwords.find(reading, found ?? { tenant, id: "-" }) };
    });
    const subject = secrets.emailKey(tenant, normalised);
    const device = this.#parts.devices.recognise(devices, account ?? { tenant, id: "-" });
    const guess = await throttle.take({ kind: "password", tenant, subject, ip, device });
    if (isDenial(guess)) return guess;
    const match = await passwords.verify(password, kept);
    if (isDenial(match)) {
      await guess.untried();
      return match;
    }
    if (!match.right || account?.state !== "active") return refuse(subject, account);
    return { account, renewal: match.renewal, guess };
  }

  /** Notes the proof. */
  async commit(
    writing: WriteTransaction,
    { account, renewal, guess }: PreparedSignIn,
  ): Promise<Authentication | Denial> {
    const { directory, passwords, secrets } = this.#parts;
    const { tenant, id, changedAt } = account;
    const authentication: Authentication = {
      account: { tenant, id },
      changedAt,
      uses: [{ factor: "password", at: await writing.now() }],
    };
    if (!(await mayGoOn(directory, writing, authentication)))
      return refuse(secrets.factorKey(account, "password"), account);
    if (renewal !== undefined) await passwords.renew(writing, account, renewal);
    await passwords.noteUse(writing, account);
    rightAfterCommit(writing, guess);
    return authentication;
  }
}

function refuse(subject: string, account: Account | undefined): Denial {
  const event = identityEvents.authn_login_fail;
  const context = { subject, reason: "invalid_credentials", ...(account === undefined ? {} : { account: account.id }) };
  return deny(accountProblems.SIGN_IN_REFUSED, { event, context });
}
