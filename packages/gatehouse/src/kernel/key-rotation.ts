import type { KeyVersionDescription } from "./key-material.ts";

/** How the keys stand to the time after which they are to be rotated. Times are epoch milliseconds. */
export interface KeyRotation {
  /** The newest version. */
  readonly version: number;
  /** When it came, or will come, into use. */
  readonly usedFrom: number;
  /** Milliseconds it has been in use; 0 where it is still to come. */
  readonly age: number;
  /** When it is to be replaced. */
  readonly dueAt: number;
  readonly due: boolean;
}

/**
 * When the keys are to be rotated. A version that is to come counts: whoever has begun to rotate is not reminded.
 * @param versions newest first, at least one
 */
export function keyRotation(
  versions: readonly KeyVersionDescription[],
  { now, rotateAfter }: { readonly now: number; readonly rotateAfter: number },
): KeyRotation {
  const [newest, replaced] = versions;
  if (newest === undefined) throw new TypeError("There is no key version.");
  const usedFrom = replaced?.retiredAt ?? newest.createdAt;
  const dueAt = usedFrom + rotateAfter;
  return { version: newest.version, usedFrom, age: Math.max(0, now - usedFrom), dueAt, due: now >= dueAt };
}
