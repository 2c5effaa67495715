const LONGEST = 48;

const SPELLED: Readonly<Record<string, string>> = { ä: "ae", ö: "oe", ü: "ue", ß: "ss", æ: "ae", ø: "o", "&": " and " };

/** What an event is called in addresses: small letters, digits and hyphens, made of its title. May be empty. */
export function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[äöüßæø&]/g, (letter) => SPELLED[letter] ?? "")
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, "");
}
