import { sessionExpired } from "../guards/session-expired.ts";
import type { Clock } from "../kernel/clock.ts";
import { rememberedFingerprint, type KeyRing } from "../kernel/key-ring.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { Session, Sessions } from "../kernel/ports/sessions.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import { CLOCK_TOLERANCE, type SessionCookie, type SessionCookies } from "./session-cookie.ts";
import type { SessionPreset } from "./session-preset.ts";
import type { SessionIdentity, SessionScope } from "./session-scope.ts";

interface Parts {
  readonly sessions: Sessions;
  readonly cookies: SessionCookies;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly preset: SessionPreset;
}

interface Owner {
  readonly type: Session["principalType"];
  readonly id: string;
  readonly grants: readonly string[];
}

const FINGERPRINT = "session";
/** Visitors whose fingerprint is kept at hand. */
const REMEMBERED = 4096;
const NOBODY: Owner = { type: "anonymous", id: "-", grants: [] };

/** Told of a session that has ended, by what the store knows it by. */
export type SessionEndReceiver = (session: string) => void;

/** How sessions begin and end in the store. */
export class SessionRows {
  readonly #parts: Parts;
  readonly #receivers = new Set<SessionEndReceiver>();
  readonly #fingerprint: (credential: string) => string;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#fingerprint = rememberedFingerprint(parts.keyRing, FINGERPRINT, REMEMBERED);
  }

  /** What the store knows the session of a credential by. */
  idOf(credential: string): string {
    return this.#fingerprint(credential);
  }

  /** Tells, once they are durable, of the ends that this process brings about. Disposing the result ends it. */
  onEnd(receive: SessionEndReceiver): Disposable {
    this.#receivers.add(receive);
    return { [Symbol.dispose]: () => void this.#receivers.delete(receive) };
  }

  /** Makes the row of a visitor's session where there is none, and returns its id. Denies where the session ended. */
  async keep(scope: SessionScope, credential: string): Promise<string | Denial> {
    const id = this.idOf(credential);
    const session = await this.#parts.sessions.find(scope.transaction, id);
    if (session?.endedAt !== undefined) return sessionExpired({ session: id });
    // The row outlives the cookie: without it the cookie would pass for a new visitor's again.
    const expiresAt = this.#forgottenAt(this.#parts.cookies.read(credential));
    if (session === undefined) await this.#create(scope, NOBODY, { id, expiresAt });
    return id;
  }

  /** Makes the row of a session that begins by signing in. */
  begin(scope: SessionScope, identity: SessionIdentity, credential: string): Promise<Session> {
    const expiresAt = this.#parts.clock.now() + this.#parts.preset.absolute;
    return this.#create(scope, identity, { id: this.idOf(credential), expiresAt });
  }

  /**
   * Ends a session. A lasting cookie is worth nothing without its row; that a visitor's has ended is remembered for as
   * long as it could be shown. Such a cookie is refused after `underWay` milliseconds and is a stranger's until then.
   */
  async end({ attempt, transaction }: SessionScope, credential: string, underWay = 0): Promise<void> {
    const { sessions, cookies, clock } = this.#parts;
    const id = this.idOf(credential);
    const cookie = cookies.read(credential);
    if (cookie?.lasting === true) return this.endLasting(transaction, id);
    this.#announceEnd(transaction, id);
    const ended = { id, tenant: attempt.tenant, endedAt: clock.now() + underWay, expiresAt: this.#forgottenAt(cookie) };
    return sessions.markEnded(transaction, ended);
  }

  /** Ends a session whose cookie is worth nothing without its row. */
  endLasting(transaction: WriteTransaction, id: string): Promise<void> {
    this.#announceEnd(transaction, id);
    return this.#parts.sessions.end(transaction, id);
  }

  #announceEnd(transaction: WriteTransaction, id: string): void {
    transaction.afterCommit(() => {
      for (const receive of this.#receivers) receive(id);
    });
  }

  /** From when on no server of the installation accepts a cookie any more, whatever its clock says. */
  #forgottenAt(cookie: SessionCookie | undefined): number {
    const { clock, preset } = this.#parts;
    return (cookie?.issuedAt ?? clock.now()) + preset.absolute + CLOCK_TOLERANCE + 1;
  }

  async #create(
    { attempt, transaction }: SessionScope,
    owner: Owner,
    { id, expiresAt }: Pick<Session, "id" | "expiresAt">,
  ): Promise<Session> {
    const now = this.#parts.clock.now();
    const session: Session = {
      id,
      tenant: attempt.tenant,
      principalType: owner.type,
      principalId: owner.id,
      grants: owner.grants,
      createdAt: now,
      seenAt: now,
      expiresAt,
    };
    await this.#parts.sessions.create(transaction, session);
    return session;
  }
}
