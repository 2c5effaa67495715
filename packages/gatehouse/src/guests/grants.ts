import { INVITATION_GRANT, type Principal } from "../kernel/attempt.ts";
import { Memo } from "../kernel/memo.ts";
import type { JoinTokenCaps, JoinTokens, StoredJoinToken } from "../kernel/ports/join-tokens.ts";
import type { MediaGrant, MediaGrants, MediaQuota } from "../kernel/ports/media-grants.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Clock } from "../kernel/clock.ts";

const PREFIX = "join:";
/** Tokens whose generation is kept at hand. */
const REMEMBERED = 20_000;

/** What grants of guests are answered from. */
export interface GuestGrantsParts {
  readonly tokens: JoinTokens;
  readonly store: Pick<Store, "read">;
  readonly clock: Clock;
  /** Percent of what may be brought by a token that one of its guests may bring. */
  readonly share: number;
}

/** The join token of a grant; `undefined` for grants of others. */
export function joinTokenOf(grant: string): string | undefined {
  return grant.startsWith(PREFIX) ? grant.slice(PREFIX.length) : undefined;
}

/** The join tokens by which a principal has come in. */
export function joinTokensOf({ grants }: Pick<Principal, "grants">): readonly string[] {
  return [...grants].flatMap((grant) =>
    grant.startsWith(INVITATION_GRANT) ? [grant.slice(INVITATION_GRANT.length)] : [],
  );
}

/**
 * What guests may do, by the tokens they came in by. `of` asks the store. Generations are answered from memory and
 * asked for anew after `forget`; one that was being read meanwhile is not kept.
 */
export class GuestGrants implements MediaGrants {
  readonly #parts: GuestGrantsParts;
  #generations = new Memo<Standing>(REMEMBERED);
  #forgotten = 0;

  constructor(parts: GuestGrantsParts) {
    this.#parts = parts;
  }

  of: MediaGrants["of"] = async (transaction, { principal, collection }) => {
    let widest: StoredJoinToken | undefined;
    for (const id of joinTokensOf(principal)) {
      const token = await this.#parts.tokens.findGood(transaction, { tenant: principal.tenant, id });
      if (token?.collection !== collection) continue;
      if (widest === undefined || token.scopes.length > widest.scopes.length) widest = token;
    }
    return widest === undefined ? undefined : grantOf(widest, this.#parts.share);
  };

  generation: MediaGrants["generation"] = ({ tenant, id }) => {
    const token = joinTokenOf(id);
    if (token === undefined) return undefined;
    const known = this.#generations.get(`${tenant} ${token}`);
    return known === undefined ? this.#ask(tenant, token) : this.#inForce(known);
  };

  /** Drops what is remembered: something was revoked. */
  forget(): void {
    this.#forgotten += 1;
    this.#generations = new Memo(REMEMBERED);
  }

  async #ask(tenant: string, id: string): Promise<number | undefined> {
    const { store, tokens } = this.#parts;
    const before = this.#forgotten;
    const token = await store.read((reading) => tokens.find(reading, { tenant, id }));
    const standing =
      token?.state === "active" ? { generation: token.generation, expiresAt: token.expiresAt } : NOT_IN_FORCE;
    if (before === this.#forgotten) this.#generations.set(`${tenant} ${id}`, standing);
    return this.#inForce(standing);
  }

  #inForce({ generation, expiresAt }: Standing): number | undefined {
    return expiresAt > this.#parts.clock.now() ? generation : undefined;
  }
}

interface Standing {
  readonly generation: number | undefined;
  readonly expiresAt: number;
}

const NOT_IN_FORCE: Standing = { generation: undefined, expiresAt: 0 };

function grantOf(
  { id, generation, tenant, collection, scopes, caps, expiresAt }: StoredJoinToken,
  share: number,
): MediaGrant {
  return {
    ...{ id: PREFIX + id, generation, tenant, collection, expiresAt },
    scopes: new Set(scopes),
    quota: { files: caps.files, bytes: caps.bytes },
    share: shareOf(caps, share),
  };
}

/** A guest's part: never less than if the token's guests divided it evenly, so that one of a single guest is whole. */
function shareOf({ guests, files, bytes }: JoinTokenCaps, percent: number): MediaQuota {
  const part = Math.max(percent / 100, 1 / guests);
  return { files: Math.max(1, Math.floor(files * part)), bytes: Math.ceil(bytes * part) };
}
