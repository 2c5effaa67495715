import { ADDRESSES } from "./addresses.ts";
import { BREAKOUTS } from "./breakouts.ts";
import { DISGUISES } from "./disguises.ts";
import { ELEMENTS } from "./elements.ts";

/** Texts that run a script, or pass for markup of ours, where a place does not treat them as text; by technique. */
export const CORPUS: Readonly<Record<string, readonly string[]>> = {
  ...ELEMENTS,
  ...BREAKOUTS,
  ...ADDRESSES,
  ...DISGUISES,
};

/** All of them. */
export const PAYLOADS: readonly string[] = Object.values(CORPUS).flat();

/** Those that requests can carry: JSON and form bodies with NUL are refused before anybody looks at them. */
export const SENDABLE: readonly string[] = PAYLOADS.filter((payload) => !payload.includes("\0"));
