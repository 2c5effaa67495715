import { errors, type RefreshToken } from "oidc-provider";
import type { EventContext, EventDefinition } from "../../kernel/event.ts";
import type { GrantEndCause, GrantEnding, GrantUse, OAuthGrants } from "../../kernel/ports/oauth-grants.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { ArtifactCodec } from "../engine/artifact-codec.ts";
import type { GrantPiece, GrantWitness } from "../engine/grant-witness.ts";
import { identityEvents } from "../events.ts";
import { openGrantBody, sealGrantBody, tracesOf, type GrantBody } from "./grant-body.ts";
import { arriveAt, type Place } from "./place.ts";
import { judgeMove, type GrantPolicy, type MoveVerdict } from "./policy.ts";
import type { Requester } from "./requester.ts";

/** What watching one call needs. */
export interface GrantWatchParts {
  readonly codec: ArtifactCodec;
  readonly grants: OAuthGrants;
  readonly read: Store["read"];
  readonly policyOf: (client: string) => GrantPolicy;
  readonly requester: Requester;
  /** The action that is attempted. */
  readonly action: string;
}

/** Something to be told besides what the attempt itself says. */
export interface GrantNote {
  readonly event: EventDefinition;
  readonly context: EventContext;
}

/** A use of a grant in this call. */
interface Use {
  readonly client: string;
  readonly account: string;
  state: GrantUse["state"];
  rotates: boolean;
  expiresAt: number;
}

const CONSENTED: ReadonlySet<string> = new Set(["AuthorizationCode", "DeviceCode"]);
const TOKENS: ReadonlySet<string> = new Set(["AccessToken", "SignedAccessToken", "RefreshToken"]);

/** Notes which grants a call of the engine uses, and from where; refuses uses from where the client's policy does not want them. */
export class GrantWatch implements GrantWitness {
  readonly #parts: GrantWatchParts;
  readonly #uses = new Map<string, Use>();
  readonly #suspended = new Set<string>();
  readonly #clients = new Map<string, string>();
  /** Epoch seconds at which consents expire. */
  readonly #expiries = new Map<string, number>();
  /** Kinds of what was found used up. */
  readonly #usedUp = new Set<string>();
  readonly #notes: GrantNote[] = [];
  #facts: EventContext = {};
  #refusal: GrantNote | undefined;

  constructor(parts: GrantWatchParts) {
    this.#parts = parts;
  }

  /** What the event of the attempt says of grants; tokens are named by keyed hashes. */
  get facts(): EventContext {
    return this.#facts;
  }

  /** What a refused attempt is an instance of, where it is more than that. */
  get refusal(): GrantNote | undefined {
    return this.#refusal;
  }

  /** What is to be told once the changes are durable. */
  get notes(): readonly GrantNote[] {
    return this.#notes;
  }

  get pending(): boolean {
    return this.#suspended.size > 0;
  }

  found({ kind, key, payload }: GrantPiece): void {
    const { grantId, clientId, exp } = payload;
    if (kind === "Grant" && exp !== undefined) this.#expiries.set(key, exp);
    if (payload["consumed"] !== undefined) this.#usedUp.add(kind);
    if (grantId !== undefined && clientId !== undefined) {
      this.#clients.set(this.#parts.codec.keyOf("Grant", grantId), clientId);
    }
  }

  kept(piece: GrantPiece, expiresAt = 0): void {
    this.found(piece);
    const { kind, key, payload } = piece;
    const { grantId, clientId: client, accountId: account } = payload;
    if (grantId === undefined || client === undefined || account === undefined) return;
    if (!CONSENTED.has(kind) && !TOKENS.has(kind)) return;
    const family = this.#parts.codec.keyOf("Grant", grantId);
    const use = this.#uses.get(family) ?? { client, account, state: "pending", rotates: false, expiresAt: 0 };
    use.expiresAt = Math.max(use.expiresAt, expiresAt);
    if (TOKENS.has(kind)) use.state = "active";
    if (kind === "RefreshToken") {
      use.rotates = true;
      this.#facts = { ...this.#facts, issues: key };
    }
    this.#facts = { ...this.#facts, family, client };
    this.#uses.set(family, use);
  }

  /** @throws {errors.CustomOIDCProviderError} `invalid_grant`, where the policy does not want it. */
  async judge({ jti, grantId, clientId, accountId }: RefreshToken): Promise<void> {
    const { codec, grants, read, policyOf, requester } = this.#parts;
    if (grantId === undefined || clientId === undefined || accountId === undefined) return;
    const family = codec.keyOf("Grant", grantId);
    const place = requester.placeFor(accountId);
    this.#facts = { ...this.#facts, replaces: codec.keyOf("RefreshToken", jti), ...mobileOf(place) };
    const { last } = openGrantBody(codec, await read((reading) => grants.find(reading, family)));
    if (last === undefined) return;
    const verdict = judgeMove(last, place, policyOf(clientId));
    if (verdict.decision === "ignore") return;
    const note = {
      event: identityEvents.oauth_grant_moved,
      context: { ...contextOf(family, clientId, verdict), ...mobileOf(place) },
    };
    if (verdict.decision === "alert") {
      this.#notes.push(note);
      return;
    }
    this.#refusal = note;
    if (verdict.decision === "step_up") this.#suspended.add(family);
    throw new errors.CustomOIDCProviderError("invalid_grant", REFUSED[verdict.decision]);
  }

  async mustSignIn(grantId: string, signedInAt: number): Promise<boolean> {
    const { codec, grants, read } = this.#parts;
    const family = codec.keyOf("Grant", grantId);
    const grant = await read((reading) => grants.find(reading, family));
    return grant?.state === "suspended" && signedInAt <= (grant.suspendedAt ?? 0);
  }

  ending(family: string): GrantEnding {
    const client = this.#clients.get(family);
    const cause = this.#causeOfEnd();
    const reused = cause === "token_reused" || cause === "code_reused";
    const context = { family, cause, ...(client === undefined ? {} : { client }) };
    if (reused) this.#refusal = { event: identityEvents.oauth_grant_reused, context };
    else this.#notes.push({ event: identityEvents.oauth_grant_revoked, context });
    return { cause, by: cause === "client" && client !== undefined ? `client:${client}` : "issuer" };
  }

  #causeOfEnd(): GrantEndCause {
    const { action } = this.#parts;
    if (action === "oauth.revoke") return "client";
    if (action === "oauth.logout") return "sign_out";
    return this.#usedUp.has("RefreshToken") ? "token_reused" : "code_reused";
  }

  async commit(transaction: WriteTransaction): Promise<void> {
    for (const family of this.#suspended) await this.#parts.grants.suspend(transaction, family);
    for (const [family, use] of this.#uses) await this.#note(transaction, family, use);
  }

  async #note(transaction: WriteTransaction, key: string, { client, account, ...use }: Use): Promise<void> {
    const { codec, grants, requester, policyOf } = this.#parts;
    const place = requester.placeFor(account);
    const before = openGrantBody(codec, await grants.find(transaction, key));
    const body: GrantBody =
      use.state === "active" ? { ...before, last: arriveAt(place, before.last) } : { ...before, signIn: place };
    const known = use.state === "active" ? before.last : before.signIn;
    const stayed = known !== undefined && known.ip === place.ip && known.device === place.device;
    const traces = stayed ? [] : tracesOf(codec, place, policyOf(client).prefixes);
    const identity = { key, tenant: codec.tenant, client, account };
    const expiresAt = Math.min(use.expiresAt, this.#expiryOf(key));
    await grants.note(transaction, { ...identity, ...use, expiresAt, traces, body: sealGrantBody(codec, key, body) });
  }

  /** Nothing outlives the consent it was issued under. */
  #expiryOf(family: string): number {
    return (this.#expiries.get(family) ?? Number.POSITIVE_INFINITY) * 1000;
  }
}

const REFUSED = {
  step_up: "the token was used from elsewhere: the person has to sign in again",
  deny: "the token may not be used from here",
} as const;

/** By which a rehearsal of a policy knows whom `mobileNetworks` is for. */
function mobileOf({ mobile }: Place): EventContext {
  return mobile ? { mobile } : {};
}

function contextOf(family: string, client: string, { decision, changes }: MoveVerdict): EventContext {
  return { family, client, decision, changes: changes.join(" ") };
}
