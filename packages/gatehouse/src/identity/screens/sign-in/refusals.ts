import type { Denial } from "../../../kernel/outcome.ts";
import { problems } from "../../../kernel/problems.ts";
import { accountProblems } from "../../problems.ts";
import { tooFast, type Refusal, type Typed } from "../sent-form.ts";
import type { ScreenWords } from "../texts.ts";

/**
 * What a form that was refused says, to be shown again with what was typed; `undefined` where the refusal is not about
 * what was typed.
 */
export function refusalOf(denial: Denial, typed: Typed, words: ScreenWords): Refusal | undefined {
  switch (denial.problem) {
    case accountProblems.SIGN_IN_REFUSED:
      return { alert: words.signInRefused };
    case accountProblems.PASSKEY_REFUSED:
      return { alert: words.passkeyRefused };
    case accountProblems.SIGN_IN_STEP_LOST:
      return { alert: words.stepLost };
    case accountProblems.FACTOR_REFUSED:
      return { faults: { [fieldOf(typed)]: words.codeRefused } };
    case problems.RATE_LIMIT_EXCEEDED:
      return tooFast(words, denial);
    case problems.VALIDATION_ERROR:
      return { faults: missing(typed, words) };
    default:
      return undefined;
  }
}

function fieldOf(typed: Typed): "code" | "recovery" {
  return "recovery" in typed ? "recovery" : "code";
}

function missing(typed: Typed, words: ScreenWords): Readonly<Record<string, string>> {
  if ("code" in typed || "recovery" in typed) return { [fieldOf(typed)]: words.codeRefused };
  const faults: Record<string, string> = {};
  if ((typed["email"] ?? "").trim() === "") faults["email"] = words.emailMissing;
  if ((typed["password"] ?? "") === "") faults["password"] = words.passwordMissing;
  return Object.keys(faults).length === 0 ? { email: words.signInRefused } : faults;
}
