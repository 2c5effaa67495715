/** Segments of our own making; nothing of a sender's ever becomes part of one. */
const KEY = /^(?!\.{1,2}(?:\/|$))[a-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[a-z0-9._-]+)*$/;
const LONGEST = 200;

/** @throws {TypeError} for what is no key: a bug of the caller. */
export function assertStorageKey(key: string): void {
  if (key.length > LONGEST || !KEY.test(key))
    throw new TypeError(`"${key.slice(0, LONGEST)}" is no key of a storage target.`);
}
