import type { EventContext } from "./event.ts";

/** Stands where a secret stood. */
export const REDACTED = "[redacted]";

const SECRET_NAMES =
  /pass(word|wd|phrase|code)?$|secret|token|cookie|authori[sz]ation|credential|csrf|api[-_]?key|private[-_]?key|session[-_]?id|signature|^otp$|^pin$|^cvv?c?$|(card|account)[-_]?number/i;
/** Names of values that look like secrets and are none. */
const PUBLIC_NAMES = /(fingerprint|digest|checksum|hash|commit|(trace|span)[-_]?id)$/i;
/** Names under which even a number is a secret. */
const SECRET_NUMBER_NAMES = /pass(word|code)$|^otp$|^pin$|^cvv?c?$|(card|account)[-_]?number/i;

/**
 * Where secrets have a telling form, the form decides, whatever surrounds them. Texts come from attackers, so none of
 * them may take time that grows faster than the text: a run that can begin at many places ends a match wherever it
 * ends, or is bounded.
 */
const CREDENTIAL_FORMS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  /\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*/g,
  /\b(?:sk|pk|rk|whsec|ghp|gho|ghs|ghu|glpat|npm|xox[abeoprs]|AKIA|ASIA)[-_]?[A-Za-z0-9_-]{12,}/g,
  /\bgj_[A-Za-z0-9]{6,}/g,
  /(?<=\b(?:bearer|basic|digest|dpop)\s{1,32})[A-Za-z0-9._~+/=-]{6,}/gi,
  /(?<=:\/\/[^\s/@:]*:)[^\s/@]+(?=@)/g,
  /(?<=[?&#;\s]|^)((?:[a-z_-]*(?:token|secret|password|passwd|signature|api[-_]?key)|code|sig)=)[^\s&#"';]+/gi,
];

/** Runs of characters that keys and tokens are written in. */
const LONG_RUN = /[A-Za-z0-9+/_=-]{28,}/g;
/** Names of ours that look like secrets: UUIDs, and clients of the identity provider. */
const PUBLIC_FORM = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|client_[0-9a-f]{32})$/i;
/** Bits a character of a random run carries at least; words and dashed names stay below. */
const RANDOM_BITS = 3.3;

/** Characters of a text that are looked at unless told otherwise; what lies beyond is left out. */
const LONGEST_TEXT = 4_096;
/** Stands where a text was cut. */
const CUT = " [cut]";
/** The last word of a text that is cut goes with the rest: half a secret no longer looks like one. */
const LONGEST_WORD = 256;

/**
 * A text without what looks like a credential: tokens, keys, passwords in URLs, long random runs. Of a text with more
 * than `longest` characters it keeps about as many.
 */
export function scrubText(text: string, longest: number = LONGEST_TEXT): string {
  if (text.length < 8) return text;
  let scrubbed = cut(text, longest);
  for (const form of CREDENTIAL_FORMS) {
    scrubbed = scrubbed.replace(form, (_match, name: unknown) =>
      typeof name === "string" ? `${name}${REDACTED}` : REDACTED,
    );
  }
  return scrubbed.replace(LONG_RUN, (run) => (looksRandom(run) ? REDACTED : run));
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  let end = longest;
  while (end > Math.max(0, longest - LONGEST_WORD) && /\S/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end).trimEnd() + CUT;
}

/** A context without secrets: values under telling names go whole, texts are scrubbed. */
export function scrubContext(context: EventContext): EventContext {
  const scrubbed: Record<string, EventContext[string]> = {};
  for (const [name, value] of Object.entries(context)) {
    if (typeof value === "number") scrubbed[name] = SECRET_NUMBER_NAMES.test(name) ? REDACTED : value;
    else if (typeof value !== "string") scrubbed[name] = value;
    else if (SECRET_NAMES.test(name)) scrubbed[name] = REDACTED;
    else scrubbed[name] = PUBLIC_NAMES.test(name) ? cut(value, LONGEST_TEXT) : scrubText(value);
  }
  return scrubbed;
}

function looksRandom(run: string): boolean {
  if (PUBLIC_FORM.test(run)) return false;
  const hexadecimal = /^[0-9a-f]+$/i.test(run);
  if (/^[0-9]+$/.test(run)) return false;
  if (hexadecimal) return entropy(run) > 2.8;
  // Random base64 of this length mixes cases and digits; base32 mixes letters and digits throughout. Paths
  // and dashed names have digits in few places.
  const cases = /[a-z]/.test(run) && /[A-Z]/.test(run);
  const digitRuns = run.match(/[0-9]+/g)?.length ?? 0;
  if (cases ? digitRuns === 0 : digitRuns < 4) return false;
  return entropy(run) > RANDOM_BITS && longestWord(run) < Math.max(12, run.length / 3);
}

/** Bits per character by the frequencies within the text. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function longestWord(run: string): number {
  return (run.match(/[a-z]+/g) ?? []).reduce((longest, word) => Math.max(longest, word.length), 0);
}
