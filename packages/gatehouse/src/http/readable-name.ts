const LONGEST = 100;
/** What says nothing visible, or has text run backwards, and what file systems and shells give a meaning to. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}<>:"/\\|?*]+/gu;

/** What a sender calls a file, without path, invisible characters and those with a meaning for systems. For people to read. */
export function readableName(given: string): string {
  const last = given.toWellFormed().normalize("NFC").split(/[/\\]/).at(-1) ?? "";
  return last
    .replaceAll(UNSAFE, "_")
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/^[\s._]+|[\s.]+$/gu, "");
}

/** The beginning of a name, by characters, so that none is cut in half. */
export function shortenName(name: string): string {
  return [...name].slice(0, LONGEST).join("").trim();
}
