import { Secret, TOTP } from "otpauth";
import type { Clock } from "../../kernel/clock.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { AccountKey, Factors, StoredFactor } from "../../kernel/ports/accounts.ts";
import type { DocumentKey, Documents } from "../../kernel/ports/documents.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { Random } from "../../kernel/random.ts";
import { identityEvents } from "../events.ts";
import type { AccountSecrets } from "./account-secrets.ts";
import { withFactor, type Authentication } from "./authentication.ts";
import type { Directory } from "./directory.ts";
import type { Guess, GuessThrottle } from "./guess-throttle.ts";
import type { KnownDevices } from "./known-devices.ts";
import { mayGoOn, refuseFactor, rightAfterCommit, type ProofSource } from "./proof.ts";

/** What codes of authenticator apps work with. */
export interface TotpParts {
  readonly factors: Factors;
  readonly documents: Documents;
  readonly secrets: AccountSecrets;
  readonly directory: Directory;
  readonly throttle: GuessThrottle;
  readonly devices: KnownDevices;
  readonly ids: Ids;
  readonly random: Random;
  readonly clock: Clock;
}

/** What an authenticator app is told once. */
export interface TotpEnrolment {
  /** In base32, to be typed where there is no camera. */
  readonly secret: string;
  /** `otpauth://` address, to be shown as a QR code. */
  readonly uri: string;
}

/** Whom an authenticator app shows the codes as. */
export interface TotpLabel {
  readonly issuer: string;
  readonly email: string;
}

/** A code typed as a second factor. */
export interface CodeClaim extends ProofSource {
  readonly authentication: Authentication;
  readonly code: string;
}

/** A right code, before it was used up. */
export interface PreparedCode {
  readonly authentication: Authentication;
  readonly key: string;
  readonly step: number;
  readonly guess: Guess;
}

/** RFC 4226 section 4, requirement 6: 160 bits. */
const SECRET_BYTES = 20;
/** What every authenticator app understands. */
const SHAPE = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** Steps a clock may be off, to either side. */
const DRIFT = 1;
const ENROLMENT = "totp-enrolment";
const ENROLMENT_LIFETIME = 10 * 60_000;
const CODE = /^\d{6}$/;

/** Codes of authenticator apps (RFC 6238). Each step is accepted once. */
export class Totp {
  readonly #parts: TotpParts;

  constructor(parts: TotpParts) {
    this.#parts = parts;
  }

  /** Draws a secret for an account. Until a code confirms it, it is no factor; a new one takes its place. */
  async begin(writing: WriteTransaction, account: AccountKey, { issuer, email }: TotpLabel): Promise<TotpEnrolment> {
    const { random, documents, secrets, clock } = this.#parts;
    const secret = new Secret({ buffer: random.bytes(SECRET_BYTES).buffer });
    const key = enrolmentKey(account);
    const before = await documents.get(writing, key);
    const body = secrets.seal(account, ENROLMENT, secret.base32);
    const change = { expected: before?.version ?? 0, body, expiresAt: clock.now() + ENROLMENT_LIFETIME };
    await documents.put(writing, key, change);
    const uri = new TOTP({ ...SHAPE, issuer, label: email, secret }).toString();
    return { secret: secret.base32, uri };
  }

  /** Makes the secret the account's factor, in the place of the one before; denied where the code is not of it. */
  async confirm(writing: WriteTransaction, account: AccountKey, code: string): Promise<Denial | undefined> {
    const { documents, secrets, factors, ids, clock } = this.#parts;
    const key = enrolmentKey(account);
    const document = await documents.get(writing, key);
    if (document === undefined) return refuseFactor(account, "totp");
    // What `begin` has sealed.
    const secret = secrets.open(account, ENROLMENT, document.body) as string;
    const step = stepOf(secret, code, clock.now());
    if (step === undefined) return refuseFactor(account, "totp");
    await documents.delete(writing, key);
    const { tenant, id } = account;
    await factors.removeAll(writing, { tenant, account: id, kind: "totp" });
    const row = ids.next();
    const factor: StoredFactor = {
      ...{ key: row, tenant, account: id, kind: "totp", counter: step, createdAt: await writing.now() },
      body: secrets.seal(account, row, secret),
    };
    return (await factors.add(writing, factor)) ? undefined : refuseFactor(account, "totp");
  }

  /** Compares a code; before the transaction, so that it counts when the code is wrong. */
  async prepare({ authentication, code, ip, devices, read }: CodeClaim): Promise<PreparedCode | Denial> {
    const { throttle, clock } = this.#parts;
    const { account } = authentication;
    const device = this.#parts.devices.recognise(devices, account);
    const guess = await throttle.take({ kind: "totp", tenant: account.tenant, subject: account.id, ip, device });
    if (isDenial(guess)) return guess;
    const factor = await read((reading) => this.#find(reading, account));
    if (factor === undefined) return refuseFactor(account, "totp");
    // What `confirm` has sealed.
    const secret = this.#parts.secrets.open(account, factor.key, factor.body) as string;
    const step = stepOf(secret, code, clock.now());
    return step === undefined ? refuseFactor(account, "totp") : { authentication, key: factor.key, step, guess };
  }

  /** Uses the code up: of many who come with it at once, one is let in. */
  async commit(
    writing: WriteTransaction,
    { authentication, key, step, guess }: PreparedCode,
  ): Promise<Authentication | Denial> {
    const { factors, directory } = this.#parts;
    const { account } = authentication;
    if (!(await mayGoOn(directory, writing, authentication))) return refuseFactor(account, "totp");
    if (!(await factors.advance(writing, key, step))) {
      return refuseFactor(account, "totp", identityEvents.authn_factor_replayed);
    }
    rightAfterCommit(writing, guess);
    return withFactor(authentication, { factor: "totp", at: await writing.now() });
  }

  /** Takes the factor away; `false` where there is none. */
  async remove(writing: WriteTransaction, { tenant, id }: AccountKey): Promise<boolean> {
    return (await this.#parts.factors.removeAll(writing, { tenant, account: id, kind: "totp" })) > 0;
  }

  async #find(reading: ReadTransaction, { tenant, id }: AccountKey): Promise<StoredFactor | undefined> {
    const [factor] = await this.#parts.factors.list(reading, { tenant, account: id, kind: "totp" });
    return factor;
  }
}

/** The step a code is of; `undefined` where it is of none that may be shown now. */
function stepOf(secret: string, code: string, now: number): number | undefined {
  const token = code.replaceAll(/\s/g, "");
  if (!CODE.test(token)) return undefined;
  const totp = new TOTP({ ...SHAPE, secret: Secret.fromBase32(secret) });
  const delta = totp.validate({ token, timestamp: now, window: DRIFT });
  return delta === null ? undefined : totp.counter({ timestamp: now }) + delta;
}

function enrolmentKey({ tenant, id }: AccountKey): DocumentKey {
  return { kind: ENROLMENT, tenant, id };
}
