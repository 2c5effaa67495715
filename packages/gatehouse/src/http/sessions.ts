import { stringifySetCookie } from "cookie";
import type { Authenticator } from "../guards/authenticate.ts";
import { sessionExpired } from "../guards/session-expired.ts";
import { anonymousPrincipal, type Attempt, type Credential, type Principal } from "../kernel/attempt.ts";
import { Attachment } from "../kernel/attachment.ts";
import type { Clock } from "../kernel/clock.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { Session, Sessions } from "../kernel/ports/sessions.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { EdgeSessions } from "./edge-sessions.ts";
import type { Inbound } from "./inbound.ts";
import { SESSION_COOKIE, type SessionCookie, type SessionCookies } from "./session-cookie.ts";
import type { SessionPreset } from "./session-preset.ts";
import { SessionRows, type SessionEndReceiver } from "./session-rows.ts";
import type { SessionIdentity, SessionScope } from "./session-scope.ts";

/** What sessions are kept with. */
export interface SessionParts {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly cookies: SessionCookies;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly preset: SessionPreset;
  /** Receives failures to note that a session was used; they do not fail the request. */
  readonly report: (error: unknown) => void;
}

const STRANGER = "replaced-session";
/**
 * Requests under way while somebody signs in carry the visitor's cookie of before. For so many milliseconds they are
 * let through as strangers': refused, their answers would replace the cookie that signing in has just set.
 */
const UNDER_WAY = 10_000;
/** A session in use is written at most this often, in milliseconds. */
const TOUCH_INTERVAL = 60_000;
/** Notes of use under way at once; beyond it they are left to a later request. */
const MOST_TOUCHES = 256;

type SessionCredential = Extract<Credential, { readonly kind: "session" }>;

interface Track {
  credential: string | undefined;
  setCookie: string | undefined;
  ended: boolean;
  principal: Promise<Principal> | undefined;
}

/** Sessions on a store. */
export function createEdgeSessions(parts: SessionParts): EdgeSessions {
  return new StoredSessions(parts);
}

class StoredSessions implements EdgeSessions {
  readonly idle: number;
  readonly absolute: number;
  readonly authenticator: Authenticator<"session">;
  readonly #parts: SessionParts;
  readonly #rows: SessionRows;
  readonly #tracks = new Attachment<Inbound, Track>();
  readonly #inbounds = new Attachment<Attempt, Inbound>();
  readonly #passive = new WeakSet<Attempt>();
  readonly #touching = new Set<string>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.idle = parts.preset.idle;
    this.absolute = parts.preset.absolute;
    this.#rows = new SessionRows(parts);
    this.authenticator = {
      kind: "session",
      authenticate: (credential, attempt) => this.#authenticate(credential, attempt),
    };
  }

  ensure(inbound: Inbound): string {
    const track = this.#track(inbound);
    return (track.credential ??= this.#issue(inbound, track));
  }

  current(inbound: Inbound): string | undefined {
    const track = this.#tracks.get(inbound);
    return track === undefined ? inbound.session : track.credential;
  }

  principal(inbound: Inbound, { passive = false }: { readonly passive?: boolean } = {}): Promise<Principal> {
    const track = this.#track(inbound);
    return (track.principal ??= this.#identify(inbound, passive));
  }

  idOf(credential: string): string {
    return this.#rows.idOf(credential);
  }

  onEnd(receive: SessionEndReceiver): Disposable {
    return this.#rows.onEnd(receive);
  }

  async isCurrent(credential: string): Promise<boolean> {
    const cookie = this.#parts.cookies.read(credential);
    if (cookie === undefined) return false;
    const session = await this.#find(cookie);
    if (session === undefined) return !cookie.lasting;
    return session.endedAt === undefined && !this.#hasExpired(session);
  }

  track(attempt: Attempt, inbound: Inbound, passive = false): void {
    this.#inbounds.set(attempt, inbound);
    if (passive) this.#passive.add(attempt);
  }

  replace(inbound: Inbound): void {
    const track = this.#track(inbound);
    track.credential = this.#issue(inbound, track);
    track.principal = undefined;
  }

  withhold(inbound: Inbound): void {
    this.#track(inbound).setCookie = undefined;
  }

  begins(inbound: Inbound): boolean {
    const track = this.#tracks.get(inbound);
    if (track?.setCookie === undefined || track.credential === undefined) return false;
    return this.#parts.cookies.read(track.credential)?.lasting === false;
  }

  headers(inbound: Inbound): readonly (readonly [string, string])[] {
    const track = this.#tracks.get(inbound);
    if (track?.setCookie === undefined) return [];
    const cookie = ["set-cookie", track.setCookie] as const;
    return track.ended ? [cookie, ["clear-site-data", '"cache", "storage"']] : [cookie];
  }

  async keep(scope: SessionScope): Promise<string | Denial> {
    const credential = credentialOf(scope.attempt);
    if (credential === undefined) throw new TypeError("There is no session to keep: the attempt carries none.");
    return this.#rows.keep(scope, credential);
  }

  async login(scope: SessionScope, identity: SessionIdentity): Promise<Principal> {
    // An attempt in which the session counts for nothing has its cookie replaced all the same.
    const before = credentialOf(scope.attempt) ?? this.#inbounds.get(scope.attempt)?.session;
    if (before !== undefined) await this.#rows.end(scope, before, UNDER_WAY);
    const credential = this.#parts.cookies.issue(true);
    const session = await this.#rows.begin(scope, identity, credential);
    this.#announce(scope, (track, inbound) => {
      track.credential = credential;
      track.setCookie = this.#cookie(inbound, credential);
      track.ended = false;
    });
    return principalOf(session);
  }

  async regenerate(scope: SessionScope, grants: readonly string[]): Promise<Principal | Denial> {
    const credential = credentialOf(scope.attempt);
    const session =
      credential === undefined ? undefined : await this.#parts.sessions.find(scope.transaction, this.idOf(credential));
    if (session === undefined || session.principalType === "anonymous") return deny(problems.AUTHENTICATION_REQUIRED);
    return this.login(scope, { type: session.principalType, id: session.principalId, grants });
  }

  async logout(scope: SessionScope): Promise<void> {
    const credential = credentialOf(scope.attempt);
    if (credential !== undefined) await this.#rows.end(scope, credential);
    this.#announce(scope, (track, inbound) => {
      track.credential = undefined;
      track.setCookie = this.#cookie(inbound, "", 0);
      track.ended = true;
    });
  }

  end(transaction: WriteTransaction, id: string): Promise<void> {
    return this.#rows.endLasting(transaction, id);
  }

  #track(inbound: Inbound): Track {
    const known = this.#tracks.get(inbound);
    if (known !== undefined) return known;
    const track = { credential: inbound.session, setCookie: undefined, ended: false, principal: undefined };
    this.#tracks.set(inbound, track);
    return track;
  }

  #issue(inbound: Inbound, track: Track): string {
    const credential = this.#parts.cookies.issue(false);
    track.setCookie = this.#cookie(inbound, credential);
    return credential;
  }

  #cookie({ sessionCookieName: name }: Inbound, value: string, maxAge?: number): string {
    const { sameSite } = this.#parts.preset;
    const cookie = { name, value, path: "/", httpOnly: true, secure: name === SESSION_COOKIE, sameSite };
    return stringifySetCookie(maxAge === undefined ? cookie : { ...cookie, maxAge });
  }

  /** The browser learns of a change once it is durable, and never when it was rolled back. */
  #announce({ attempt, transaction }: SessionScope, change: (track: Track, inbound: Inbound) => void): void {
    const inbound = this.#inbounds.get(attempt);
    if (inbound === undefined) return;
    transaction.afterCommit(() => {
      const track = this.#track(inbound);
      change(track, inbound);
      track.principal = undefined;
    });
  }

  async #identify(inbound: Inbound, passive: boolean): Promise<Principal> {
    const { sessionCookie, tenant } = inbound;
    if (sessionCookie === undefined) return { ...anonymousPrincipal(tenant), session: this.idOf(this.ensure(inbound)) };
    const principal = await this.#recognise(sessionCookie, { tenant, passive });
    if (!isDenial(principal)) return principal;
    this.replace(inbound);
    return { ...anonymousPrincipal(tenant), session: this.idOf(this.ensure(inbound)) };
  }

  async #authenticate(credential: SessionCredential, attempt: Attempt): Promise<Principal | Denial> {
    const parsed = this.#inbounds.get(attempt)?.sessionCookie;
    const cookie = parsed?.value === credential.id ? parsed : this.#parts.cookies.read(credential.id);
    if (cookie === undefined) return sessionExpired();
    const passive = attempt.passive === true || this.#passive.has(attempt);
    return this.#recognise(cookie, { tenant: attempt.tenant, passive });
  }

  #find({ value }: SessionCookie): Promise<Session | undefined> {
    const id = this.idOf(value);
    return this.#parts.store.read((transaction) => this.#parts.sessions.find(transaction, id));
  }

  #hasExpired({ expiresAt, seenAt }: Session): boolean {
    const now = this.#parts.clock.now();
    return now >= expiresAt || now - seenAt >= this.#parts.preset.idle;
  }

  async #recognise(
    cookie: SessionCookie,
    { tenant, passive = false }: { readonly tenant: string; readonly passive?: boolean },
  ): Promise<Principal | Denial> {
    const id = this.idOf(cookie.value);
    const session = await this.#find(cookie);
    if (session === undefined)
      return cookie.lasting ? sessionExpired({ session: id }) : { ...anonymousPrincipal(tenant), session: id };
    const now = this.#parts.clock.now();
    if (session.endedAt !== undefined && now < session.endedAt) {
      return { ...anonymousPrincipal(tenant), session: this.#parts.keyRing.fingerprint(STRANGER, cookie.value) };
    }
    if (session.endedAt !== undefined || this.#hasExpired(session)) return sessionExpired({ session: id });
    if (!passive) this.#touch(session, now);
    return session.tenant === tenant ? principalOf(session) : { ...anonymousPrincipal(tenant), session: id };
  }

  #touch(session: Session, now: number): void {
    const interval = Math.min(TOUCH_INTERVAL, this.#parts.preset.idle / 10);
    if (now - session.seenAt < interval || this.#touching.has(session.id) || this.#touching.size >= MOST_TOUCHES)
      return;
    this.#touching.add(session.id);
    const { store, sessions, report } = this.#parts;
    store
      .write((transaction) => sessions.touch(transaction, session.id, now))
      .catch(report)
      .finally(() => this.#touching.delete(session.id));
  }
}

function credentialOf(attempt: Attempt): string | undefined {
  return attempt.credentials.find((credential) => credential.kind === "session")?.id;
}

function principalOf(session: Session): Principal {
  const { principalType: type, principalId: id, tenant, grants } = session;
  return { type, id, tenant, grants: new Set(grants), session: session.id };
}
