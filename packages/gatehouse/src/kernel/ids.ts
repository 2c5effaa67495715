import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** Makes UUIDv7 identifiers (RFC 9562 section 5.7), strictly increasing within one generator. */
export interface Ids {
  /** A new identifier in canonical lower-case form. */
  next(): string;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const COUNTER_LIMIT = 0x1000;
const TAIL_BYTES = 9;

/**
 * A generator of UUIDv7 identifiers. Order within one millisecond, and across a clock that steps
 * back, is kept by the 12-bit counter of RFC 9562 section 6.2 method 1: the timestamp never
 * decreases, and advances by one when the counter is exhausted.
 */
export function createIds(clock: Clock, random: Random): Ids {
  let milliseconds = 0;
  let counter = 0;

  function advance(bytes: Uint8Array): void {
    const now = clock.now();
    if (now > milliseconds) {
      milliseconds = now;
      counter = (bytes[0] ?? 0) & 0x7f;
      return;
    }
    counter += 1;
    if (counter === COUNTER_LIMIT) {
      milliseconds += 1;
      counter = 0;
    }
  }

  return {
    next() {
      const bytes = random.bytes(TAIL_BYTES);
      advance(bytes);
      const time = milliseconds.toString(16).padStart(12, "0");
      const sequence = (0x7000 | counter).toString(16);
      const variant = HEX[((bytes[1] ?? 0) & 0x3f) | 0x80];
      let node = "";
      for (let index = 3; index < TAIL_BYTES; index += 1) node += HEX[bytes[index] ?? 0];
      return `${time.slice(0, 8)}-${time.slice(8)}-${sequence}-${variant}${HEX[bytes[2] ?? 0]}-${node}`;
    },
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in canonical lower-case form. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
