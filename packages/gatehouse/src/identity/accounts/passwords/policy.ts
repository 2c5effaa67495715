import type { Violation } from "../../../kernel/outcome.ts";

/** Tells whether a password is known to others; of those it does not know it may take few for known. */
export interface PasswordBlocklist {
  has(password: string): Promise<boolean>;
}

/** Whose password it is to be. */
export interface PasswordOwner {
  /** Names and addresses, which a password must not consist of. */
  readonly names: readonly string[];
  /** Whether the account has a second factor, so that the password does not stand alone. */
  readonly secondFactor: boolean;
}

/** Characters of a password, after NIST SP 800-63B-4 section 3.1.1.2. */
export const PASSWORD_LENGTHS = { alone: 15, withSecondFactor: 8, most: 256 } as const;

/** Of zxcvbn's scores from 0 to 4: guessed by fewer than ten to the eighth tries. */
const LEAST_SCORE = 3;
/** Estimating holds up everything else, for longer than in proportion to the length: a second for 72 characters and all spellings. */
const ESTIMATED_CHARACTERS = 40;
const MOST_SPELLINGS = 8;
const LEAST_NAME = 3;

const POINTER = "/password";

const { alone, withSecondFactor, most } = PASSWORD_LENGTHS;

/** What can be wrong with a password, as programs are told. */
export const PASSWORD_FAULTS = {
  malformed: "The password has characters that are not text.",
  short: `The password needs at least ${alone} characters. Several words are fine.`,
  shortBeside: `The password needs at least ${withSecondFactor} characters. Several words are fine.`,
  long: `The password may have at most ${most} characters.`,
  likeName: "The password is too much like your name or address.",
  breached: "This password is known from a breach elsewhere. Choose another.",
  guessable: "The password is easy to guess. Several unrelated words are not.",
} as const;

/** What can be wrong with a password. */
export type PasswordFault = keyof typeof PASSWORD_FAULTS;

type Estimate = (password: string, names: readonly string[]) => number;

/** The form in which a password is hashed: the same characters, however a keyboard wrote them. */
export function normalisePassword(password: string): string {
  return password.normalize("NFKC");
}

/** What a password must be: long enough, hard to guess, and not known to others. No rules of composition. */
export class PasswordPolicy {
  readonly #blocklists: readonly PasswordBlocklist[];
  #estimate: Promise<Estimate> | undefined;

  /** @param blocklists what is refused besides what the built-in lists make easy to guess: breached passwords */
  constructor(blocklists: readonly PasswordBlocklist[] = []) {
    this.#blocklists = blocklists;
  }

  /** What is wrong with a normalised password; nothing where it is accepted. */
  async check(password: string, { names, secondFactor }: PasswordOwner): Promise<Violation[]> {
    const length = [...password].length;
    if (!password.isWellFormed()) return violation("malformed");
    if (length < (secondFactor ? withSecondFactor : alone)) return violation(secondFactor ? "shortBeside" : "short");
    if (length > most) return violation("long");
    if (isOfNames(password, names)) return violation("likeName");
    for (const blocklist of this.#blocklists) if (await blocklist.has(password)) return violation("breached");
    this.#estimate ??= loadEstimate();
    const estimate = await this.#estimate;
    const score = estimate([...password].slice(0, ESTIMATED_CHARACTERS).join(""), names);
    return score < LEAST_SCORE ? violation("guessable") : [];
  }
}

function violation(fault: PasswordFault): Violation[] {
  return [{ pointer: POINTER, message: PASSWORD_FAULTS[fault] }];
}

/** Whether too little of a password is left without the words of somebody's names. */
function isOfNames(password: string, names: readonly string[]): boolean {
  const folded = fold(password);
  const words = names.flatMap((name) => [fold(name), ...name.split(/[^\p{L}\p{N}]+/u).map(fold)]);
  const telling = words.filter((word) => word.length >= LEAST_NAME).toSorted((one, other) => other.length - one.length);
  const rest = telling.reduce((text, word) => text.replaceAll(word, ""), folded);
  return rest.length < folded.length && rest.length < withSecondFactor;
}

function fold(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "");
}

/** The lists take some megabytes, so they are loaded by the first password that is to be set. */
async function loadEstimate(): Promise<Estimate> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
    import("@zxcvbn-ts/language-en"),
  ]);
  const zxcvbn = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    maxLength: ESTIMATED_CHARACTERS,
    l33tMaxSubstitutions: MOST_SPELLINGS,
  });
  return (password, names) => zxcvbn.check(password, [...names]).score;
}
