import { stringifySetCookie } from "cookie";
import { z } from "zod";
import type { Inbound } from "../../../../http/inbound.ts";
import { SESSION_COOKIE } from "../../../../http/session-cookie.ts";
import type { SessionScope } from "../../../../http/session-scope.ts";
import type { Clock } from "../../../../kernel/clock.ts";
import { base64url } from "../../../../kernel/codec.ts";
import type { KeyRing } from "../../../../kernel/key-ring.ts";
import { deny, type Denial } from "../../../../kernel/outcome.ts";
import type { AccountKey } from "../../../../kernel/ports/accounts.ts";
import type { DocumentKey, Documents } from "../../../../kernel/ports/documents.ts";
import type { ReadTransaction, WriteTransaction } from "../../../../kernel/ports/store.ts";
import type { Random } from "../../../../kernel/random.ts";
import type { Sealer } from "../../../../kernel/seal.ts";
import type { AssuranceLevel } from "../../../accounts/authentication.ts";
import type { Directory } from "../../../accounts/directory.ts";
import { accountProblems } from "../../../problems.ts";

/** What visits are kept with. */
export interface VisitsParts {
  readonly documents: Documents;
  readonly sealer: Sealer;
  readonly keyRing: KeyRing;
  readonly random: Random;
  readonly clock: Clock;
  readonly directory: Pick<Directory, "find">;
}

/** Somebody at the pages of their account. */
export interface Visit {
  /** What the store knows it by. */
  readonly session: string;
  readonly account: AccountKey;
  /** The account's `changedAt` when it began: when the account moves on, the visit is over. */
  readonly changedAt: number;
  /** Epoch milliseconds at which they last proved who they are. */
  readonly provenAt: number;
  readonly level: AssuranceLevel;
  /** The issuer's name for the sign-on it began with. */
  readonly sid: string | undefined;
}

/** Who has come back from the issuer. */
export interface Arrival {
  readonly identity: { readonly id: string };
  readonly login: {
    readonly sid?: string | undefined;
    /** Epoch seconds. */
    readonly authTime?: number | undefined;
    readonly acr?: string | undefined;
  };
  /** The visit that this browser had until now. */
  readonly before: string | undefined;
}

/** Milliseconds after which somebody has to come in anew, which where they are still signed in takes no more than a moment. */
const LIFETIME = 60 * 60_000;
const SECRET_BYTES = 32;
const KIND = "account-visit";
const NAME = "gatehouse-account";
const SECRET = /^[A-Za-z0-9_-]{43}$/;

const Kept = z.object({
  account: z.string(),
  changedAt: z.number(),
  provenAt: z.number(),
  level: z.enum(["aal1", "aal2"]),
  sid: z.string().optional(),
});

/**
 * Who is at the pages of their account, and how they have proven it. These are sessions beside that of the edge: signing
 * in here neither takes the place of whoever is signed in to another application of the server, nor gives them anything.
 */
export class Visits {
  readonly #parts: VisitsParts;

  constructor(parts: VisitsParts) {
    this.#parts = parts;
  }

  async begin(
    { attempt: { tenant }, transaction }: SessionScope,
    { identity: { id }, login, before }: Arrival,
  ): Promise<{ readonly session: string; readonly credential: string } | Denial> {
    const { directory, random } = this.#parts;
    const account = await directory.find(transaction, { tenant, id });
    if (account?.state !== "active") return deny(accountProblems.SIGN_IN_REFUSED);
    if (before !== undefined) await this.end(transaction, tenant, before);
    const credential = base64url(random.bytes(SECRET_BYTES));
    const session = this.#idOf(credential);
    await this.#put(transaction, {
      ...{ session, account: { tenant, id }, changedAt: account.changedAt, sid: login.sid },
      provenAt: (login.authTime ?? 0) * 1000,
      level: login.acr === "aal2" ? "aal2" : "aal1",
    });
    return { session, credential };
  }

  /** The visit of a session; `undefined` where there is none, or not any more. */
  async find(reading: ReadTransaction, tenant: string, session: string): Promise<Visit | undefined> {
    const key = keyOf(tenant, session);
    const document = await this.#parts.documents.get(reading, key);
    if (document === undefined) return undefined;
    const { account, ...kept } = Kept.parse(JSON.parse(this.#parts.sealer.openStored(document.body, bindingOf(key))));
    return { ...kept, sid: kept.sid, session, account: { tenant, id: account } };
  }

  /** Lets a visit go on although it has itself moved the account on. */
  async renew(writing: WriteTransaction, visit: Visit, changedAt: number): Promise<void> {
    await this.#put(writing, { ...visit, changedAt });
  }

  async end(writing: WriteTransaction, tenant: string, session: string): Promise<void> {
    await this.#parts.documents.delete(writing, keyOf(tenant, session));
  }

  /** What the store knows the visit by that a browser shows. */
  current(inbound: Inbound): string | undefined {
    const credential = inbound.cookies.get(nameOn(inbound)) ?? "";
    return SECRET.test(credential) ? this.#idOf(credential) : undefined;
  }

  /** A field that has a browser keep a credential; without one, forget it. */
  cookie(inbound: Inbound, credential?: string): string {
    return stringifySetCookie({
      ...{ name: nameOn(inbound), value: credential ?? "", path: "/", httpOnly: true, sameSite: "lax" as const },
      secure: inbound.sessionCookieName === SESSION_COOKIE,
      ...(credential === undefined ? { maxAge: 0 } : {}),
    });
  }

  async #put(writing: WriteTransaction, { session, account, ...visit }: Visit): Promise<void> {
    const { documents, sealer, clock } = this.#parts;
    const key = keyOf(account.tenant, session);
    const before = await documents.get(writing, key);
    const body = sealer.seal(JSON.stringify({ ...visit, account: account.id }), bindingOf(key));
    const expiresAt = before?.expiresAt ?? clock.now() + LIFETIME;
    await documents.put(writing, key, { expected: before?.version ?? 0, body, expiresAt });
  }

  #idOf(credential: string): string {
    return this.#parts.keyRing.fingerprint(KIND, credential);
  }
}

/** As with the cookie of the edge's session: its prefix where there is encryption, the port where there is none. */
function nameOn({ sessionCookieName, url: { port } }: Inbound): string {
  return sessionCookieName === SESSION_COOKIE ? `__Host-${NAME}` : `${NAME}-loopback-${port === "" ? "80" : port}`;
}

function keyOf(tenant: string, session: string): DocumentKey {
  return { kind: KIND, tenant, id: session };
}

function bindingOf({ tenant, id }: DocumentKey) {
  return { purpose: KIND, context: [tenant, id] };
}
