import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing, SubKey } from "../../kernel/key-ring.ts";

/** Who may see something, by a grant as it stands: addresses under an earlier generation are refused. */
export interface AddressedGrant {
  readonly id: string;
  readonly generation: number;
}

/** One form of one asset, seen under a grant. */
export interface MediaSubject {
  /** 32 hexadecimal digits. */
  readonly asset: string;
  /** `a-z 0-9 -`, at most 32: `thumb`, `view`, `original`. */
  readonly variant: string;
  readonly grant: AddressedGrant;
}

/** How long addresses are valid: from one to two windows. Milliseconds. */
export interface AddressWindows {
  readonly pictures: number;
  /** For the variant `original`. */
  readonly originals: number;
  /** For both, where it is shorter, while addresses are shortened. */
  readonly shortened: number;
}

/** What addresses are made with. */
export interface MediaAddressParts {
  readonly keyRing: KeyRing;
  readonly clock: Pick<Clock, "now">;
  readonly windows: AddressWindows;
  /** The origin that serves media, such as `https://media.example`. Default: addresses are paths of this server. */
  readonly origin?: string | undefined;
  /** The switch for incidents. What was signed for longer than the short windows allow is refused while it is on. */
  readonly shortened?: () => boolean;
}

/** Why an address is refused. For events; those who ask are told nothing of it. */
export type AddressRefusal = "malformed" | "expired" | "unknown key" | "signature" | "too long";

/** What an address with a good signature says. Whether its grant and its asset are still there is not known yet. */
export interface CheckedAddress extends MediaSubject {
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Signs addresses of assets and checks them. */
export interface MediaAddresses {
  /** The address of one form of an asset: the same for everybody under a grant until the window ends. */
  sign(subject: MediaSubject): string;
  /** For lists: the addresses of several forms under one grant. */
  signAll(subjects: readonly Omit<MediaSubject, "grant">[], grant: AddressedGrant): string[];
  /** `path` and `search` as they were sent. The first refusal there is, or what the address says. */
  check(path: string, search: string): CheckedAddress | AddressRefusal;
}

/** Where addresses begin. */
export const MEDIA_PREFIX = "/media/v1/";

const PURPOSE = "media.addresses";
const FORMAT = "gm1";
/** Of HEAD as well. */
const METHOD = "GET";
const LIVE_KEYS = 2;
const WINDOWS_AHEAD = 2;

const PATH = /^\/media\/v1\/([0-9a-f]{32})\/([a-z0-9-]{1,32})$/;
/** In this order and nothing else: one thing has one address, so caches keep it once. */
const SEARCH = /^\?e=([1-9]\d{8,11})&k=([0-9a-f]{8})&g=([\w.:-]{1,64})\.(\d{1,15})&s=([\w-]{43})$/;
const GRANT = /^[\w.:-]{1,64}$/;

/** Addresses that are signed by keys of a ring: HMAC-SHA-256 over method, path, end and grant. */
export function createMediaAddresses(parts: MediaAddressParts): MediaAddresses {
  return new SignedAddresses(parts);
}

class SignedAddresses implements MediaAddresses {
  readonly #parts: MediaAddressParts;

  constructor(parts: MediaAddressParts) {
    this.#parts = parts;
  }

  sign(subject: MediaSubject): string {
    const { keyRing, origin = "" } = this.#parts;
    const path = `${MEDIA_PREFIX}${subject.asset}/${subject.variant}`;
    if (!PATH.test(path) || !GRANT.test(subject.grant.id)) throw new TypeError("This cannot be addressed.");
    const key = keyRing.current(PURPOSE);
    const window = this.#window(subject.variant);
    const end = String((Math.floor(this.#parts.clock.now() / 1000 / window) + WINDOWS_AHEAD) * window);
    const grant = `${subject.grant.id}.${subject.grant.generation}`;
    return `${origin}${path}?e=${end}&k=${key.id}&g=${grant}&s=${signature(key, { path, end, grant }).toString("latin1")}`;
  }

  signAll(subjects: readonly Omit<MediaSubject, "grant">[], grant: AddressedGrant): string[] {
    return subjects.map((subject) => this.sign({ ...subject, grant }));
  }

  check(path: string, search: string): CheckedAddress | AddressRefusal {
    const [, asset, variant] = PATH.exec(path) ?? [];
    const [, end, keyId, grantId, generation, given] = SEARCH.exec(search) ?? [];
    if (asset === undefined || variant === undefined || end === undefined) return "malformed";
    if (keyId === undefined || grantId === undefined || generation === undefined || given === undefined) {
      return "malformed";
    }
    const key = this.#liveKey(keyId);
    if (key === undefined) return "unknown key";
    const expected = signature(key, { path, end, grant: `${grantId}.${generation}` });
    if (!timingSafeEqual(expected, Buffer.from(given, "latin1"))) return "signature";
    const left = Number(end) - this.#parts.clock.now() / 1000;
    if (left <= 0) return "expired";
    if (left > WINDOWS_AHEAD * this.#window(variant)) return "too long";
    return { asset, variant, grant: { id: grantId, generation: Number(generation) }, expiresAt: Number(end) };
  }

  /** In whole seconds. */
  #window(variant: string): number {
    const { windows, shortened } = this.#parts;
    const usual = variant === "original" ? windows.originals : windows.pictures;
    const window = shortened?.() === true ? Math.min(usual, windows.shortened) : usual;
    return Math.max(1, Math.floor(window / 1000));
  }

  /** The key that signs now, and the newest two: older ones signed nothing that could still be valid. */
  #liveKey(id: string): SubKey | undefined {
    const { keyRing } = this.#parts;
    const current = keyRing.current(PURPOSE);
    if (current.id === id) return current;
    return keyRing
      .all(PURPOSE)
      .slice(0, LIVE_KEYS)
      .find((key) => key.id === id);
  }
}

/** The signature as the bytes of its text: 43 of them, of which there is no second way to write any. */
function signature(
  key: SubKey,
  { path, end, grant }: { readonly path: string; readonly end: string; readonly grant: string },
): Buffer {
  const mac = key.mac(FORMAT, METHOD, path, end, grant);
  return Buffer.from(Buffer.from(mac.buffer, mac.byteOffset, mac.byteLength).toString("base64url"), "latin1");
}
