import { errors, type AdapterPayload } from "oidc-provider";
import { StalePreparationError } from "../../kernel/action.ts";
import type { FoundArtifact, OAuthArtifact, OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { GrantEnding } from "../../kernel/ports/oauth-grants.ts";
import { isUseDue } from "../../kernel/ports/oauth-clients.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { ArtifactCodec } from "./artifact-codec.ts";
import { accountOf, aliasOf, grantOf } from "./artifact-relations.ts";
import type { GrantPiece, GrantWitness } from "./grant-witness.ts";
import { recordOfSigned, type SignedToken } from "./jwt-access-token.ts";

/** What one call of the engine works with. */
export interface UnitOfWorkParts {
  readonly codec: ArtifactCodec;
  readonly artifacts: OAuthArtifacts;
  readonly read: Store["read"];
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds in which a refresh token that was used up is answered as the first time. */
  readonly grace: number;
  /** Looks on where grants are used: at the endpoints of the protocol. */
  readonly witness?: GrantWitness | undefined;
  /** The address of whoever calls. */
  readonly visitor?: string | undefined;
}

/** Kinds whose identifiers must never be seen twice. */
const SINGLE_USE: ReadonlySet<string> = new Set(["ReplayDetection"]);

const REFRESH_TOKEN = "RefreshToken";

/** Only endpoints of the protocol end grants on their own account. */
const UNWITNESSED: GrantEnding = { cause: "sign_out", by: "issuer" };

/** What the engine has kept. */
export interface Kept {
  readonly kind: string;
  readonly id: string;
  readonly payload: AdapterPayload;
  /** Seconds. Absent: it does not expire. */
  readonly lifetime?: number | undefined;
}

/** Credentials that a call comes with: which of a client's secrets it is about. */
export interface Presented {
  /** A signature (RFC 7523). */
  readonly assertion?: string | undefined;
  /** What a client names as its secret when it changes its registration (RFC 7592). */
  readonly secret?: string | undefined;
}

/** Who a call has turned out to come from. */
export interface Proven {
  readonly client?: string | undefined;
  readonly account?: string | undefined;
}

/** A step of the transaction besides what the engine keeps; `false` makes the whole of it stale. */
export type FurtherStep = (transaction: WriteTransaction) => Promise<boolean>;

type Change =
  | { readonly what: "put" | "add"; readonly artifact: OAuthArtifact }
  | { readonly what: "consume" | "remove"; readonly key: string }
  | { readonly what: "revoke"; readonly key: string; readonly ending: GrantEnding }
  | { readonly what: "answer"; readonly key: string; readonly answer: string };

/**
 * What one call of the engine reads and changes. It reads committed rows and its own changes; the changes are collected
 * and made in one transaction once the engine has its answer, so that nothing is used up without its successor being
 * there, and no other writer waits while the engine signs. What another call has used up meanwhile makes the whole of
 * it stale: the engine is asked again and finds what happened.
 */
export class UnitOfWork {
  readonly #parts: UnitOfWorkParts;
  readonly #changes: Change[] = [];
  readonly #further = new Map<string, FurtherStep>();
  /** What this call has written, by key; `undefined`: removed. */
  readonly #own = new Map<string, AdapterPayload | undefined>();
  readonly #aliases = new Map<string, string>();
  /** Refresh tokens that were used up a moment ago, with what their bearer was answered. */
  readonly #lost = new Map<string, unknown>();
  /** Whether one of the further steps changes something. */
  #mustCommit = false;
  #used: string | undefined;
  #repeated: unknown;
  /** The identifier of a signed token that this call has come with whole. */
  #signed: string | undefined;
  /** What went wrong in the engine or below it, of which its answer says nothing. */
  failure: unknown;
  presented: Presented = {};
  /** Whom the engine has recognised. */
  proven: Proven = {};

  constructor(parts: UnitOfWorkParts) {
    this.#parts = parts;
  }

  /** The address of whoever calls. */
  get visitor(): string | undefined {
    return this.#parts.visitor;
  }

  get codec(): ArtifactCodec {
    return this.#parts.codec;
  }

  get read(): Store["read"] {
    return this.#parts.read;
  }

  get witness(): GrantWitness | undefined {
    return this.#parts.witness;
  }

  /** Whether there is anything to commit of a call that was refused. */
  get changes(): boolean {
    return this.#changes.length > 0 || this.witness?.pending === true;
  }

  /** Whether there is nothing to commit of a call that succeeds. */
  get readsOnly(): boolean {
    return !this.changes && !this.#mustCommit;
  }

  async find(kind: string, id: string): Promise<AdapterPayload | undefined> {
    const key = this.#keyOf(kind, id);
    if (this.#own.has(key)) return this.#own.get(key);
    const found = await this.#parts.read((reading) => this.#parts.artifacts.find(reading, key));
    return found === undefined ? undefined : this.#payloadOf(kind, found);
  }

  async findByAlias(kind: string, name: string, value: string): Promise<AdapterPayload | undefined> {
    const alias = this.codec.aliasOf(kind, name, value);
    const own = this.#aliases.get(alias);
    if (own !== undefined) return this.#own.get(own);
    const found = await this.#parts.read((reading) => this.#parts.artifacts.findByAlias(reading, kind, alias));
    return found === undefined ? undefined : this.#payloadOf(kind, found);
  }

  put({ kind, id, payload, lifetime }: Kept): void {
    const { codec } = this;
    const key = codec.keyOf(kind, id);
    const alias = aliasOf(codec, kind, payload);
    const expiresAt = lifetime === undefined ? undefined : this.#parts.now() + lifetime * 1000;
    const artifact: OAuthArtifact = {
      ...{ key, tenant: codec.tenant, kind, alias, body: codec.seal(key, payload) },
      grant: grantOf(codec, kind, payload),
      client: payload.clientId,
      account: accountOf(payload),
      expiresAt,
    };
    this.witness?.kept({ kind, key, payload }, expiresAt);
    this.#changes.push({ what: SINGLE_USE.has(kind) ? "add" : "put", artifact });
    this.#own.set(key, payload);
    if (alias !== undefined) this.#aliases.set(alias, key);
  }

  /**
   * Uses something up.
   * @throws {errors.InvalidGrant} when its bearer is answered as the first time: the engine has checked everything by
   * then, and need not go on.
   */
  consume(kind: string, id: string): void {
    const key = this.codec.keyOf(kind, id);
    if (this.#lost.has(key)) {
      this.#repeated = this.#lost.get(key);
      throw new errors.InvalidGrant("refresh token already used");
    }
    this.#changes.push({ what: "consume", key });
    if (kind === REFRESH_TOKEN) this.#used = key;
  }

  remove(kind: string, id: string): void {
    const key = this.#keyOf(kind, id);
    this.#changes.push({ what: "remove", key });
    this.#own.set(key, undefined);
  }

  revokeGrant(id: string): void {
    const key = this.codec.keyOf("Grant", id);
    if (this.#changes.some((change) => change.what === "revoke" && change.key === key)) return;
    const ending = this.witness?.ending(key) ?? UNWITNESSED;
    this.#changes.push({ what: "revoke", key, ending });
    this.#own.set(key, undefined);
  }

  /** Keeps what is to be known of an access token that is a signed text. */
  keepSigned(token: SignedToken): void {
    const payload = recordOfSigned(token, this.#parts.now());
    this.put({ kind: signedKind(token.kind), id: token.jti, payload, lifetime: token.expiration });
  }

  /**
   * Lets the engine find a signed token by its identifier, because this call has come with the token itself and its
   * signature was checked. At any other time the identifier alone, which resource servers know, finds nothing.
   */
  admitSigned(id: string): void {
    this.#signed = id;
  }

  /** Keeps what the bearer of the refresh token that was used up is answered, for whoever asks again because it was lost. */
  keepAnswer(answer: () => unknown): void {
    if (this.#used === undefined) return;
    const sealed = this.codec.seal(answerKey(this.#used), answer());
    this.#changes.push({ what: "answer", key: this.#used, answer: sealed });
  }

  /** Has a step taken in the transaction of a call that succeeds. Of those of one name the first is taken. */
  further(name: string, step: FurtherStep): void {
    this.#mustCommit = true;
    if (!this.#further.has(name)) this.#further.set(name, step);
  }

  /**
   * Notes the use of what the call goes by, which has to hold still where something is changed by that. Where nothing
   * is, a use that was noted a moment ago is not worth a transaction.
   */
  use(name: string, usedAt: number | undefined, step: FurtherStep): void {
    if (!this.#further.has(name)) this.#further.set(name, step);
    if (isUseDue(usedAt, this.#parts.now())) this.#mustCommit = true;
  }

  /** What was answered the first time, where this call came with a refresh token that was used up a moment ago. */
  get repeated(): unknown {
    return this.#repeated;
  }

  /**
   * Makes all changes.
   * @throws {StalePreparationError} when something was used up or revoked meanwhile.
   */
  async commit(transaction: WriteTransaction): Promise<void> {
    for (const step of this.#further.values()) {
      if (!(await step(transaction))) throw new StalePreparationError();
    }
    await this.commitRefused(transaction);
  }

  /** Makes the changes of a call that was refused: what the engine has kept and revoked, and nothing besides. */
  async commitRefused(transaction: WriteTransaction): Promise<void> {
    for (const change of this.#changes) {
      if (!(await this.#make(transaction, change))) throw new StalePreparationError();
    }
    await this.witness?.commit(transaction);
  }

  async #make(transaction: WriteTransaction, change: Change): Promise<boolean> {
    const { artifacts, codec } = this.#parts;
    switch (change.what) {
      case "put":
        return artifacts.put(transaction, change.artifact);
      case "add":
        return artifacts.add(transaction, change.artifact);
      case "consume":
        return artifacts.consume(transaction, change.key);
      case "remove":
        await artifacts.remove(transaction, change.key);
        return true;
      case "revoke":
        await artifacts.revoke(transaction, { tenant: codec.tenant, grant: change.key }, change.ending);
        return true;
      case "answer":
        await artifacts.answer(transaction, change.key, change.answer);
        return true;
    }
  }

  #keyOf(kind: string, id: string): string {
    return this.codec.keyOf(id === this.#signed && SIGNED.has(kind) ? signedKind(kind) : kind, id);
  }

  #payloadOf(kind: string, { key, body, consumedAt, answer }: FoundArtifact): AdapterPayload {
    // What we have sealed ourselves for this very row.
    const payload = this.codec.open(key, body) as AdapterPayload;
    if (consumedAt === undefined) return this.#witnessed({ kind, key, payload });
    const { now, grace } = this.#parts;
    if (kind === REFRESH_TOKEN && answer !== undefined && now() < consumedAt + grace) {
      this.#lost.set(key, this.codec.open(answerKey(key), answer));
      return payload;
    }
    return this.#witnessed({ kind, key, payload: { ...payload, consumed: Math.floor(consumedAt / 1000) } });
  }

  #witnessed(piece: GrantPiece): AdapterPayload {
    this.witness?.found(piece);
    return piece.payload;
  }
}

/** Kinds of tokens that can be signed texts. */
const SIGNED: ReadonlySet<string> = new Set(["AccessToken", "ClientCredentials"]);

function signedKind(kind: string): string {
  return `Signed${kind}`;
}

function answerKey(key: string): string {
  return `answer:${key}`;
}
