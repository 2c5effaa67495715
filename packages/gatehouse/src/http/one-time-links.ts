import type { Principal } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import { base64url, fromBase64url } from "../kernel/codec.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { DocumentKey, Documents } from "../kernel/ports/documents.ts";
import type { Sessions } from "../kernel/ports/sessions.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import type { Random } from "../kernel/random.ts";
import type { Inbound } from "./inbound.ts";
import type { SessionIdentity, SessionScope } from "./session-scope.ts";
import type { EdgeSessions } from "./edge-sessions.ts";

/** What a one-time link admits to, decided when it is issued. */
export interface OneTimeGrant {
  readonly principalType: "user" | "guest";
  readonly principalId: string;
  readonly grants: readonly string[];
}

/** Links that sign somebody in once. Only a keyed hash of the token is stored. */
export interface OneTimeLinks {
  /** A new token for a purpose (`console`, `guest`), valid for `lifetime` milliseconds. */
  issue(transaction: WriteTransaction, link: OneTimeLink): Promise<string>;
  /** Uses the token up: its grant the first time, `undefined` when it is unknown, used or expired. */
  consume(
    transaction: WriteTransaction,
    token: string,
    place: Pick<OneTimeLink, "purpose" | "tenant">,
  ): Promise<OneTimeGrant | undefined>;
  /**
   * Uses the token up and signs in; `undefined` when it is unknown, used or expired. The browser that used it may do
   * so again within ten seconds, as by a double click: it is the same principal then, in a session in the place of the
   * first, whose cookie may never have arrived.
   */
  enter(scope: SessionScope, entry: OneTimeEntry): Promise<Principal | undefined>;
  /**
   * Whether the link has let in the very session a request comes with, within the last ten seconds. Ask before the
   * action: the second of two clicks carries the security token of before, and is answered as the first one was.
   */
  entered(inbound: Inbound, entry: Pick<OneTimeEntry, "token" | "purpose">): Promise<boolean>;
}

/** What a link is for, and what it gives to who uses it. */
export interface OneTimeLink {
  readonly purpose: string;
  readonly tenant: string;
  readonly grant: OneTimeGrant;
  /** Milliseconds. */
  readonly lifetime: number;
}

/** Signing in with a link. */
export interface OneTimeEntry {
  readonly token: string;
  readonly purpose: string;
  /** Who comes in, asked once for each link. Default: the principal of the grant. */
  readonly identify?: (grant: OneTimeGrant) => SessionIdentity;
}

interface Parts {
  readonly store: Store;
  readonly documents: Documents;
  readonly sessions: Pick<Sessions, "end">;
  readonly edge: { readonly sessions: EdgeSessions };
  readonly keyRing: KeyRing;
  readonly random: Random;
  readonly clock: Clock;
}

/** Who came in by a link just now. */
interface Entry {
  readonly identity: SessionIdentity;
  /** Keyed fingerprint of the credential the browser had before. */
  readonly browser: string;
  readonly session: string;
}

type Place = Pick<OneTimeLink, "purpose" | "tenant">;

const TOKEN_BYTES = 20;
const KIND = "one-time-link";
const ENTRY = "one-time-entry";
/** Milliseconds in which the browser that used a link may repeat it. */
const REPEATABLE = 10_000;

/** One-time links kept as documents: 160-bit tokens, deleted in the transaction that uses them. */
export function createOneTimeLinks(parts: Parts): OneTimeLinks {
  return new StoredLinks(parts);
}

class StoredLinks implements OneTimeLinks {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async issue(transaction: WriteTransaction, link: OneTimeLink): Promise<string> {
    const { documents, random, clock } = this.#parts;
    const token = base64url(random.bytes(TOKEN_BYTES));
    const change = { expected: 0, body: JSON.stringify(link.grant), expiresAt: clock.now() + link.lifetime };
    await documents.put(transaction, this.#key(KIND, token, link), change);
    return token;
  }

  async consume(transaction: WriteTransaction, token: string, place: Place): Promise<OneTimeGrant | undefined> {
    if (!isToken(token)) return undefined;
    const { documents } = this.#parts;
    const key = this.#key(KIND, token, place);
    const document = await documents.get(transaction, key);
    if (document === undefined) return undefined;
    await documents.delete(transaction, key);
    // Only `issue` writes documents of this kind.
    return JSON.parse(document.body) as OneTimeGrant;
  }

  async enter(
    scope: SessionScope,
    { token, purpose, identify = identityOf }: OneTimeEntry,
  ): Promise<Principal | undefined> {
    if (!isToken(token)) return undefined;
    const { attempt, transaction } = scope;
    const { documents, edge, clock } = this.#parts;
    const place = { purpose, tenant: attempt.tenant };
    const browser = this.#browser(scope);
    const key = this.#key(ENTRY, token, place);
    const grant = await this.consume(transaction, token, place);
    if (grant === undefined) return browser === undefined ? undefined : this.#repeat(scope, key, browser);
    const identity = identify(grant);
    const principal = await edge.sessions.login(scope, identity);
    if (browser !== undefined) {
      const body = JSON.stringify({ identity, browser, session: principal.session });
      await documents.put(transaction, key, { expected: 0, body, expiresAt: clock.now() + REPEATABLE });
    }
    return principal;
  }

  async entered(inbound: Inbound, { token, purpose }: Pick<OneTimeEntry, "token" | "purpose">): Promise<boolean> {
    const { session, tenant } = inbound;
    if (session === undefined || !isToken(token)) return false;
    const { store, documents, edge } = this.#parts;
    const key = this.#key(ENTRY, token, { purpose, tenant });
    const document = await store.read((transaction) => documents.get(transaction, key));
    return document !== undefined && entryOf(document.body).session === edge.sessions.idOf(session);
  }

  async #repeat(scope: SessionScope, key: DocumentKey, browser: string): Promise<Principal | undefined> {
    const { transaction } = scope;
    const { documents, sessions, edge } = this.#parts;
    const document = await documents.get(transaction, key);
    if (document?.expiresAt === undefined) return undefined;
    const { version: expected, expiresAt } = document;
    const before = entryOf(document.body);
    if (before.browser !== browser) return undefined;
    await sessions.end(transaction, before.session);
    const principal = await edge.sessions.login(scope, before.identity);
    const body = JSON.stringify({ ...before, session: principal.session });
    await documents.put(transaction, key, { expected, body, expiresAt });
    return principal;
  }

  #key(kind: string, token: string, { purpose, tenant }: Place): DocumentKey {
    return { kind, tenant, id: this.#parts.keyRing.fingerprint(KIND, purpose, tenant, token) };
  }

  #browser({ attempt }: SessionScope): string | undefined {
    const credential = attempt.credentials.find(({ kind }) => kind === "session");
    return credential?.kind === "session" ? this.#parts.keyRing.fingerprint(ENTRY, credential.id) : undefined;
  }
}

function isToken(text: string): boolean {
  return fromBase64url(text)?.byteLength === TOKEN_BYTES;
}

function identityOf({ principalType: type, principalId: id, grants }: OneTimeGrant): SessionIdentity {
  return { type, id, grants };
}

function entryOf(body: string): Entry {
  // Only `enter` writes documents of this kind.
  return JSON.parse(body) as Entry;
}
