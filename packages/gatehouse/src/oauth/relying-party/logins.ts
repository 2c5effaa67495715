import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { DocumentKey, Documents } from "../../kernel/ports/documents.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { SealBinding, Sealer } from "../../kernel/seal.ts";

/** Tokens of a person that an application keeps. */
export const KeptTokens = z.object({
  access: z.string(),
  refresh: z.string().optional(),
  /** Epoch milliseconds. */
  expiresAt: z.number(),
  /** The key that the tokens are bound to (RFC 9449), where they are. */
  key: z
    .object({ publicKey: z.record(z.string(), z.unknown()), privateKey: z.record(z.string(), z.unknown()) })
    .optional(),
});
/** Tokens of a person that an application keeps. */
export type KeptTokens = z.infer<typeof KeptTokens>;

const Login = z.object({
  subject: z.string(),
  /** The issuer's name for the session there. */
  sid: z.string().optional(),
  /** Says at signing out whose session it is to end; good for nothing else. */
  idToken: z.string(),
  /** Epoch seconds at which the person proved who they are, and how strongly, as far as the issuer says. */
  authTime: z.number().optional(),
  acr: z.string().optional(),
  /** Where it was, for its owner: epoch milliseconds, address, kind of program. */
  at: z.number().optional(),
  ip: z.string().optional(),
  agent: z.string().optional(),
  tokens: KeptTokens.optional(),
});
/** What is kept of a sign-in at the issuer beside the session that began with it. */
export type Login = z.infer<typeof Login>;

/** What logins are kept with. */
export interface LoginsParts {
  readonly documents: Documents;
  readonly sealer: Sealer;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** Name of the relying party. */
  readonly name: string;
  /** Milliseconds after which a session has ended whatever happens. */
  readonly lifetime: number;
}

const LOGIN = "oauth-login";
const INDEX = "oauth-login-index";
const Entries = z.array(z.object({ session: z.string(), expiresAt: z.number() }));
type Entries = z.infer<typeof Entries>;

/** Where a login belongs. */
interface Place {
  readonly tenant: string;
  /** What the store knows the session by. */
  readonly session: string;
}

/** Whose logins are meant: those of one session at the issuer, or of a subject. */
export type LoginOwner = { readonly sid: string } | { readonly subject: string };

/** The sign-ins at the issuer that this application's sessions began with, sealed and found by session or by owner. */
export class Logins {
  readonly #parts: LoginsParts;

  constructor(parts: LoginsParts) {
    this.#parts = parts;
  }

  async keep(transaction: WriteTransaction, place: Place, login: Login): Promise<void> {
    const expiresAt = this.#parts.clock.now() + this.#parts.lifetime;
    await this.#write(transaction, this.#key(place), { body: this.#seal(place, login), expiresAt });
    for (const owner of ownersOf(login)) {
      await this.#index(transaction, { tenant: place.tenant, owner }, (entries) => [
        ...entries,
        { session: place.session, expiresAt },
      ]);
    }
  }

  async find(transaction: ReadTransaction, place: Place): Promise<Login | undefined> {
    const document = await this.#parts.documents.get(transaction, this.#key(place));
    return document === undefined ? undefined : this.#open(place, document.body);
  }

  /** Puts other tokens in the place of those of a login; does nothing where it is gone. */
  async replaceTokens(transaction: WriteTransaction, place: Place, tokens: KeptTokens | undefined): Promise<void> {
    const key = this.#key(place);
    const document = await this.#parts.documents.get(transaction, key);
    if (document?.expiresAt === undefined) return;
    const { tokens: _before, ...login } = this.#open(place, document.body);
    const body = this.#seal(place, tokens === undefined ? login : { ...login, tokens });
    await this.#write(transaction, key, { body, expiresAt: document.expiresAt });
  }

  /** Forgets the login of a session and returns it. */
  async end(transaction: WriteTransaction, place: Place): Promise<Login | undefined> {
    const login = await this.find(transaction, place);
    if (login === undefined) return undefined;
    await this.#parts.documents.delete(transaction, this.#key(place));
    for (const owner of ownersOf(login)) {
      await this.#index(transaction, { tenant: place.tenant, owner }, (entries) =>
        entries.filter(({ session }) => session !== place.session),
      );
    }
    return login;
  }

  /** The sessions that began with a sign-in of an owner. */
  async sessionsOf(transaction: ReadTransaction, tenant: string, owner: LoginOwner): Promise<readonly string[]> {
    const document = await this.#parts.documents.get(transaction, this.#indexKey(tenant, owner));
    return document === undefined ? [] : this.#current(document.body).map(({ session }) => session);
  }

  async #index(
    transaction: WriteTransaction,
    { tenant, owner }: { readonly tenant: string; readonly owner: LoginOwner },
    change: (entries: Entries) => Entries,
  ): Promise<void> {
    const key = this.#indexKey(tenant, owner);
    const document = await this.#parts.documents.get(transaction, key);
    const entries = change(document === undefined ? [] : this.#current(document.body));
    if (entries.length === 0) return this.#parts.documents.delete(transaction, key);
    const expiresAt = Math.max(...entries.map((entry) => entry.expiresAt));
    return this.#write(transaction, key, { body: JSON.stringify(entries), expiresAt });
  }

  async #write(
    transaction: WriteTransaction,
    key: DocumentKey,
    change: { readonly body: string; readonly expiresAt: number },
  ): Promise<void> {
    const before = await this.#parts.documents.get(transaction, key);
    const written = await this.#parts.documents.put(transaction, key, { expected: before?.version ?? 0, ...change });
    if (written === undefined) throw new Error(`A document of the kind ${key.kind} changed within a transaction.`);
  }

  #current(body: string): Entries {
    const now = this.#parts.clock.now();
    return Entries.parse(JSON.parse(body)).filter(({ expiresAt }) => expiresAt > now);
  }

  #seal(place: Place, login: Login): string {
    return this.#parts.sealer.seal(JSON.stringify(login), this.#binding(place));
  }

  #open(place: Place, body: string): Login {
    return Login.parse(JSON.parse(this.#parts.sealer.openStored(body, this.#binding(place))));
  }

  #binding({ tenant, session }: Place): SealBinding {
    return { purpose: LOGIN, context: [tenant, this.#parts.name, session] };
  }

  #key({ tenant, session }: Place): DocumentKey {
    return { kind: LOGIN, tenant, id: this.#parts.keyRing.fingerprint(LOGIN, this.#parts.name, session) };
  }

  #indexKey(tenant: string, owner: LoginOwner): DocumentKey {
    const [kind, id] = "sid" in owner ? ["sid", owner.sid] : ["subject", owner.subject];
    return { kind: INDEX, tenant, id: this.#parts.keyRing.fingerprint(INDEX, this.#parts.name, kind, id) };
  }
}

function ownersOf({ subject, sid }: Login): LoginOwner[] {
  return sid === undefined ? [{ subject }] : [{ subject }, { sid }];
}
