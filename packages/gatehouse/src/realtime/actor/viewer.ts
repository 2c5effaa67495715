import type { Principal } from "../../kernel/attempt.ts";
import type { DeclaredActor } from "./declared.ts";

/** Most bytes of what everybody on a channel may know of a principal. */
const MOST_INFO = 1024;

/** The parts of a key by name. */
export function keyNames(actor: DeclaredActor, key: readonly string[]): Readonly<Record<string, string>> {
  const named: Record<string, string> = {};
  for (const [index, name] of actor.key.entries()) named[name] = key[index] ?? "";
  return named;
}

/**
 * What everybody on a channel may know of a principal; `undefined` where the actor type tells nothing.
 * @throws {RangeError} when it is more than 1 KiB of JSON
 */
export function infoOf(actor: DeclaredActor, principal: Principal, key: readonly string[]): unknown {
  if (actor.info === undefined) return undefined;
  const info = actor.info({ principal, key: keyNames(actor, key) });
  const bytes = info === undefined ? 0 : Buffer.byteLength(JSON.stringify(info));
  if (bytes > MOST_INFO)
    throw new RangeError(`What ${actor.type} tells of a principal has more than ${MOST_INFO} bytes.`);
  return info;
}
