import { domainToASCII } from "node:url";
import { z } from "zod";

/** RFC 5321 section 4.5.3.1: what can be delivered to. */
const LONGEST = 254;
const LONGEST_LOCAL_PART = 64;
/** No blanks, control characters, quotes, brackets or further at signs: nothing that a header or a list would read otherwise. */
const LOCAL_PART = /^[^\s\p{C}"(),:;<>@[\\\]]+$/u;

/**
 * An e-mail address as accounts are found by it, or `undefined` where the text is none. Letters are folded to lower case
 * and compatible forms of one letter to one; domains are written in ASCII. Dots and what follows a plus are kept: who
 * they belong to is for the mail server to say.
 */
export function normaliseEmail(text: string): string | undefined {
  const folded = text.normalize("NFKC").trim().toLowerCase();
  const at = folded.lastIndexOf("@");
  const local = folded.slice(0, at);
  const domain = domainToASCII(folded.slice(at + 1));
  const address = `${local}@${domain}`;
  if (at < 1 || local.length > LONGEST_LOCAL_PART || address.length > LONGEST) return undefined;
  return LOCAL_PART.test(local) && domain.includes(".") && !domain.endsWith(".") ? address : undefined;
}

/** An e-mail address as the input of an action. */
export const Email = z
  .string()
  .max(2 * LONGEST)
  .transform((text, context) => {
    const email = normaliseEmail(text);
    if (email !== undefined) return email;
    context.addIssue("This is not an e-mail address.");
    return z.NEVER;
  });
