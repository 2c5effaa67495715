import type { Denial } from "../../../kernel/outcome.ts";
import { problems } from "../../../kernel/problems.ts";
import { PASSWORD_FAULTS, type PasswordFault } from "../../accounts/passwords/policy.ts";
import { tooFast, type Refusal, type Typed } from "../sent-form.ts";
import type { ScreenWords } from "../texts.ts";
import type { AccountWords } from "./texts.ts";

/** What pages say. */
export interface PageWords {
  readonly words: ScreenWords;
  readonly own: AccountWords;
}

/** What a form that was refused says, to be shown again; `undefined` where the refusal is not about what was typed. */
export function refusalOf(denial: Denial, typed: Typed, { words, own }: PageWords): Refusal | undefined {
  if (denial.problem === problems.RATE_LIMIT_EXCEEDED) return tooFast(words, denial);
  if (denial.problem !== problems.VALIDATION_ERROR) return undefined;
  const messages = new Map((denial.violations ?? []).map(({ pointer, message }) => [pointer, message]));
  const faults: Record<string, string> = {};
  if (messages.has("/email")) faults["email"] = own.emailInvalid;
  if (messages.has("/name")) faults["name"] = own.nameMissing;
  const password = messages.get("/password");
  if (password !== undefined) faults["password"] = passwordFault(password, typed, { words, own });
  return Object.keys(faults).length === 0 ? undefined : { faults };
}

function passwordFault(message: string, typed: Typed, { words, own }: PageWords): string {
  if ((typed["password"] ?? "") === "") return words.passwordMissing;
  const texts: Readonly<Record<PasswordFault, string>> = {
    malformed: own.passwordMalformed,
    short: own.passwordShort,
    shortBeside: own.passwordShortBeside,
    long: own.passwordLong,
    likeName: own.passwordLikeName,
    breached: own.passwordBreached,
    guessable: own.passwordGuessable,
  };
  const fault = FAULTS.find((candidate) => PASSWORD_FAULTS[candidate] === message);
  return fault === undefined ? own.passwordLong : texts[fault];
}

// The table's own names.
const FAULTS = Object.keys(PASSWORD_FAULTS) as PasswordFault[];
