import { base64url, constantTimeEqual, fromBase64url } from "../kernel/codec.ts";
import type { Clock } from "../kernel/clock.ts";
import type { KeyRing, SubKey } from "../kernel/key-ring.ts";
import { Memo, ownText } from "../kernel/memo.ts";
import type { Random } from "../kernel/random.ts";

/** Name of the session cookie. The prefix makes browsers refuse copies set by neighbouring sites. */
export const SESSION_COOKIE = "__Host-gatehouse";

/**
 * Name of the session cookie in development, over plain http to a port of this machine. Some browsers keep no `Secure`
 * cookie there; the two names never stand for each other. Cookies ignore ports: without the port in its name, servers
 * side by side would sign each other's visitors out.
 */
export function loopbackSessionCookie({ port }: Pick<URL, "port">): string {
  return `gatehouse-loopback-${port === "" ? "80" : port}`;
}

/** A session cookie that was made here and has not outlived its longest possible session. */
export interface SessionCookie {
  /** The whole value: the credential. */
  readonly value: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  /** Whether the session must have a row: without one it has been ended. */
  readonly lasting: boolean;
}

/** Makes and recognises session cookies. */
export interface SessionCookies {
  /** A new value of 256 unpredictable bits. */
  issue(lasting: boolean): string;
  /** The cookie behind a value, or `undefined` when it is forged, malformed or too old. */
  read(value: string): SessionCookie | undefined;
}

const PURPOSE = "session-cookie";
const IDENTIFIER_BYTES = 32;
const STAMP_BYTES = 7;
const MAC_BYTES = 16;
const SHAPE = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{10}\.[A-Za-z0-9_-]{22}$/;
/** Servers of one installation may disagree about the time by this much, in milliseconds. */
export const CLOCK_TOLERANCE = 60_000;
/** Cookies found genuine that are kept at hand. */
const REMEMBERED = 4096;

/**
 * Cookie values of the form `identifier.stamp.mac`. The mac lets a visitor have a session before there is
 * a row for it: a first page view writes nothing, and nobody can invent identifiers.
 */
export function createSessionCookies(parts: {
  readonly keyRing: KeyRing;
  readonly random: Random;
  readonly clock: Clock;
  /** Milliseconds after which every session has ended. */
  readonly absolute: number;
}): SessionCookies {
  const { keyRing, random, clock, absolute } = parts;
  const genuine = new Memo<GenuineCookie>(REMEMBERED);

  /** The cookie behind a value whatever its age. One that was found genuine is so while its key is in the ring. */
  function verified(value: string): SessionCookie | undefined {
    const known = genuine.get(value);
    if (known !== undefined && keyRing.find(PURPOSE, known.key) !== undefined) return known.cookie;
    if (!SHAPE.test(value)) return undefined;
    const text = value.slice(0, 54);
    const mac = fromBase64url(value.slice(55));
    const stamp = fromBase64url(value.slice(44, 54));
    if (mac === undefined || stamp === undefined) return undefined;
    const key = keyRing.all(PURPOSE).find((candidate) => constantTimeEqual(sign(candidate, text), mac));
    if (key === undefined) return undefined;
    const cookie = { value: ownText(value), ...readStamp(stamp) };
    genuine.set(value, { cookie, key: key.id });
    return cookie;
  }

  return {
    issue(lasting) {
      const text = `${base64url(random.bytes(IDENTIFIER_BYTES))}.${base64url(writeStamp(clock.now(), lasting))}`;
      return `${text}.${base64url(sign(keyRing.current(PURPOSE), text))}`;
    },
    read(value) {
      const cookie = verified(value);
      if (cookie === undefined) return undefined;
      const age = clock.now() - cookie.issuedAt;
      return age > absolute || age < -CLOCK_TOLERANCE ? undefined : cookie;
    },
  };
}

interface GenuineCookie {
  readonly cookie: SessionCookie;
  /** Identifier of the key it was made with. */
  readonly key: string;
}

function sign(key: SubKey, text: string): Uint8Array {
  return key.mac(text).subarray(0, MAC_BYTES);
}

function writeStamp(milliseconds: number, lasting: boolean): Uint8Array {
  const stamp = Buffer.alloc(STAMP_BYTES);
  stamp.writeUInt8(lasting ? 1 : 0, 0);
  stamp.writeUIntBE(milliseconds, 1, 6);
  return stamp;
}

function readStamp(stamp: Uint8Array): { issuedAt: number; lasting: boolean } {
  const view = Buffer.from(stamp);
  return { issuedAt: view.readUIntBE(1, 6), lasting: view.readUInt8(0) === 1 };
}
