import type { OwnWords } from "./texts.ts";

/** What was just done, as addresses name it. */
export type Done =
  | "password"
  | "factor-added"
  | "factor-removed"
  | "session"
  | "others"
  | "withdrawn"
  | "email"
  | "verification";

/** What is said of what was just done; nothing for what addresses make up. */
export function doneText(done: string | null, said: OwnWords): string | undefined {
  const texts: Readonly<Record<Done, string>> = {
    password: said.passwordDone,
    "factor-added": said.factorAdded,
    "factor-removed": said.factorRemoved,
    session: said.sessionEnded,
    others: said.othersEnded,
    withdrawn: said.withdrawn,
    email: said.emailSent,
    verification: said.proofSent,
  };
  return Object.entries(texts).find(([name]) => name === done)?.[1];
}
