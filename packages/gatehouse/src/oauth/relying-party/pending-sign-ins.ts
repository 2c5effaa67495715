import { stringifySetCookie } from "cookie";
import { z } from "zod";
import type { Inbound } from "../../http/inbound.ts";
import { SESSION_COOKIE } from "../../http/session-cookie.ts";
import type { Clock } from "../../kernel/clock.ts";
import { base64, base64url, fromBase64, fromBase64url } from "../../kernel/codec.ts";
import { SealError, type SealBinding, type Sealer } from "../../kernel/seal.ts";

/** A sign-in that a browser has begun: what must come back with it, and where it leads. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  /** The PKCE code verifier (RFC 7636). */
  readonly verifier: string;
  /** Path of this server where the person goes on. */
  readonly returnTo: string;
  /** Epoch milliseconds. */
  readonly begunAt: number;
  /** Name of what this sign-in demands besides. */
  readonly demand?: string | undefined;
}

/** What pending sign-ins are kept with. */
export interface PendingSignInsParts {
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** Name of the relying party. */
  readonly name: string;
}

type Place = Pick<Inbound, "cookies" | "sessionCookieName" | "tenant" | "url">;

const Kept = z.object({
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  begunAt: z.number(),
  demand: z.string().optional(),
});
const STATE = /^[A-Za-z0-9_-]{22,64}$/;
/** Milliseconds for which a person may take their time at the issuer. */
export const SIGN_IN_LIFETIME = 600_000;
/** Sign-ins a browser can have under way; the oldest gives way to another. */
const MOST_PENDING = 8;
/**
 * Characters of all of them together. Their addresses are chosen by whoever links to them, and a browser whose cookies are
 * longer than a request may be gets no answer any more. One with the longest address there can be has its place.
 */
const MOST_KEPT = 4000;

/**
 * The sign-ins that a browser has begun and not finished. Each is a sealed cookie of its own, so that several tabs can
 * be at it at once, a reload loses nothing, and only the browser that began one can finish it.
 */
export class PendingSignIns {
  readonly #parts: PendingSignInsParts;

  constructor(parts: PendingSignInsParts) {
    this.#parts = parts;
  }

  /** The cookie of a sign-in that begins, and the ends of those that give way to it. */
  begin(place: Place, pending: PendingSignIn): string[] {
    const { state, ...kept } = pending;
    const sealed = this.#parts.sealer.seal(JSON.stringify(kept), this.#binding(place, state));
    // Sealed text is canonical base64; a cookie takes the alphabet of URLs without being encoded.
    const value = base64url(fromBase64(sealed) ?? new Uint8Array());
    let left = MOST_KEPT - value.length;
    const gone = this.#all(place)
      .toSorted((one, other) => other.begunAt - one.begunAt)
      .filter(({ state: other }, index) => {
        left -= place.cookies.get(this.#prefix(place) + other)?.length ?? 0;
        return left < 0 || index >= MOST_PENDING - 1;
      })
      .map((other) => this.end(place, other.state));
    return [...gone, this.#cookie(place, { state, value, maxAge: SIGN_IN_LIFETIME / 1000 })];
  }

  /** The sign-in that a state belongs to, if this browser has begun it and it is not too long ago. */
  find(place: Place, state: string): PendingSignIn | undefined {
    const value = STATE.test(state) ? place.cookies.get(this.#prefix(place) + state) : undefined;
    const bytes = value === undefined ? undefined : fromBase64url(value);
    if (bytes === undefined) return undefined;
    try {
      const text = this.#parts.sealer.open(base64(bytes), this.#binding(place, state));
      const kept = Kept.parse(JSON.parse(text));
      return this.#parts.clock.now() - kept.begunAt > SIGN_IN_LIFETIME ? undefined : { state, ...kept };
    } catch (error) {
      if (error instanceof SealError) return undefined;
      throw error;
    }
  }

  /** Takes the cookie of a sign-in from the browser. */
  end(place: Place, state: string): string {
    return this.#cookie(place, { state, value: "", maxAge: 0 });
  }

  #all(place: Place): PendingSignIn[] {
    const prefix = this.#prefix(place);
    return [...place.cookies.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => this.find(place, name.slice(prefix.length)))
      .filter((pending) => pending !== undefined);
  }

  /** As with the cookie of the session: browsers keep the prefix to what is set over https for this host alone. */
  #prefix({ sessionCookieName, url: { port } }: Place): string {
    const place = sessionCookieName === SESSION_COOKIE ? "__Host-" : `loopback-${port === "" ? "80" : port}-`;
    return `${place}sign-in.${this.#parts.name}.`;
  }

  #cookie(
    place: Place,
    { state, value, maxAge }: { readonly state: string; readonly value: string; readonly maxAge: number },
  ): string {
    return stringifySetCookie({
      ...{ name: this.#prefix(place) + state, value, maxAge, path: "/", httpOnly: true },
      secure: place.sessionCookieName === SESSION_COOKIE,
      // The issuer sends the browser back from another site.
      sameSite: "lax",
    });
  }

  #binding({ tenant }: Pick<Place, "tenant">, state: string): SealBinding {
    return { purpose: "oauth-sign-in", context: [tenant, this.#parts.name, state] };
  }
}
