import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { AccountKey, Factors } from "../../kernel/ports/accounts.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import { identityEvents } from "../events.ts";
import type { AccountSecrets } from "./account-secrets.ts";
import { withFactor, type Authentication } from "./authentication.ts";
import type { Directory } from "./directory.ts";
import type { Guess, GuessThrottle } from "./guess-throttle.ts";
import type { KnownDevices } from "./known-devices.ts";
import { mayGoOn, refuseFactor, rightAfterCommit } from "./proof.ts";
import type { CodeClaim } from "./totp.ts";

/** What recovery codes work with. */
export interface RecoveryCodesParts {
  readonly factors: Factors;
  readonly secrets: AccountSecrets;
  readonly directory: Directory;
  readonly throttle: GuessThrottle;
  readonly devices: KnownDevices;
  readonly random: Random;
}

/** A right recovery code, before it was used up. */
export interface PreparedRecovery {
  readonly authentication: Authentication;
  readonly key: string;
  readonly guess: Guess;
}

const CODES = 10;
const CODE_BYTES = 10;
/** Crockford's base32: without the letters that look like digits. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/;

/**
 * Codes on paper, for when an authenticator is lost: ten of 80 bits, each good once. That many bits cannot be guessed at,
 * so a keyed hash is enough to keep them by.
 */
export class RecoveryCodes {
  readonly #parts: RecoveryCodesParts;

  constructor(parts: RecoveryCodesParts) {
    this.#parts = parts;
  }

  /** A new set in the place of the one before, to be shown once. */
  async regenerate(writing: WriteTransaction, account: AccountKey): Promise<string[]> {
    const { factors, secrets, random } = this.#parts;
    const { tenant, id } = account;
    const createdAt = await writing.now();
    await factors.removeAll(writing, { tenant, account: id, kind: "recovery" });
    const codes = Array.from({ length: CODES }, () => drawCode(random));
    for (const code of codes) {
      const key = secrets.factorKey(account, "recovery", code);
      // Which code it is, its key says; there is nothing else to keep.
      await factors.add(writing, { key, tenant, account: id, kind: "recovery", body: "", counter: 0, createdAt });
    }
    return codes.map((code) => (code.match(/.{4}/g) ?? []).join("-"));
  }

  /** How many are left. */
  async remaining(reading: ReadTransaction, { tenant, id }: AccountKey): Promise<number> {
    return (await this.#parts.factors.list(reading, { tenant, account: id, kind: "recovery" })).length;
  }

  /** Compares a code; before the transaction, so that it counts when the code is wrong. */
  async prepare({ authentication, code, ip, devices, read }: CodeClaim): Promise<PreparedRecovery | Denial> {
    const { throttle, secrets, factors } = this.#parts;
    const { account } = authentication;
    const device = this.#parts.devices.recognise(devices, account);
    const guess = await throttle.take({ kind: "recovery", tenant: account.tenant, subject: account.id, ip, device });
    if (isDenial(guess)) return guess;
    const key = secrets.factorKey(account, "recovery", readCode(code));
    const factor = await read((reading) => factors.find(reading, key));
    return factor === undefined ? refuseFactor(account, "recovery") : { authentication, key, guess };
  }

  /** Uses the code up: of many who come with it at once, one is let in. */
  async commit(
    writing: WriteTransaction,
    { authentication, key, guess }: PreparedRecovery,
  ): Promise<Authentication | Denial> {
    const { factors, directory } = this.#parts;
    const { account } = authentication;
    if (!(await mayGoOn(directory, writing, authentication))) return refuseFactor(account, "recovery");
    if (!(await factors.remove(writing, key, account))) {
      return refuseFactor(account, "recovery", identityEvents.authn_factor_replayed);
    }
    rightAfterCommit(writing, guess);
    return withFactor(authentication, { factor: "recovery", at: await writing.now() });
  }
}

function drawCode(random: Random): string {
  let bits = 0n;
  for (const byte of random.bytes(CODE_BYTES)) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: (CODE_BYTES * 8) / 5 }, (_, index) => ALPHABET[Number((bits >> BigInt(5 * index)) & 31n)])
    .reverse()
    .join("");
}

/** A code as it was drawn, however it was typed; what is no code at all matches none. */
function readCode(text: string): string {
  const letters = text.slice(0, 100).toUpperCase().replaceAll(/[\s-]/g, "");
  const code = letters.replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return CODE.test(code) ? code : "";
}
