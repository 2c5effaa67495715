import type { Denial } from "../kernel/outcome.ts";
import { malformed } from "./refusal.ts";

/** Pieces that any body may come in, however short they are. */
export const FREE_PIECES = 4_096;
/** Bytes that warrant one piece more. Packets, TLS records and the chunks of any client that is of use have more. */
const WARRANTING = 64;

/**
 * Refuses a body that comes in far more pieces than its bytes warrant. Each piece costs the same work however short it
 * is, so that a megabyte in chunks of one byte would keep a processor busy for seconds.
 */
export function refuseShredded(pieces: number, bytes: number): Denial | undefined {
  return pieces > FREE_PIECES + bytes / WARRANTING ? malformed("The body comes in too many pieces.") : undefined;
}
